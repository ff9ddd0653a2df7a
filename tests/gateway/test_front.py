"""The front dispatches interactions: every address, method, failure and compression as HTTP has them."""

import gzip
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from gateway.http import Services, build_app
from gateway.interactions.table import INTERACTIONS
from gateway.settings import load_settings
from profiles.outcome import OperationOutcomeError

PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Long"}]}
PLACES = {"type": "Patient", "id": "p", "version": "1", "compartment": "Patient"}


@pytest.fixture
def patient(client):
    """A client of an endpoint that holds one Patient."""
    assert client.put("/fhir/Patient/p", json=PATIENT).status_code == 201
    return client


def _address(shape: tuple[str, ...]) -> str:
    names = INTERACTIONS[shape][0]
    parts = (
        literal or PLACES[name.strip("{}")] for literal, name in zip(shape, names, strict=True)
    )
    return "/".join(["/fhir", *parts])


@pytest.mark.parametrize("shape", INTERACTIONS, ids="/".join)
def test_a_method_that_an_address_does_not_serve_is_answered_with_those_that_it_does(
    patient, shape
):
    """405 carries Allow with every method of the address (RFC 9110 15.5.6)."""
    answer = patient.request("TRACE", _address(shape))
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {*INTERACTIONS[shape][1], "OPTIONS"}
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("path", ["/fhir/Patient/p/name/given/x", "/fhir/Patient/p/_search/x/y/z"])
def test_an_address_of_no_interaction_is_not_found(patient, path):
    """404 with an OperationOutcome."""
    answer = patient.get(path)
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")


@pytest.mark.parametrize("path", ["/fhir", "/fhir/Patient", "/fhir/Patient/p", "/fhir/metadata"])
def test_a_slash_at_the_end_of_an_address_changes_nothing(patient, path):
    """Clients join addresses in both ways."""
    with_slash, without = patient.get(f"{path}/"), patient.get(path)
    assert with_slash.status_code == without.status_code == 200
    assert with_slash.json()["resourceType"] == without.json()["resourceType"]


def test_head_answers_as_get_does_without_the_body(patient):
    """Same status and version, no content (RFC 9110 9.3.2)."""
    got, asked = patient.get("/fhir/Patient/p"), patient.head("/fhir/Patient/p")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["etag"] == got.headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("gzip;q=0", False), ("br", False)],
)
def test_a_long_answer_is_compressed_for_who_takes_gzip(patient, accepted, packed):
    """Content-Encoding follows Accept-Encoding, a weight of zero refuses (RFC 9110 12.5.3)."""
    with patient.stream("GET", "/fhir/metadata", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert answer.headers["content-length"] == str(len(raw))
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert (gzip.decompress(raw) if packed else raw).startswith(b'{"resourceType":"Capability')


def test_other_origins_are_refused_unless_a_site_names_them(patient, store):
    """CORS is off by default; a named origin may ask, also before a write (Fetch, 3.2)."""
    asks = {"Origin": "https://ehr.example", "Access-Control-Request-Method": "PUT"}
    assert "access-control-allow-origin" not in patient.get("/fhir/Patient/p", headers=asks).headers
    settings = replace(load_settings({}), cors_origins=("https://ehr.example",))
    services = Services(request_analysis=lambda *_: "", on_created=lambda *_: None)
    named = TestClient(build_app(store, settings, services))
    read = named.get("/fhir/Patient/p", headers=asks)
    assert read.headers["access-control-allow-origin"] == "https://ehr.example"
    assert "ETag" in read.headers["access-control-expose-headers"]
    assert named.options("/fhir/Patient/p", headers=asks).status_code == 200
    other = {**asks, "Origin": "https://elsewhere.example"}
    assert named.options("/fhir/Patient/p", headers=other).status_code == 400


def test_a_bug_of_ours_is_answered_without_what_the_request_held(patient, store, monkeypatch):
    """500 with a reference for the log, and nothing of the request."""

    def broken(*_):
        raise ZeroDivisionError("Doe^Jane")

    monkeypatch.setattr(store, "vread", broken)
    answer = patient.get("/fhir/Patient/p/_history/1")
    assert answer.status_code == 500
    assert "reference" in answer.text
    assert "Doe" not in answer.text


def test_what_is_not_ready_says_when_to_ask_again(patient, store, monkeypatch):
    """503 comes with Retry-After (RFC 9110 10.2.3)."""

    def starting(*_):
        raise OperationOutcomeError("transient", "starting")

    monkeypatch.setattr(store, "vread", starting)
    answer = patient.get("/fhir/Patient/p/_history/1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
