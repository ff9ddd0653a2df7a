"""Methods and addresses: what is served where, and how it is said (RFC 9110 9, 15.5.6)."""

import pytest

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "a", "gender": "male"}
INSTANCE = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"}
TYPE = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
READ = {"GET", "HEAD", "OPTIONS"}
SEARCH = {"OPTIONS", "POST"}
STATED = ("/fhir", "/fhir/", "/fhir/metadata")

ADDRESSES = (
    ("/fhir", {"GET", "HEAD", "OPTIONS", "POST"}),
    ("/fhir/", {"GET", "HEAD", "OPTIONS", "POST"}),
    ("/fhir/metadata", READ),
    ("/fhir/_history", READ),
    ("/fhir/_search", SEARCH),
    ("/fhir/Patient", TYPE),
    ("/fhir/Patient/", TYPE),
    ("/fhir/Patient/_history", READ),
    ("/fhir/Patient/_search", SEARCH),
    ("/fhir/Patient/a", INSTANCE),
    ("/fhir/Patient/a/", INSTANCE),
    ("/fhir/Patient/a/_history", READ),
    ("/fhir/Patient/a/_history/1", READ),
    ("/fhir/Patient/a/Observation", READ),
    ("/fhir/Patient/a/Observation/_search", SEARCH),
    ("/fhir/Patient/$validate", {"GET", "HEAD", "OPTIONS", "POST"}),
)


@pytest.mark.parametrize(("address", "methods"), ADDRESSES)
def test_every_method_that_is_not_served_is_answered_with_those_that_are(client, address, methods):
    """405 with the whole list in Allow, and OPTIONS with the same."""
    client.put("/fhir/Patient/a", json=PATIENT, headers=FHIR)
    for method in sorted({*TYPE, "TRACE", "LOCK"} - methods):
        answer = client.request(method, address, json=PATIENT, headers=FHIR)
        assert answer.status_code == 405, method
        assert set(answer.headers["allow"].split(", ")) == methods
        assert method == "HEAD" or answer.json()["resourceType"] == "OperationOutcome"
    options = client.options(address)
    assert set(options.headers["allow"].split(", ")) == methods
    if address in STATED:
        assert options.json()["resourceType"] == "CapabilityStatement"
    else:
        assert (options.status_code, options.content) == (204, b"")
        assert "application/json-patch+json" in options.headers["accept-patch"]


@pytest.mark.parametrize(
    "address",
    [
        *(
            "/fhir",
            "/fhir/metadata",
            "/fhir/_history",
            "/fhir/Patient",
            "/fhir/Patient?gender=male",
        ),
        *("/fhir/Patient/_history", "/fhir/Patient/a", "/fhir/Patient/a?_summary=true"),
        *("/fhir/Patient/a/_history", "/fhir/Patient/a/_history/1", "/fhir/Patient/a/Observation"),
        *("/fhir/Patient/none", "/fhir/Patient/a/_history/9", "/fhir/Patient/a/$everything"),
        *("/fhir/Patient/b", "/fhir/Binary/c", "/fhir/Patient?birthdate=x", "/fhir/Nothing/a"),
    ],
)
def test_head_is_get_without_a_body(client, address):
    """The same status and headers, the length among them, compressed or not."""
    client.put("/fhir/Patient/a", json=PATIENT, headers=FHIR)
    client.put("/fhir/Patient/b", json={**PATIENT, "id": "b"}, headers=FHIR)
    client.delete("/fhir/Patient/b")
    binary = {"Content-Type": "text/plain"}
    client.put("/fhir/Binary/c", content=b"text", headers=binary)
    coding = {"Accept-Encoding": "gzip" if address == "/fhir/metadata" else "identity"}
    get, head = client.get(address, headers=coding), client.head(address, headers=coding)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize(
    "address",
    ["/fhir/metadata/", "/fhir/Patient/", "/fhir/Patient/a/", "/fhir/Patient/a/_history/"],
)
def test_a_slash_at_the_end_changes_nothing(client, address):
    """Served as without it, no redirect."""
    client.put("/fhir/Patient/a/", json=PATIENT, headers=FHIR)
    answer = client.get(address, follow_redirects=False)
    assert answer.status_code == 200
    plain = client.get(address[:-1])
    assert answer.json().get("resourceType") == plain.json()["resourceType"]
    assert client.post("/fhir/Patient/", json=PATIENT, headers=FHIR).status_code == 201
    for beyond in ("/fhir/Patient//", "/fhir//Patient", "/fhir/Patient/a//"):
        assert client.get(beyond, follow_redirects=False).status_code in (400, 404)


@pytest.mark.parametrize(
    "address", ["/fhir/patient/a", "/fhir/PATIENT", "/fhir/Foo", "/fhir/Foo/a", "/fhir/Resource/a"]
)
def test_a_type_has_one_spelling(client, address):
    """Addresses are case-sensitive, and abstract types have no resources: 404."""
    for method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
        answer = client.request(method, address, json=PATIENT, headers=FHIR)
        expected = 405 if method == "POST" and address.endswith("/a") else 404
        assert (answer.status_code, answer.json()["resourceType"]) == (expected, "OperationOutcome")
