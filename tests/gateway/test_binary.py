"""Binary: content in and out, and the same as JSON (R4 binary.html#rest)."""

import pytest

FHIR = {"Content-Type": "application/fhir+json"}
PNG = {"Content-Type": "image/png"}
JSON = "application/fhir+json"


def _stored(client, headers=PNG, content=b"\x00\x01"):
    assert client.put("/fhir/Binary/b", content=content, headers=headers).status_code == 201


@pytest.mark.parametrize(
    "accept",
    [
        *("", "*/*", "image/*", "image/png", "application/json, image/png", "image/png;q=0.1"),
        "image/avif,image/webp,*/*;q=0.8",
    ],
)
def test_content_is_answered_unless_fhir_is_asked_for(client, accept):
    """As what it holds, with the name that it was given, to GET and HEAD, read and vread."""
    _stored(client)
    for address in ("/fhir/Binary/b", "/fhir/Binary/b/_history/1"):
        answer = client.get(address, headers={"Accept": accept})
        assert (answer.content, answer.headers["content-type"]) == (b"\x00\x01", "image/png")
        assert answer.headers["etag"] == 'W/"1"'
        assert answer.headers["content-length"] == "2"
        head = client.head(address, headers={"Accept": accept})
        assert (head.content, dict(head.headers)) == (b"", dict(answer.headers))


@pytest.mark.parametrize(
    ("accept", "query"),
    [
        (JSON, ""),
        (f"{JSON}; fhirVersion=4.0", ""),
        (f"image/png, {JSON};q=0.5", ""),
        (f"application/fhir+xml, {JSON}", ""),
        ("image/png", "?_format=json"),
        ("*/*", "?_format=application/fhir%2Bjson"),
    ],
)
def test_fhir_is_answered_to_who_asks_for_it(client, accept, query):
    """The Binary as JSON, by Accept and by _format."""
    _stored(client)
    found = client.get(f"/fhir/Binary/b{query}", headers={"Accept": accept})
    assert found.headers["content-type"].startswith(JSON)
    assert (found.json()["contentType"], found.json()["data"]) == ("image/png", "AAE=")


@pytest.mark.parametrize(
    ("accept", "query"),
    [
        ("application/fhir+xml", ""),
        ("text/plain", ""),
        ("application/json", ""),
        ("image/png;q=0", ""),
        ("image/png", "?_format=xml"),
    ],
)
def test_a_type_that_it_has_not_is_not_acceptable(client, accept, query):
    """406 for another type than the content has, and for FHIR in XML."""
    _stored(client)
    answer = client.get(f"/fhir/Binary/b{query}", headers={"Accept": accept})
    assert (answer.status_code, answer.json()["resourceType"]) == (406, "OperationOutcome")


def test_the_security_context_goes_in_and_out(client):
    """X-Security-Context is Binary.securityContext, both ways; what is no reference is refused."""
    _stored(client, {**PNG, "X-Security-Context": "Patient/a"})
    as_json = client.get("/fhir/Binary/b", headers={"Accept": JSON}).json()
    assert as_json["securityContext"] == {"reference": "Patient/a"}
    assert client.get("/fhir/Binary/b").headers["x-security-context"] == "Patient/a"
    bad = {**PNG, "X-Security-Context": "Patient a"}
    assert client.post("/fhir/Binary", content=b"x", headers=bad).status_code == 422


def test_a_binary_comes_and_goes_as_json(client):
    """As JSON in, as content out; content in, as JSON out; conditional reads of both."""
    binary = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "aGk="}
    assert client.put("/fhir/Binary/b", json=binary, headers=FHIR).status_code == 201
    raw = client.get("/fhir/Binary/b")
    assert (raw.text, raw.headers["content-type"]) == ("hi", "text/plain")
    for accept in ("text/plain", JSON):
        again = client.get("/fhir/Binary/b", headers={"Accept": accept, "If-None-Match": 'W/"1"'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", 'W/"1"')
    empty = client.post("/fhir/Binary", content=b"", headers=PNG)
    assert (empty.status_code, "data" in empty.json()) == (201, False)
    address = f"/fhir/Binary/{empty.json()['id']}"
    assert client.get(address).content == b""
    assert client.delete("/fhir/Binary/b").status_code == 204
    assert client.get("/fhir/Binary/b").status_code == 410


def test_what_somebody_sent_does_not_act_in_our_name(client):
    """A page or a picture with a script is opened in a sandbox and never guessed to be something else."""
    _stored(client, {"Content-Type": "text/html; charset=utf-8"}, b"<script>alert(1)</script>")
    answer = client.get("/fhir/Binary/b")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "declared",
    ["\u2603/\u2603", "text/plain\nX-Evil: 1", "nonsense", "a/b/c", "text/plain; \u2603"],
)
def test_a_content_type_that_is_none_is_not_repeated(client, declared):
    """What cannot stand in a header is answered as a stream of bytes, or was never stored."""
    binary = {"resourceType": "Binary", "id": "b", "contentType": declared, "data": "aGk="}
    stored = client.put("/fhir/Binary/b", json=binary, headers=FHIR)
    if stored.status_code == 201:
        answer = client.get("/fhir/Binary/b")
        assert (answer.status_code, answer.content) == (200, b"hi")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "x-evil" not in answer.headers
    else:
        assert stored.status_code in (400, 422)


@pytest.mark.parametrize(
    "data", ["", "A", "====", "=AAA", "AA=A", "aGk", "a G k =", "é", "AAA=AAA="]
)
def test_data_that_is_no_base64_is_no_internal_error(client, data):
    """Refused when it comes, or answered."""
    binary = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": data}
    stored = client.put("/fhir/Binary/b", json=binary, headers=FHIR)
    assert stored.status_code in (201, 400, 422)
    assert client.get("/fhir/Binary/b").status_code in (200, 404, 422)


@pytest.mark.parametrize("content", [b'{"resourceType":"Patient"}', b"[1]", b"{}", b"no json", b""])
def test_plain_json_is_content_unless_it_is_a_binary(client, content):
    """application/json names no FHIR: a document of that type is kept as it is."""
    headers = {"Content-Type": "application/json"}
    _stored(client, headers, content)
    answer = client.get("/fhir/Binary/b")
    assert (answer.content, answer.headers["content-type"]) == (content, "application/json")
    binary = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "aGk="}
    assert client.put("/fhir/Binary/b", json=binary, headers=headers).status_code == 200
    assert client.get("/fhir/Binary/b").text == "hi"
    assert client.put("/fhir/Binary/b", content=content, headers=FHIR).status_code == 400
