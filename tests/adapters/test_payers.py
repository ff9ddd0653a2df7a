"""The file of payers, waits and circuit breakers."""

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.payer.backoff import LONGEST_S, backoff_s, retry_after_s
from adapters.payer.breaker import CLOSED, HALF_OPEN, OPEN, Breaker
from adapters.payer.client import UNSENT, PayerClient
from adapters.payer.payers import Payer, load_payers
from gateway.ports import free_port
from profiles.outcome import OperationOutcomeError

GOOD: dict[str, Any] = {"name": "a", "address": "https://payer.example/fhir"}
TOKEN = {"url": "https://payer.example/token", "client_id": "us", "key_file": "key.pem"}


def _load(folder: Path, content: Any) -> tuple[Payer, ...]:
    file = folder / "payers.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return load_payers(str(file))


def test_no_file_is_no_payer():
    """Without the setting there is none."""
    assert load_payers("") == ()


def test_a_payer_is_read_with_its_defaults(tmp_path: Path):
    """What is not said is the default; one organization may be a text."""
    (payer,) = _load(tmp_path, [{**GOOD, "organization": "s|1", "token": TOKEN}])
    assert (payer.mode, payer.organization, payer.timeout_s) == ("pas", ("s|1",), 30.0)
    assert payer.token is not None
    assert payer.token.algorithm == "RS384"


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "{}",
        "[1]",
        [{"name": "a"}],
        [{**GOOD, "adress": "x"}],
        [{**GOOD, "address": "http://payer.example/fhir"}],
        [{**GOOD, "address": "https://payer.example/fhir?x=1"}],
        [{**GOOD, "address": "https://user:word@payer.example/fhir"}],
        [{**GOOD, "mode": "fax"}],
        [{**GOOD, "timeout_s": "30"}],
        [{**GOOD, "timeout_s": -1}],
        [{**GOOD, "honours_key": "false"}],
        [{**GOOD, "token": {"url": "https://payer.example/token"}}],
        [{**GOOD, "token": {**TOKEN, "algorithm": "HS256"}}],
        [GOOD, GOOD],
    ],
)
def test_a_file_that_is_not_understood_stops_the_start(tmp_path: Path, content: Any):
    """Whatever is wrong with the file is said with its place, and nothing is guessed."""
    with pytest.raises(OperationOutcomeError):
        _load(tmp_path, content)


def test_certificates_that_are_not_there_stop_the_start():
    """A ca_file that cannot be read is an error, not a connection without verification."""
    with pytest.raises(OperationOutcomeError, match="ca_file"):
        PayerClient(Payer("a", "https://payer.example", ca_file="/none.pem"))


def test_waits_double_and_keep_to_what_the_payer_asks():
    """Half of the wait is chance; Retry-After is the least; nothing is longer than an hour."""
    assert [backoff_s(n, first_s=2, dice=lambda: 1.0) for n in (1, 2, 3)] == [2.0, 4.0, 8.0]
    assert backoff_s(1, first_s=2, dice=lambda: 0.0) == 1.0
    assert backoff_s(1, 60.0, first_s=2) == 60.0
    assert backoff_s(1000, 1e9) <= LONGEST_S


@given(st.text(max_size=40))
def test_any_retry_after_is_a_wait(text: str):
    """Whatever stands in the header is a number of seconds that is not negative."""
    assert retry_after_s(text) >= 0.0


def test_retry_after_is_seconds_or_a_date():
    """Both forms of RFC 9110 10.2.3."""
    now = datetime(2026, 11, 26, 2, 0, 0, tzinfo=UTC)
    assert retry_after_s("120") == 120.0
    assert retry_after_s("Thu, 26 Nov 2026 02:01:00 GMT", now) == 60.0


def test_a_breaker_opens_tries_one_and_closes():
    """Closed → open after failures in a row → half-open for one → closed, or open for twice as long."""
    now, states = [0.0], list[str]()
    breaker = Breaker(states.append, threshold=2, rest_s=10, clock=lambda: now[0])
    for _ in range(2):
        assert breaker.wait_s() == 0.0
        breaker.failed()
    assert breaker.wait_s() == 10.0
    now[0] = 10.0
    assert breaker.wait_s() == 0.0
    assert breaker.wait_s() > 0.0
    breaker.failed()
    now[0] = 29.0
    assert breaker.wait_s() == 1.0
    now[0] = 30.0
    assert breaker.wait_s() == 0.0
    breaker.succeeded()
    assert breaker.wait_s() == 0.0
    assert states == [OPEN, HALF_OPEN, OPEN, HALF_OPEN, CLOSED]


def test_a_payer_that_is_down_got_nothing():
    """Where nobody listens nothing was sent, and that is known."""
    client = PayerClient(Payer("a", f"http://127.0.0.1:{free_port()}/fhir"))
    assert client.exchange("POST", "Claim/$submit", b"{}").kind == UNSENT


@contextmanager
def _tls_server(folder: Path) -> Iterator[int]:
    """Port of a server with a certificate of its own, made by openssl."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext"
    names = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        [*command.split(), "subjectAltName=IP:127.0.0.1", *names], check=True, capture_output=True
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_certificate_of_nobody_is_not_trusted(tmp_path: Path):
    """A server whose certificate no authority has signed gets nothing; its own certificate makes it known."""
    with _tls_server(tmp_path) as port:
        address = f"https://127.0.0.1:{port}/fhir"
        strange = PayerClient(Payer("a", address)).exchange("GET", "metadata")
        known = PayerClient(Payer("a", address, ca_file=str(tmp_path / "cert.pem")))
        assert (strange.kind, strange.status) == (UNSENT, 0)
        assert known.exchange("GET", "metadata").status == 501
