"""Formats and preferences: what is asked for, what is sent, what is answered (R4 http.html#mime-type)."""

import pytest

from gateway.negotiation import accepted, accepts_gzip

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "a", "gender": "male"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
JSON = "application/fhir+json"


def _put(client, resource=PATIENT, query="", **headers: str):
    address = f"/fhir/{resource['resourceType']}/{resource['id']}{query}"
    return client.put(address, json=resource, headers={**FHIR, **headers})


@pytest.mark.parametrize(
    ("accept", "declared"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (BROWSER, JSON),
        ("application/fhir+json", JSON),
        ("APPLICATION/FHIR+JSON", JSON),
        ("application/json", "application/json"),
        ("text/json", "text/json"),
        ("application/json, text/plain, */*", JSON),
        ("application/json;q=0.9, application/fhir+json;q=0.8", "application/json"),
        ("application/fhir+json;q=0, application/json", "application/json"),
        ("application/fhir+xml, application/fhir+json;q=0.1", JSON),
        ("application/fhir+json; fhirVersion=4.0", f"{JSON}; fhirVersion=4.0"),
        ('application/fhir+json;fhirversion="4.0"', f"{JSON}; fhirVersion=4.0"),
        (
            "application/fhir+json;fhirVersion=3.0, application/fhir+json;fhirVersion=4.0",
            f"{JSON}; fhirVersion=4.0",
        ),
        ("application/fhir+json;fhirVersion=3.0, */*;q=0.1", JSON),
        ("application/fhir+json; charset=utf-8", JSON),
        ('text/html;level="1,2", */*', JSON),
        ("*/*;q=many", JSON),
        ("application/fhir+json;q=0.0001, */*;q=0", JSON),
    ],
)
def test_an_acceptable_format_is_served(client, accept, declared):
    """The format that is wanted most, under the name that the client gives it."""
    _put(client)
    answer = client.get("/fhir/Patient/a", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        f"{declared}; charset=utf-8",
    )
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+xml",
        "text/html",
        "application/fhir+json;q=0",
        "application/fhir+json;q=0, application/fhir+xml",
        "*/*;q=0",
        "*/*, application/*;q=0, text/*;q=0",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+json; fhirVersion=5.0",
        "text/turtle, application/xml",
        "nonsense",
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_happens(client, accept):
    """406 with an OperationOutcome on every interaction; nothing is written."""
    _put(client)
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        address = "/fhir/Patient" if method == "POST" else "/fhir/Patient/a"
        kind = "application/merge-patch+json" if method == "PATCH" else JSON
        headers = {"Content-Type": kind, "Accept": accept, "Prefer": "return=OperationOutcome"}
        answer = client.request(method, address, json=PATIENT, headers=headers)
        assert answer.status_code == 406
        assert method == "HEAD" or answer.json()["resourceType"] == "OperationOutcome"
    assert len(client.get("/fhir/_history").json()["entry"]) == 1
    assert client.delete("/fhir/Patient/a", headers={"Accept": accept}).status_code == 204


def test_a_bundle_whose_answer_cannot_be_served_is_not_processed(client):
    """406 before the first entry."""
    entry = {"resource": PATIENT, "request": {"method": "PUT", "url": "Patient/a"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    headers = {**FHIR, "Accept": "application/fhir+xml"}
    assert client.post("/fhir", json=bundle, headers=headers).status_code == 406
    assert client.get("/fhir/Patient/a").status_code == 404


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("json", 200),
        ("application/json", 200),
        ("application/fhir%2Bjson", 200),
        ("application/fhir+json", 200),
        ("application/fhir%2Bjson;%20fhirVersion=4.0", 200),
        ("", 200),
        ("xml", 406),
        ("application/fhir%2Bxml", 406),
        ("html", 406),
        ("ttl", 406),
        ("application/fhir%2Bjson;fhirVersion=3.0", 406),
        ("*/*", 406),
    ],
)
def test_format_wins_over_accept(client, wanted, status):
    """_format is heard where Accept says something else, on reads and on writes."""
    other = {"Accept": "application/fhir+xml" if status == 200 and wanted else JSON}
    assert _put(client, query=f"?_format={wanted}", **other).status_code == (
        201 if status == 200 else 406
    )
    _put(client)
    answer = client.get(f"/fhir/Patient/a?_format={wanted}", headers=other)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, JSON)


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        ("application/fhir+json", 201),
        ("application/fhir+json; charset=UTF-8", 201),
        ('application/fhir+json;charset="utf-8"', 201),
        ("application/fhir+json; fhirVersion=4.0", 201),
        ("application/json", 201),
        ("application/fhir+json; charset=iso-8859-1", 415),
        ("application/fhir+json; charset=utf-16", 415),
        ("application/fhir+json; fhirVersion=3.0", 415),
        ("application/fhir+xml", 415),
        ("application/xml", 415),
        ("text/plain", 415),
        ("application/fhir+jsonx", 415),
        ("json", 415),
        ("", 415),
    ],
)
def test_a_body_is_json_of_r4_in_utf_8(client, declared, status):
    """Everything else is 415, with what would be taken."""
    answer = client.post("/fhir/Patient", json=PATIENT, headers={"Content-Type": declared})
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["issue"][0]["code"] == "not-supported"
        assert "gzip" in answer.headers["accept-encoding"]


def test_two_different_content_types_are_an_error(client):
    """Nobody can know which one is meant (RFC 9110 5.3)."""
    headers = [("Content-Type", JSON), ("Content-Type", "text/plain")]
    answer = client.post("/fhir/Patient", content=b'{"resourceType":"Patient"}', headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("prefer", "kind"),
    [
        ("return=minimal", ""),
        ("Return=minimal", ""),
        ('return="minimal"', ""),
        ("return = minimal", ""),
        ("respond-quickly; return=representation, return=minimal", ""),
        ("return=minimal; note=x, return=representation", ""),
        ("return=OperationOutcome", "OperationOutcome"),
        ("return=representation", "Patient"),
        ("return=everything", "Patient"),
        ("colour=red", "Patient"),
        (",,;=", "Patient"),
    ],
)
def test_preferences_are_read_as_rfc_7240_says(client, prefer, kind):
    """Names in any case, the first of a name counts, what is not known is ignored."""
    answer = _put(client, Prefer=prefer)
    assert answer.status_code == 201
    assert (answer.json()["resourceType"] if answer.content else "") == kind
    applied = answer.headers.get("preference-applied", "")
    assert applied == {"": "return=minimal", "OperationOutcome": "return=OperationOutcome"}.get(
        kind, "return=representation" if prefer == "return=representation" else ""
    )


@pytest.mark.parametrize("header", ['"' + '\\"' * 100_000, '"a' * 99_999, "\\" * 200_000, '"' * 9])
def test_a_malformed_header_is_read_once(header):
    """Quotes that do not end take no longer than they are long."""
    assert len(accepted(header)) <= 2
    assert accepts_gzip(f"{header},gzip") in (True, False)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_strict_handling_refuses_parameters_that_mean_nothing(client, method):
    """400 on reads and writes for who asks for it; ignored otherwise."""
    _put(client)
    address = "/fhir/Patient" if method == "POST" else "/fhir/Patient/a"
    strict = {**FHIR, "Prefer": "handling=strict"}
    refused = client.request(method, f"{address}?colour=red", json=PATIENT, headers=strict)
    assert (refused.status_code, refused.json()["resourceType"]) == (400, "OperationOutcome")
    known = client.request(method, f"{address}?_pretty=true", json=PATIENT, headers=strict)
    assert known.status_code < 300
    assert client.request(method, f"{address}?colour=red", json=PATIENT, headers=FHIR).is_success


def test_a_written_resource_can_be_answered_in_part(client):
    """_summary and _elements shape the answer to a write, _pretty indents it; a bad one refuses it."""
    short = _put(client, query="?_elements=id")
    assert set(short.json()) == {"resourceType", "id", "meta"}
    assert short.json()["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert "gender" in client.get("/fhir/Patient/a").json()
    assert _put(client, query="?_pretty=true").text.startswith('{\n  "resourceType"')
    assert _put(client, query="?_summary=little").status_code == 400
    assert client.get("/fhir/Patient/a").headers["etag"] == 'W/"2"'


def test_a_part_and_an_indented_answer_keep_every_digit(client):
    """1.50 stays 1.50, and what looks like syntax within a text stays there."""
    text = r"a\"{[,:]}\\"
    body = (
        '{"resourceType":"Observation","id":"o","status":"final","code":{"text":"' + text + '"},'
        '"valueQuantity":{"value":1.50}}'
    )
    client.put("/fhir/Observation/o", content=body, headers=FHIR)
    plain = client.get("/fhir/Observation/o")
    pretty = client.get("/fhir/Observation/o?_pretty=true")
    assert '"value": 1.50' in pretty.text
    assert pretty.json() == plain.json()
    assert '"value":1.50' in client.get("/fhir/Observation/o?_elements=value").text
    assert set(client.get("/fhir/Observation/o?_summary=count").json()) == {
        *("resourceType", "id", "meta")
    }


def test_an_answer_is_never_fresh_without_asking(client):
    """Last-Modified alone would let a cache guess how long a record stays as it is (RFC 9111 4.2.2)."""
    _put(client)
    for answer in (
        client.get("/fhir/Patient/a"),
        client.get("/fhir/Patient/a/_history/1"),
        client.get("/fhir/Patient"),
        client.get("/fhir/Patient/b"),
        client.delete("/fhir/Patient/a"),
        client.get("/fhir/Patient/a"),
    ):
        assert answer.headers["cache-control"] == "private, no-cache"


def test_cors_is_off_until_a_site_names_origins(client):
    """No origin is allowed anything by default."""
    _put(client)
    origin = {"Origin": "https://example.org"}
    asked = {**origin, "Access-Control-Request-Method": "GET"}
    for answer in (
        client.get("/fhir/Patient/a", headers=origin),
        client.options("/fhir/Patient/a", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
