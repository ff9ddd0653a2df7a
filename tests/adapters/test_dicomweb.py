"""Fetching a study from a real DICOMweb server, and what can go wrong there."""

import http.server
import threading
from contextlib import contextmanager

import pytest

from adapters.dicom_header import read_header
from adapters.dicomweb import fetch_study
from gateway.ports import free_port
from profiles.outcome import OperationOutcomeError
from tests.make_dicomweb import dicomweb_server
from tests.make_mr import FACTS


@contextmanager
def _answering(status: int, body: bytes = b"", kind: str = "text/plain"):
    """A server that gives one answer to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _refusal(url: str, **options: object) -> str:
    with pytest.raises(OperationOutcomeError) as refused:
        list(fetch_study(url, FACTS.study_uid, **options))
    return refused.value.kind.code


def test_every_instance_of_the_study_comes(files):
    """QIDO lists, WADO delivers: as many files as the server has."""
    with dicomweb_server({FACTS.study_uid: files}) as (url, _):
        fetched = list(fetch_study(url, FACTS.study_uid))
    assert {read_header(f.read_bytes()).sop_uid for f in files} == {
        read_header(part10).sop_uid for part10 in fetched
    }


def test_a_study_larger_than_allowed_is_given_up(files):
    """The sum of the files is bounded."""
    with dicomweb_server({FACTS.study_uid: files}) as (url, _):
        assert _refusal(url, max_bytes=5000) == "too-costly"


def test_unreachable_server_may_be_tried_again():
    """Nobody listens: transient."""
    assert _refusal(f"http://127.0.0.1:{free_port()}") == "transient"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, "forbidden"), (404, "not-found"), (500, "transient"), (400, "not-supported")],
)
def test_each_answer_of_the_server_has_its_meaning(status, kind):
    """Refusals, absence and faults are told apart."""
    with _answering(status) as url:
        assert kind == _refusal(url)


def test_what_is_no_dicomweb_is_an_error():
    """A server that answers a web page is no DICOMweb server."""
    with _answering(200, b"<html></html>", "text/html") as url:
        assert _refusal(url) in ("not-supported", "transient", "invalid")


def test_other_schemes_are_not_followed():
    """file: and the like are refused before anything is opened."""
    assert _refusal("file:///etc") == "value"
