"""What only a socket shows: a real gateway, and requests that no client library would send (RFC 9112)."""

import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.make_gateway import GatewayProcess

LIMIT = 1_000_000
BODY = b'{"resourceType":"Patient","gender":"male"}'
FHIR = b"Content-Type: application/fhir+json"
PIECE = b" " * LIMIT


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway that takes bodies of a million bytes."""
    folder: Path = tmp_path_factory.mktemp("wire")
    started = GatewayProcess(folder, light=True, lane_processes=0, max_body_bytes=LIMIT)
    started.start()
    yield started
    started.stop()


def _exchange(gateway: GatewayProcess, pieces: Iterable[bytes]) -> bytes:
    """Send everything, then read until the end."""
    with socket.create_connection(("127.0.0.1", gateway.http_port), timeout=30) as wire:
        for piece in pieces:
            wire.sendall(piece)
        answer = b""
        while found := wire.recv(1 << 16):
            answer += found
    return answer


def _head(start: bytes, *lines: bytes, host: bytes = b"Host: gateway.example") -> bytes:
    given = [start, host, b"Connection: close", *lines]
    return b"\r\n".join(line for line in given if line) + b"\r\n\r\n"


def _chunks(body: Iterable[bytes]) -> Iterator[bytes]:
    for piece in body:
        yield b"%x\r\n" % len(piece) + piece + b"\r\n"
    yield b"0\r\n\r\n"


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def _length(count: int) -> bytes:
    return b"Content-Length: %d" % count


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("coded", [True, False])
def test_a_body_far_beyond_the_limit_is_answered(gateway, chunked, coded):
    """100 million bytes, with and without their length: 413 with an OperationOutcome, no broken pipe."""
    coding = b"Content-Encoding: gzip" if coded else b""
    size = b"Transfer-Encoding: chunked" if chunked else _length(100 * LIMIT)
    body = (PIECE for _ in range(100))
    head = _head(b"POST /fhir/Patient HTTP/1.1", FHIR, coding, size)
    answer = _exchange(gateway, [head, *(_chunks(body) if chunked else body)])
    assert _status(answer) in ((400, 413) if coded else (413,))
    assert b'"OperationOutcome"' in answer


@pytest.mark.parametrize(
    ("start", "declared", "status"),
    [
        (b"POST /fhir/Nothing HTTP/1.1", FHIR, 404),
        (b"POST /nothing HTTP/1.1", FHIR, 404),
        (b"POST /fhir/Patient HTTP/1.1", b"Content-Type: text/plain", 415),
        (b"POST /fhir/Patient/a/_history HTTP/1.1", FHIR, 405),
        (b"PUT /fhir/Patient/a HTTP/1.1", FHIR + b"\r\nAccept: application/fhir+xml", 406),
        (b"PUT /fhir/Patient/a%20b HTTP/1.1", FHIR, 400),
        (b"POST /fhir/Patient HTTP/1.1", FHIR + b"\r\nContent-Encoding: br", 415),
    ],
)
def test_a_request_that_is_refused_without_its_body_is_answered(gateway, start, declared, status):
    """A client that sends everything before it reads learns why it is refused."""
    head = _head(start, declared, _length(50 * LIMIT))
    answer = _exchange(gateway, [head, *(PIECE for _ in range(50))])
    assert (_status(answer), b'"OperationOutcome"' in answer) == (status, True)


def test_who_asks_first_need_not_send(gateway):
    """Expect: 100-continue is answered with the refusal, or with 100 and then with what was done."""
    expect = b"Expect: 100-continue"
    start = b"POST /fhir/Patient HTTP/1.1"
    refused = _exchange(gateway, [_head(start, FHIR, expect, _length(100 * LIMIT))])
    assert _status(refused) == 413
    unknown = b"POST /fhir/Nothing HTTP/1.1"
    assert _status(_exchange(gateway, [_head(unknown, FHIR, expect, _length(10))])) == 404
    taken = _exchange(gateway, [_head(start, FHIR, expect, _length(len(BODY))), BODY])
    assert taken.startswith(b"HTTP/1.1 100")
    assert b"\r\nHTTP/1.1 201" in taken


def test_a_chunked_body_is_a_body(gateway):
    """Without a length, in pieces of any size; broken framing is 400."""
    head = _head(b"POST /fhir/Patient HTTP/1.1", FHIR, b"Transfer-Encoding: chunked")
    pieces = [BODY[:1], BODY[1:20], BODY[20:]]
    assert _status(_exchange(gateway, [head, *_chunks(pieces)])) == 201
    assert _status(_exchange(gateway, [head, b"zz\r\n"])) == 400


def test_requests_that_are_sent_at_once_are_answered_in_order(gateway):
    """Pipelining (RFC 9112 9.3.2)."""
    kept = b"\r\nHost: gateway.example\r\n\r\n"
    answer = _exchange(
        gateway,
        [
            b"GET /livez HTTP/1.1" + kept + b"GET /fhir/Nothing HTTP/1.1" + kept,
            _head(b"GET /fhir/Patient HTTP/1.1"),
        ],
    )
    found = [int(part[1:4]) for part in answer.split(b"HTTP/1.1")[1:]]
    assert found == [200, 404, 200]


@pytest.mark.parametrize(
    "host",
    [
        *(b"", b"Host:", b"Host: [", b"Host: a b", b"Host: a/b?c", b"Host: a:b", b"Host: \xff"),
        *(b"Host: a\r\nHost: a", b"Host: a\r\nHost: b", b"Host: a@b", b"Host: a:1234567"),
    ],
)
def test_a_request_names_one_host(gateway, host):
    """RFC 9112 3.2: none, several and what is none are 400; our links are made of it."""
    head = _head(b"POST /fhir/Patient HTTP/1.1", FHIR, _length(len(BODY)), host=host)
    assert _status(_exchange(gateway, [head, BODY])) == 400


@pytest.mark.parametrize("host", [b"localhost:8080", b"a.example", b"[::1]:80", b"127.0.0.1"])
def test_links_are_made_of_the_host_that_was_asked(gateway, host):
    """Location begins with the address that the client used."""
    head = _head(b"POST /fhir/Patient HTTP/1.1", FHIR, _length(len(BODY)), host=b"Host: " + host)
    answer = _exchange(gateway, [head, BODY])
    assert b"location: http://" + host + b"/fhir/Patient/" in answer


def test_http_1_0_needs_no_host(gateway):
    """The older version had none."""
    answer = _exchange(gateway, [b"GET /fhir/Patient HTTP/1.0\r\n\r\n"])
    assert _status(answer) == 200


@pytest.mark.parametrize(
    "start",
    [
        *(b"GET /fhir/Patient/%zz", b"GET /fhir/Patient/%", b"GET /fhir/Patient/%ff%fe"),
        *(b"GET /fhir/Patient/%00", b"GET /fhir/Patient/\x00", b"GET /fhir/Patient/\xc3\xa9"),
        *(b"GET /fhir/Patient?name=%ff%00", b"GET /fhir/Patient?name=\xc3\xa9", b"GET \\fhir"),
        *(b"GET /fhir/Patient?" + b"a" * 100_000, b"GET /fhir/../fhir/Patient/a", b"CONNECT a:80"),
        *(b"GET http://elsewhere.example/fhir/Patient/a", b"GET //fhir/Patient", b"get /fhir"),
        *(b"FROB /fhir/Patient", b"GET /fhir/Patient/a;b=c", b"GET /fhir/Patient/a#b", b"GET"),
        *(b"GET /fhir/Patient/a/_history/%00", b"PUT /fhir/%F0%9F%98%80/a", b"GET /fhir/%24meta"),
        *(b"DELETE /fhir/Patient?%ff=%00", b"GET /fhir?_type=%ff", b"GET /fhir/_history?_at=%00"),
        *(b"GET /fhir/Patient?_format=%00", b"GET /fhir/Patient?_cursor=%ff", b"GET /static/%00"),
    ],
)
def test_no_target_makes_an_internal_error(gateway, start):
    """Bad percent-encoding, NUL, bytes that are no text, other forms of a target: below 500."""
    assert _status(_exchange(gateway, [_head(start + b" HTTP/1.1")])) < 500


@pytest.mark.parametrize(
    "name",
    [
        *("Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "If-Match", "Prefer"),
        *("If-None-Match", "If-Modified-Since", "If-None-Exist", "X-Security-Context", "Range"),
        *("Content-Length", "Transfer-Encoding", "Expect", "Origin", "Cookie", "Upgrade"),
    ],
)
def test_no_header_makes_an_internal_error(gateway, name):
    """Bytes that are no text, endless, empty and repeated ones, on reads and writes: below 500."""
    line = name.encode() + b": "
    for lines in (
        [line + b"\xff\xfe\xe9"],
        [line],
        [line + b'"' * 999],
        [line + b"a," * 5000],
        [line + b"\xc3\xa9", line + b"a/b; q=x"],
    ):
        for start in (b"GET /fhir/Patient/a", b"POST /fhir/Patient", b"PUT /fhir/Binary/b"):
            own = [FHIR] if name != "Content-Type" else []
            own += (
                [_length(len(BODY))] if name not in ("Content-Length", "Transfer-Encoding") else []
            )
            head = _head(start + b" HTTP/1.1", *own, *lines)
            assert _status(_exchange(gateway, [head, BODY])) < 500


def test_options_of_the_server_itself(gateway):
    """OPTIONS * (RFC 9110 9.3.7)."""
    answer = _exchange(gateway, [_head(b"OPTIONS * HTTP/1.1")])
    assert _status(answer) == 204
    assert b"allow:" in answer
