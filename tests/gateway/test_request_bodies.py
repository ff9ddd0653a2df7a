"""Bodies of requests: compressed, too long, broken off, and patches of every kind (RFC 9110 8.4, 15.5.14)."""

import asyncio
import gzip
import json
import zlib
from dataclasses import replace

import pytest

from gateway.http import Services, build_app
from gateway.settings import load_settings

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "a", "gender": "male"}
BODY = json.dumps(PATIENT).encode()
PACKED = gzip.compress(BODY, mtime=0)
HALF = gzip.compress(BODY[:20]) + gzip.compress(BODY[20:])
BOMB = gzip.compress(b" " * 50_000_000)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        pytest.param("gzip", PACKED, id="gzip"),
        pytest.param("GZIP", PACKED, id="in capitals"),
        pytest.param("x-gzip", PACKED, id="by its old name"),
        pytest.param("gzip", HALF, id="several members"),
        pytest.param("deflate", zlib.compress(BODY), id="deflate"),
        pytest.param("identity", BODY, id="identity"),
        pytest.param("identity, gzip", PACKED, id="identity and gzip"),
        pytest.param("", BODY, id="none"),
    ],
)
def test_a_compressed_body_is_unpacked(client, coding, body):
    """gzip, in several members too, and deflate, on create, update and patch."""
    headers = {**FHIR, "Content-Encoding": coding}
    assert client.put("/fhir/Patient/a", content=body, headers=headers).status_code == 201
    assert client.post("/fhir/Patient", content=body, headers=headers).json()["gender"] == "male"
    merge = {**headers, "Content-Type": "application/merge-patch+json"}
    assert client.patch("/fhir/Patient/a", content=body, headers=merge).status_code == 200


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        pytest.param("br", BODY, 415, id="br"),
        pytest.param("gzip, gzip", gzip.compress(PACKED), 415, id="twice"),
        pytest.param("compress", BODY, 415, id="compress"),
        pytest.param("gzip", BODY, 400, id="not packed"),
        pytest.param("gzip", PACKED[:-6], 400, id="broken off"),
        pytest.param("gzip", PACKED + b"more", 400, id="more behind it"),
        pytest.param("deflate", PACKED, 400, id="the other coding"),
        pytest.param("gzip", b"", 400, id="nothing"),
        pytest.param("gzip", BOMB, 413, id="a bomb"),
        pytest.param("deflate", zlib.compress(b" " * 50_000_000), 413, id="a deflated bomb"),
        pytest.param("gzip", gzip.compress(b"") * 10_000, 413, id="many members"),
    ],
)
def test_what_cannot_be_unpacked_says_so(client, coding, body, status):
    """415 for other codings, 400 for what is broken, 413 for what would be too much."""
    headers = {**FHIR, "Content-Encoding": coding}
    answer = client.post("/fhir/Patient", content=body, headers=headers)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
    if status == 415:
        assert answer.headers["accept-encoding"] == "gzip, deflate"


def test_a_bomb_is_not_unpacked_further_than_allowed():
    """One byte beyond the limit tells that there was more."""
    from gateway.content_coding import Unpacker

    unpacker = Unpacker("gzip", 1000)
    assert len(unpacker.feed(BOMB)) == 1001
    assert unpacker.feed(BOMB) == b""


def _pieces(count):
    for _ in range(count):
        yield b" " * 1000


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_that_is_too_long_is_refused(client, method):
    """413 by its announced length and by its real one, for every kind of body."""
    address = "/fhir/Patient" if method == "POST" else "/fhir/Patient/a"
    for content in (b" " * 100_001, _pieces(200)):
        answer = client.request(method, address, content=content, headers=FHIR)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-costly")
    assert client.post("/fhir", content=_pieces(200), headers=FHIR).status_code == 413


async def _slow(app, begun: bool) -> list[dict]:
    """What an app answers to a create whose body never ends."""
    first = [{"type": "http.request", "body": b'{"resourceType"', "more_body": True}] * begun
    sent: list[dict] = []
    never = asyncio.Event()

    async def receive():
        if not first:
            await never.wait()
        return first.pop()

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"testserver"), (b"content-type", b"application/fhir+json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/fhir/Patient",
        "raw_path": b"/fhir/Patient",
    }
    scope |= {
        "scheme": "http",
        "query_string": b"",
        "headers": headers,
        "server": ("testserver", 80),
    }
    await app({**scope, "http_version": "1.1", "root_path": ""}, receive, send)
    return sent


@pytest.mark.parametrize("begun", [False, True])
def test_a_body_that_hardly_comes_is_given_up(store, begun):
    """408 with an OperationOutcome, whether a part of it has come or nothing (RFC 9110 15.5.9)."""
    settings = replace(load_settings({}), body_timeout_s=0.01)
    app = build_app(store, settings, Services(lambda *_: "", lambda *_: None))
    start, body = asyncio.run(_slow(app, begun))
    assert (start["status"], json.loads(body["body"])["issue"][0]["code"]) == (408, "timeout")


def _parameters(*operations: dict) -> dict:
    return {"resourceType": "Parameters", "parameter": list(operations)}


REPLACE = _parameters(
    {
        "name": "operation",
        "part": [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": "Patient.gender"},
            {"name": "value", "valueCode": "other"},
        ],
    }
)
JSON_PATCH = [{"op": "replace", "path": "/gender", "value": "other"}]
MERGED = {"gender": "other"}


@pytest.mark.parametrize(
    ("declared", "patch", "status"),
    [
        ("application/json-patch+json", JSON_PATCH, 200),
        ("application/json-patch+json; charset=utf-8", JSON_PATCH, 200),
        ("application/merge-patch+json", MERGED, 200),
        ("application/fhir+json", REPLACE, 200),
        ("application/fhir+json; fhirVersion=4.0", REPLACE, 200),
        ("application/json", REPLACE, 200),
        ("application/fhir+json", MERGED, 400),
        ("application/fhir+json", {**PATIENT, "gender": "other"}, 400),
        ("application/json", MERGED, 200),
        ("application/json", {**PATIENT, "gender": "other"}, 400),
        ("application/json", JSON_PATCH, 400),
        ("application/fhir+json", JSON_PATCH, 400),
        ("application/json-patch+json", MERGED, 400),
        ("application/json-patch+json", REPLACE, 400),
        ("application/merge-patch+json", JSON_PATCH, 400),
        ("application/merge-patch+json", REPLACE, 422),
        ("application/xml-patch+xml", JSON_PATCH, 415),
        ("application/fhir+xml", REPLACE, 415),
        ("text/plain", MERGED, 415),
        ("application/json-patch+json; charset=latin1", JSON_PATCH, 415),
        ("application/fhir+json; fhirVersion=3.0", REPLACE, 415),
        ("", JSON_PATCH, 415),
    ],
)
def test_a_patch_is_what_it_is_declared_as(client, declared, patch, status):
    """Each kind of patch under its own media type; a whole resource is none (R4 http.html#patch)."""
    client.put("/fhir/Patient/a", json=PATIENT, headers=FHIR)
    headers = {"Content-Type": declared}
    for address in ("/fhir/Patient/a", "/fhir/Patient?_id=a"):
        answer = client.patch(address, content=json.dumps(patch), headers=headers)
        assert answer.status_code == status
        if status == 415:
            assert "application/json-patch+json" in answer.headers["accept-patch"]
    found = client.get("/fhir/Patient/a").json()
    assert (found["gender"], found["meta"]["versionId"]) == (
        ("other", "3") if status == 200 else ("male", "1")
    )


def test_a_merge_patch_removes_what_is_null(client):
    """RFC 7396: null removes, lists are replaced, the rest stays."""
    client.put("/fhir/Patient/a", json={**PATIENT, "active": True}, headers=FHIR)
    headers = {"Content-Type": "application/merge-patch+json"}
    patch = {"gender": None, "name": [{"text": "x"}]}
    found = client.patch("/fhir/Patient/a", json=patch, headers=headers).json()
    assert "gender" not in found
    assert (found["active"], found["name"]) == (True, [{"text": "x"}])


@pytest.mark.parametrize("url", ["Patient/a", "Patient?_id=a"])
def test_an_entry_patches_with_parameters_or_a_binary_only(client, url):
    """A resource in an entry that patches is no merge patch either (R4 http.html#patch)."""
    client.put("/fhir/Patient/a", json=PATIENT, headers=FHIR)

    def patched(resource):
        entry = {"resource": resource, "request": {"method": "PATCH", "url": url}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        return client.post("/fhir", json=bundle, headers=FHIR).status_code

    assert patched({**PATIENT, "gender": "other"}) == 400
    assert patched(REPLACE) == 200
    assert client.get("/fhir/Patient/a").json()["gender"] == "other"
