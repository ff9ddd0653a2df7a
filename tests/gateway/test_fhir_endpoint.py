"""The FHIR endpoint: interactions, versions, errors, and a CapabilityStatement that is true."""

import pytest

PATIENT = {"resourceType": "Patient", "name": [{"family": "Example"}], "birthDate": "1970-01-01"}
FHIR = {"Content-Type": "application/fhir+json"}


def _create(client, resource=PATIENT, **headers):
    return client.post("/fhir/Patient", json=resource, headers={**FHIR, **headers})


def test_created_resource_is_read_back_as_it_was_sent(client):
    """Create answers 201 with Location and ETag; read gives the same content with id and meta."""
    answer = _create(client)
    assert answer.status_code == 201
    assert answer.headers["etag"] == 'W/"1"'
    read = client.get(f"/fhir/Patient/{answer.json()['id']}").json()
    assert {k: v for k, v in read.items() if k not in ("id", "meta")} == PATIENT


def test_bytes_of_decimals_survive(client):
    """A decimal keeps the precision in which it was sent (R4 datatypes.html#decimal)."""
    body = b'{"resourceType":"Patient","extension":[{"url":"https://example.org/x","valueDecimal":1.10}]}'
    key = client.post("/fhir/Patient", content=body, headers=FHIR).json()["id"]
    assert b"1.10" in client.get(f"/fhir/Patient/{key}").content


def test_update_makes_versions_that_can_all_be_read(client):
    """PUT gives version 2; vread and history show both, the newest first."""
    key = _create(client).json()["id"]
    changed = {**PATIENT, "id": key, "gender": "other"}
    assert client.put(f"/fhir/Patient/{key}", json=changed, headers=FHIR).status_code == 200
    assert "gender" not in client.get(f"/fhir/Patient/{key}/_history/1").json()
    history = client.get(f"/fhir/Patient/{key}/_history").json()
    versions = [entry["resource"]["meta"]["versionId"] for entry in history["entry"]]
    assert versions == ["2", "1"]


def test_update_as_create_takes_the_client_s_id(client):
    """PUT to an id that is not there creates it."""
    resource = {**PATIENT, "id": "abc"}
    assert client.put("/fhir/Patient/abc", json=resource, headers=FHIR).status_code == 201


def test_if_match_protects_from_lost_updates(client):
    """An update of a version that is not current any more is refused with 412."""
    key = _create(client).json()["id"]
    resource = {**PATIENT, "id": key}
    stale = {**FHIR, "If-Match": 'W/"7"'}
    assert client.put(f"/fhir/Patient/{key}", json=resource, headers=stale).status_code == 412


def test_if_none_match_spares_the_body(client):
    """A read with the current ETag answers 304."""
    key = _create(client).json()["id"]
    assert client.get(f"/fhir/Patient/{key}", headers={"If-None-Match": 'W/"1"'}).status_code == 304


@pytest.mark.parametrize("wanted", ["minimal", "OperationOutcome", "representation"])
def test_prefer_return_is_followed(client, wanted):
    """Prefer: return decides what a create answers."""
    answer = _create(client, Prefer=f"return={wanted}")
    kind = answer.json()["resourceType"] if answer.content else ""
    assert {"minimal": "", "OperationOutcome": "OperationOutcome", "representation": "Patient"}[
        wanted
    ] == kind


def test_search_finds_by_token_string_and_date(client):
    """identifier, family and birthdate prefixes find the Patient; another family does not."""
    resource = {**PATIENT, "identifier": [{"system": "https://example.org", "value": "7"}]}
    _create(client, resource)
    for query, total in (
        ("identifier=https://example.org|7", 1),
        ("family=exam", 1),
        ("birthdate=lt1971", 1),
        ("birthdate=gt1971", 0),
        ("family=other", 0),
    ):
        assert total == client.get(f"/fhir/Patient?{query}").json()["total"], query


def test_search_by_post_gives_the_same(client):
    """POST _search with a form answers like GET."""
    _create(client)
    answer = client.post("/fhir/Patient/_search", data={"family": "Example"})
    assert answer.json()["total"] == 1


def test_unknown_parameter_is_said(client):
    """handling=strict refuses it; otherwise the self link shows that it was not used."""
    strict = client.get("/fhir/Patient?colour=red", headers={"Prefer": "handling=strict"})
    assert strict.status_code == 400
    lenient = client.get("/fhir/Patient?colour=red").json()
    assert "colour" not in lenient["link"][0]["url"]


def test_pages_are_linked_until_the_last(client):
    """Following `next` gives every match once."""
    for _ in range(5):
        _create(client)
    seen, url = [], "/fhir/Patient?_count=2"
    while url:
        bundle = client.get(url).json()
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert (len(seen), len(set(seen))) == (5, 5)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/fhir/Patient/none", None, {}, 404),
        ("GET", "/fhir/Unknown/1", None, {}, 404),
        ("GET", "/fhir/Patient/a%20b", None, {}, 400),
        ("GET", "/nothing/here", None, {}, 404),
        ("DELETE", "/fhir/Patient", None, {}, 412),
        ("TRACE", "/fhir/Patient", None, {}, 405),
        ("GET", "/fhir/Patient?birthdate=yesterday", None, {}, 400),
        ("GET", "/fhir/Patient?_count=many", None, {}, 400),
        ("GET", "/fhir/Patient/x", None, {"Accept": "application/fhir+xml"}, 406),
        ("POST", "/fhir/Patient", b"{}", {"Content-Type": "text/plain"}, 415),
        ("POST", "/fhir/Patient", b"not json", FHIR, 400),
        ("POST", "/fhir/Patient", b'{"resourceType":"Patient","id":"a","id":"b"}', FHIR, 400),
        ("POST", "/fhir/Patient", b'{"resourceType":"Observation"}', FHIR, 400),
        ("POST", "/fhir/Patient", b"[" * 5000 + b"]" * 5000, FHIR, 400),
        (
            "POST",
            "/fhir/Patient",
            b'{"resourceType":"Patient","x":' + b"1" * 200_000 + b"}",
            FHIR,
            413,
        ),
        ("POST", "/fhir/Task", b'{"resourceType":"Task"}', FHIR, 400),
        ("POST", "/fhir/ImagingStudy", b'{"resourceType":"ImagingStudy"}', FHIR, 400),
    ],
)
def test_bad_input_gets_an_operation_outcome(client, method, path, body, headers, status):
    """Every error has its own status and an OperationOutcome, and the next request is served."""
    answer = client.request(method, path, content=body, headers=headers)
    assert (status, "OperationOutcome") == (answer.status_code, answer.json()["resourceType"])
    assert client.get("/fhir/metadata").status_code == 200


def test_conditional_create_does_not_double(client):
    """If-None-Exist finds what is there instead of creating it again."""
    resource = {**PATIENT, "identifier": [{"system": "https://example.org", "value": "9"}]}
    condition = {"If-None-Exist": "identifier=https://example.org|9"}
    first = client.post("/fhir/Patient", json=resource, headers={**FHIR, **condition})
    second = client.post("/fhir/Patient", json=resource, headers={**FHIR, **condition})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
