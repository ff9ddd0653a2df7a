"""What an entry may ask for besides writing, and how it is answered (R4 http.html#transaction)."""

import base64

import pytest

KINDS = ["batch", "transaction"]


@pytest.fixture
def record(client):
    """A patient with two versions, an observation and a file."""
    for gender in ("male", "female"):
        client.put("/fhir/Patient/a", json={"resourceType": "Patient", "id": "a", "gender": gender})
    observation = {"resourceType": "Observation", "id": "o", "status": "final"}
    observation |= {"code": {"text": "x"}, "subject": {"reference": "Patient/a"}}
    client.put("/fhir/Observation/o", json=observation)
    client.put("/fhir/Patient/gone", json={"resourceType": "Patient", "id": "gone"})
    client.delete("/fhir/Patient/gone")
    client.put("/fhir/Binary/f", content=b"%PDF", headers={"Content-Type": "application/pdf"})


def _ask(method: str, url: str, resource: dict | None = None, **request: str) -> dict:
    made: dict = {"request": {"method": method, "url": url, **request}}
    return made if resource is None else {**made, "resource": resource}


def _binary(kind: str, content: bytes) -> dict:
    data = base64.b64encode(content).decode()
    return {"resourceType": "Binary", "contentType": kind, "data": data}


PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [{"name": "gender", "valueCode": "female"}],
}
ASKED = {
    "Patient/a": "Patient",
    "/Patient/a": "Patient",
    "http://testserver/fhir/Patient/a": "Patient",
    "https://testserver/fhir/Patient/a": "Patient",
    "Patient/a/_history/1": "Patient",
    "Patient/a/_history": "Bundle",
    "Patient/_history": "Bundle",
    "_history?_count=1": "Bundle",
    "Patient?gender=female": "Bundle",
    "?_type=Patient": "Bundle",
    "Patient/a/Observation": "Bundle",
    "Patient/a/*": "Bundle",
    "metadata": "CapabilityStatement",
    "Binary/f": "Binary",
    "Patient/a/$everything": "Bundle",
    "Patient/a/$meta": "Parameters",
    "$meta": "Parameters",
    "Observation/$lastn?patient=Patient/a&category=laboratory": "Bundle",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("url", ASKED)
@pytest.mark.usefixtures("record")
def test_what_can_be_asked_alone_can_be_asked_in_a_bundle(client, send_bundle, kind, url):
    """Reads, versions, histories, searches, compartments, files, capabilities and operations."""
    (answer,) = send_bundle(kind, _ask("GET", url))["entry"]
    assert answer["response"]["status"] == "200 OK"
    assert answer["resource"]["resourceType"] == ASKED[url]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("Patient/_search?gender=female", None),
        ("Patient/_search", PARAMETERS),
        ("Patient/_search", _binary("application/x-www-form-urlencoded", b"gender=female")),
        ("_search?_type=Patient", None),
        ("Patient/a/Observation/_search", None),
    ],
)
@pytest.mark.usefixtures("record")
def test_a_search_by_post_is_an_entry(client, send_bundle, kind, url, resource):
    """Its parameters are in the address, in Parameters or in a form."""
    (answer,) = send_bundle(kind, _ask("POST", url, resource))["entry"]
    assert len(answer["resource"]["entry"]) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("record")
def test_an_operation_by_post_is_an_entry(client, send_bundle, kind):
    """What only computes works in both kinds of Bundle."""
    resource = {"resourceType": "Patient", "gender": "robot"}
    (answer,) = send_bundle(kind, _ask("POST", "Patient/$validate", resource))["entry"]
    assert answer["resource"]["resourceType"] == "OperationOutcome"
    assert answer["response"]["status"] == "200 OK"


@pytest.mark.usefixtures("record")
def test_an_operation_that_writes_is_not_part_of_a_transaction(client, send_bundle):
    """A batch does it, a transaction refuses it and does nothing else either."""
    meta = {"tag": [{"system": "https://t", "code": "x"}]}
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}
    entry = _ask("POST", "Patient/a/$meta-add", parameters)
    create = _ask("POST", "Patient", {"resourceType": "Patient"})
    refused = send_bundle("transaction", create, entry, status=422)
    assert refused["issue"][0]["expression"] == ["Bundle.entry[1].request.url"]
    assert client.get("/fhir/Patient").json()["total"] == 1
    (done,) = send_bundle("batch", entry)["entry"]
    assert done["response"]["status"] == "200 OK"
    assert client.get("/fhir/Patient/a").json()["meta"]["tag"] == meta["tag"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"ifNoneMatch": 'W/"2"'}, "304"),
        ({"ifNoneMatch": 'W/"1", W/"2"'}, "304"),
        ({"ifNoneMatch": "*"}, "304"),
        ({"ifNoneMatch": 'W/"1"'}, "200"),
        ({"ifModifiedSince": "2999-01-01T00:00:00Z"}, "304"),
        ({"ifModifiedSince": "2001-01-01T00:00:00.5+01:00"}, "200"),
    ],
)
@pytest.mark.usefixtures("record")
def test_a_read_may_be_conditional(client, send_bundle, kind, condition, status):
    """A 304 has no resource, but says its version."""
    (answer,) = send_bundle(kind, _ask("GET", "Patient/a", **condition))["entry"]
    assert answer["response"]["status"][:3] == status
    assert answer["response"]["etag"] == 'W/"2"'
    assert ("resource" in answer) == (status == "200")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("record")
def test_a_read_says_what_it_has_read(client, send_bundle, kind):
    """Its address, version and time, of the whole and of a part; HEAD says it without the resource."""
    whole, part, head = send_bundle(
        kind,
        _ask("GET", "Patient/a"),
        _ask("GET", "Patient/a?_elements=id"),
        _ask("HEAD", "Patient/a"),
    )["entry"]
    stored = client.get("/fhir/Patient/a").json()
    assert whole["resource"] == stored
    assert whole["fullUrl"] == "http://testserver/fhir/Patient/a"
    said = {"etag": 'W/"2"', "lastModified": stored["meta"]["lastUpdated"], "status": "200 OK"}
    assert whole["response"] == said
    assert part["response"] == said
    assert "gender" not in part["resource"]
    assert "resource" not in head
    assert head["response"]["etag"] == 'W/"2"'


def test_a_read_in_a_transaction_sees_its_writes(client, send_bundle):
    """Histories and searches too."""
    patient = {"resourceType": "Patient", "id": "a", "gender": "other"}
    found = send_bundle(
        "transaction",
        _ask("GET", "Patient/a"),
        _ask("GET", "Patient?gender=other"),
        _ask("GET", "Patient/a/_history"),
        _ask("GET", "_history"),
        _ask("GET", "Patient/a/$meta"),
        _ask("PUT", "Patient/a", patient),
    )["entry"]
    assert found[0]["resource"]["gender"] == "other"
    assert [one["resource"]["entry"][0]["resource"]["id"] for one in found[1:4]] == ["a"] * 3
    assert found[4]["resource"]["parameter"][0]["valueMeta"]["versionId"] == "1"


@pytest.mark.parametrize(
    ("entry", "status", "place"),
    [
        (_ask("GET", "Patient/a?_format=xml"), 406, "request.url"),
        (_ask("GET", "Patient/a?_summary=much"), 400, "request.url"),
        (_ask("GET", "Patient/a/b/c/d"), 404, "request.url"),
        (_ask("GET", "Patient/gone"), 410, "request.url"),
        (_ask("GET", "Patient/gone/_history/2"), 410, "request.url"),
        (_ask("GET", "Patient/a b"), 400, "request.url"),
        (_ask("GET", "Patient/$nothing"), 404, "request.url"),
        (_ask("POST", "metadata", {"resourceType": "Patient"}), 400, "request.url"),
        (_ask("POST", "", {"resourceType": "Bundle", "type": "batch"}), 400, "request.url"),
        (_ask("GET", "Patient/a", ifModifiedSince="yesterday"), 422, "request.url"),
        (
            _ask("PUT", "Patient/a", {"resourceType": "Patient", "id": "a"}, ifNoneExist="a=b"),
            400,
            "request.ifNoneExist",
        ),
    ],
)
@pytest.mark.usefixtures("record")
def test_what_cannot_be_asked_is_refused_in_its_place(client, send_bundle, entry, status, place):
    """In a batch beside what is done, in a transaction with its place in the Bundle."""
    good = _ask("GET", "Patient/a")
    refused, done = send_bundle("batch", entry, good)["entry"]
    assert refused["response"]["status"][:3] == str(status)
    assert refused["response"]["outcome"]["issue"][0]["severity"] == "error"
    assert done["response"]["status"][:3] == "200"
    answer = send_bundle("transaction", good, entry, status=status)
    assert answer["issue"][0]["expression"] == [f"Bundle.entry[1].{place}"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_preference_holds_for_every_entry(client, send_bundle, kind):
    """Nothing, the resource or an OperationOutcome beside the address of what was written."""
    entry = _ask("PUT", "Patient/a", {"resourceType": "Patient", "id": "a"})
    for wanted, has in (("minimal", ()), ("representation", ("resource", "fullUrl"))):
        (answer,) = send_bundle(kind, entry, Prefer=f"return={wanted}")["entry"]
        assert set(answer) == {"response", *has}
    (answer,) = send_bundle(kind, entry, Prefer="return=OperationOutcome")["entry"]
    assert answer["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert "resource" not in answer
    assert answer["response"]["location"].endswith("/fhir/Patient/a/_history/3")


@pytest.mark.usefixtures("record")
def test_what_an_operation_has_stored_is_named(client, send_bundle):
    """The document that was kept, in a batch."""
    composition = {"resourceType": "Composition", "id": "c", "status": "final", "title": "x"}
    composition |= {"type": {"text": "x"}, "date": "2024", "author": [{"display": "x"}]}
    client.put("/fhir/Composition/c", json=composition)
    entry = _ask("POST", "Composition/c/$document?persist=true")
    (answer,) = send_bundle("batch", entry)["entry"]
    assert answer["response"]["status"][:3] == "200", answer
    assert "/fhir/Bundle/" in answer["response"]["location"]


@pytest.mark.parametrize("kind", KINDS)
def test_strict_handling_holds_for_every_entry(client, send_bundle, kind):
    """A search for what is not known is refused."""
    entry = _ask("GET", "Patient?nothing=1")
    status = 200 if kind == "batch" else 400
    answer = send_bundle(kind, entry, status=status, Prefer="handling=strict")
    if kind == "batch":
        assert answer["entry"][0]["response"]["status"][:3] == "400"


@pytest.mark.parametrize(
    ("bundle", "status", "place"),
    [
        ({"type": "collection"}, 400, "Bundle.type"),
        ({"type": "history"}, 400, "Bundle.type"),
        ({"type": "nothing"}, 422, "Bundle.type"),
        ({}, 400, "Bundle.type"),
        ({"type": "batch", "entry": {}}, 400, "Bundle.entry"),
        ({"type": "batch", "extra": 1}, 400, "Bundle.extra"),
        ({"type": "batch", "total": 1}, 422, "Bundle"),
    ],
)
def test_another_bundle_is_refused_at_the_base(client, bundle, status, place):
    """Of another type, or no Bundle of R4 at all."""
    answer = client.post("/fhir", json={"resourceType": "Bundle", **bundle})
    assert answer.status_code == status
    assert answer.json()["issue"][0]["expression"] == [place]


def test_entries_of_a_batch_do_not_refer_to_each_other(client, send_bundle):
    """Who refers to what another entry creates, or to what a search finds, is refused alone."""
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    made = send_bundle(
        "batch",
        {**_ask("POST", "Patient", {"resourceType": "Patient"}), "fullUrl": "urn:uuid:1"},
        _ask("POST", "Basic", {**basic, "subject": {"reference": "urn:uuid:1"}}),
        _ask("POST", "Basic", {**basic, "subject": {"reference": "Patient?identifier=1"}}),
        _ask("POST", "Basic", {**basic, "subject": {"reference": "Patient/elsewhere"}}),
    )["entry"]
    assert [one["response"]["status"][:3] for one in made] == ["201", "400", "400", "201"]
