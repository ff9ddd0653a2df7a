"""The content of an attachment on another server: taken once, as it is, within limits."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.documents.download import download
from profiles.outcome import OperationOutcomeError


class _Server(BaseHTTPRequestHandler):
    def do_GET(self):
        status = int(self.path.strip("/") or 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.end_headers()
        self.wfile.write(b"Pain" * 100)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    """A server that answers with the status that its path names."""
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def test_content_is_taken_as_it_is(server):
    """What 200 answers with."""
    assert download(f"{server}/200") == b"Pain" * 100


@pytest.mark.parametrize(
    ("path", "limits", "kind"),
    [
        ("302", {}, "not-found"),
        ("404", {}, "not-found"),
        ("500", {}, "transient"),
        ("429", {}, "transient"),
        ("200", {"max_bytes": 399}, "too-costly"),
        ("200", {"timeout_s": 0.0}, "transient"),
    ],
)
def test_anything_else_is_an_error_of_its_kind(server, path, limits, kind):
    """A redirect is not followed; a server that fails or is slow is asked again later."""
    with pytest.raises(OperationOutcomeError) as raised:
        download(f"{server}/{path}", **limits)
    assert raised.value.kind_name == kind


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://[", "http://"])
def test_nobody_there_is_transient(address):
    """No server, or an address that is none."""
    with pytest.raises(OperationOutcomeError) as raised:
        download(address)
    assert raised.value.kind_name == "transient"
