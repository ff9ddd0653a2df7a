"""What a write answers and what it keeps: ids, versions, labels (R4 http.html#create, #update, #delete)."""

import pytest

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "a", "gender": "male"}
TAG = {"system": "https://s", "code": "t"}
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
OUTCOME = {"Prefer": "return=OperationOutcome"}


def _put(client, resource=PATIENT, **headers: str):
    return client.put(f"/fhir/Patient/{PATIENT['id']}", json=resource, headers={**FHIR, **headers})


def test_a_write_says_what_it_has_made_and_where(client):
    """201 then 200, with ETag, Last-Modified, Location of the version and the address of the body."""
    created = client.post("/fhir/Patient", json=PATIENT, headers=FHIR)
    key = created.json()["id"]
    assert key != PATIENT["id"]
    for answer, status, address in (
        (created, 201, f"Patient/{key}/_history/1"),
        (_put(client), 201, "Patient/a/_history/1"),
        (_put(client), 200, "Patient/a/_history/2"),
    ):
        version = address.rpartition("/")[2]
        assert (answer.status_code, answer.headers["etag"]) == (status, f'W/"{version}"')
        assert answer.headers["location"] == f"http://testserver/fhir/{address}"
        assert answer.headers["content-location"] == answer.headers["location"]
        read = client.get(f"/fhir/{address}")
        assert (read.json(), read.headers["etag"]) == (answer.json(), answer.headers["etag"])
        assert read.headers["last-modified"] == answer.headers["last-modified"]
    minimal = _put(client, Prefer="return=minimal")
    assert (minimal.content, "content-location" in minimal.headers) == (b"", False)
    assert minimal.headers["location"].endswith("/_history/3")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"resourceType": "Patient"}, 400),
        ({"resourceType": "Patient", "id": "b"}, 400),
        ({"resourceType": "Patient", "id": "A"}, 400),
        ({"resourceType": "Patient", "id": ""}, 400),
        ({"resourceType": "Patient", "id": None}, 400),
        ({"resourceType": "Patient", "id": 7}, 400),
        ({"resourceType": "Observation", "id": "a"}, 400),
        ({"id": "a"}, 400),
        ([], 400),
        ("", 400),
    ],
)
def test_an_update_names_what_it_updates(client, body, status):
    """The body has the id and the type of the address; anything else stores nothing."""
    assert _put(client, body).status_code == status
    assert client.get("/fhir/Patient/a").status_code == 404


def test_the_versions_and_times_of_a_client_are_replaced(client):
    """Version and time are ours, also on a create; what else is in meta is kept."""
    meta = {"versionId": "77", "lastUpdated": "2001-01-01T00:00:00Z", "tag": [TAG]}
    meta["source"] = "https://source.example"
    meta["profile"] = ["https://profile.example/p"]
    for answer in (
        client.post("/fhir/Patient", json={**PATIENT, "meta": meta}, headers=FHIR),
        _put(client, {**PATIENT, "meta": meta}),
    ):
        kept = answer.json()["meta"]
        assert (kept["versionId"], kept["lastUpdated"][:4] > "2001") == ("1", True)
        for name in ("tag", "source", "profile"):
            assert kept[name] == meta[name]


def test_labels_outlast_an_update_that_leaves_them_out(client):
    """Tags and security labels are merged, profiles replaced; a patch and $meta-delete take away."""
    first = {"tag": [TAG], "security": [LABEL], "profile": ["https://profile.example/p"]}
    _put(client, {**PATIENT, "meta": first})
    kept = _put(client).json()["meta"]
    assert (kept["tag"], kept["security"], "profile" in kept) == ([TAG], [LABEL], False)
    other = {"system": "https://s", "code": "u"}
    again = {**TAG, "display": "shown"}
    both = _put(client, {**PATIENT, "meta": {"tag": [other, again]}}).json()["meta"]
    assert (both["tag"], both["security"]) == ([other, again], [LABEL])
    headers = {"Content-Type": "application/json-patch+json"}
    patch = [{"op": "remove", "path": "/meta/tag/0"}]
    patched = client.patch("/fhir/Patient/a", json=patch, headers=headers).json()["meta"]
    assert patched["tag"] == [again]
    taken = {"name": "meta", "valueMeta": {"tag": [TAG], "security": [LABEL]}}
    parameters = {"resourceType": "Parameters", "parameter": [taken]}
    client.post("/fhir/Patient/a/$meta-delete", json=parameters, headers=FHIR)
    last = _put(client).json()["meta"]
    assert ("tag" in last, "security" in last) == (False, False)
    client.delete("/fhir/Patient/a")
    assert "tag" not in _put(client).json()["meta"]


def test_a_part_does_not_replace_the_whole(client):
    """What is marked SUBSETTED is refused as an update (R4 search.html#summary)."""
    _put(client)
    part = client.get("/fhir/Patient/a?_elements=id").json()
    assert _put(client, part).status_code == 422
    assert client.get("/fhir/Patient/a").json()["gender"] == "male"


def test_a_deletion_answers_as_it_is_preferred(client):
    """204, or 200 with an OperationOutcome; what is not there is deleted already."""
    client.post(
        "/fhir/Observation",
        json={
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "c"},
            "subject": {"reference": "Patient/a"},
        },
        headers=FHIR,
    )
    for prefer, status in (({}, 204), (OUTCOME, 200), ({"Prefer": "return=minimal"}, 204)):
        _put(client)
        answer = client.delete("/fhir/Patient/a", headers=prefer)
        assert (answer.status_code, "etag" in answer.headers) == (status, True)
        nothing = client.delete("/fhir/Patient/a", headers=prefer)
        assert (nothing.status_code, "etag" in nothing.headers) == (status, False)
        never = client.delete("/fhir/Patient/never", headers=prefer)
        assert never.status_code == status
        for one in (answer, nothing, never) if status == 200 else ():
            assert one.json()["resourceType"] == "OperationOutcome"
            assert one.headers["preference-applied"] == "return=OperationOutcome"
    assert client.delete("/fhir/Patient?_id=never", headers=OUTCOME).status_code == 200


def test_an_id_may_be_any_id(client):
    """Names with a meaning elsewhere are ids like others, where R4 lets them be ids."""
    for key in ("metadata", "history", "-", "a.b-C", "0", "x" * 64):
        answer = client.put(f"/fhir/Patient/{key}", json={**PATIENT, "id": key}, headers=FHIR)
        assert answer.status_code == 201
        assert client.get(f"/fhir/Patient/{key}").json()["id"] == key
    for key in ("x" * 65, "a_b", "a%20b", "%C3%A9", "a:b", "a,b", "_history_", "$"):
        assert client.get(f"/fhir/Patient/{key}").status_code in (400, 404)


def test_an_outcome_says_what_is_advised(client):
    """return=OperationOutcome holds the warnings that $validate would give, and no error."""
    category = {"coding": [{"system": "https://s", "code": "unknown"}]}
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "c"}}
    observation["interpretation"] = [category]
    answer = client.post("/fhir/Observation", json=observation, headers={**FHIR, **OUTCOME})
    validated = client.post("/fhir/Observation/$validate", json=observation, headers=FHIR)
    said = answer.json()["issue"]
    assert (answer.status_code, said[0]["diagnostics"]) == (201, "stored")
    assert said[1:]
    assert said[1:] == validated.json()["issue"]


def _told(status: str, what: str) -> dict:
    return {"status": status, "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{what}</div>'}


@pytest.mark.parametrize(
    ("status", "patch", "expected"),
    [
        ("generated", {"gender": "female"}, None),
        ("extensions", {"gender": "female"}, None),
        ("generated", {"gender": None}, None),
        ("generated", {"gender": "female", "text": _told("generated", "female")}, "female"),
        ("generated", {"gender": "male"}, "male"),
        ("generated", {"meta": {"tag": [TAG]}}, "male"),
        ("additional", {"meta": {"tag": [TAG]}}, "male"),
        ("additional", {"gender": "female", "text": _told("additional", "female")}, "female"),
    ],
)
def test_a_patch_leaves_no_narrative_that_tells_something_else(client, status, patch, expected):
    """What was generated from the data goes with them, unless the patch renews it (R4 http.html#patch)."""
    _put(client, {**PATIENT, "text": _told(status, "male")})
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = client.patch("/fhir/Patient/a", json=patch, headers=headers)
    assert answer.status_code == 200
    told = answer.json().get("text", {}).get("div", "")
    assert told == (_told(status, expected)["div"] if expected else "")


def test_a_narrative_that_people_wrote_is_not_left_behind(client):
    """422 for a patch that would leave it beside other data."""
    _put(client, {**PATIENT, "text": _told("additional", "male")})
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = client.patch("/fhir/Patient/a", json={"gender": "female"}, headers=headers)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "business-rule")
    assert client.get("/fhir/Patient/a").json()["gender"] == "male"


SEARCHED = {"reference": "Patient?identifier=https://s|1"}


@pytest.mark.parametrize(
    ("method", "address", "kind", "body"),
    [
        ("POST", "/fhir/Basic", "application/fhir+json", {"subject": SEARCHED}),
        ("PUT", "/fhir/Basic/a", "application/fhir+json", {"id": "a", "subject": SEARCHED}),
        ("PUT", "/fhir/Basic?_id=a", "application/fhir+json", {"id": "a", "author": SEARCHED}),
        (
            "POST",
            "/fhir/Basic",
            "application/fhir+json",
            {"extension": [{"url": "https://e", "valueReference": SEARCHED}]},
        ),
        ("PATCH", "/fhir/Basic/there", "application/merge-patch+json", {"subject": SEARCHED}),
    ],
)
def test_a_search_stands_for_a_reference_in_a_transaction_alone(
    client, method, address, kind, body
):
    """Stored as it is it would lead nowhere (R4 http.html#trules, references.html#literal)."""
    basic = {"resourceType": "Basic", "code": {"text": "a"}}
    assert client.put("/fhir/Basic/there", json={**basic, "id": "there"}).status_code == 201
    sent = body if method == "PATCH" else {**basic, **body}
    answer = client.request(method, address, json=sent, headers={"Content-Type": kind})
    assert answer.status_code == 400
    (issue,) = answer.json()["issue"]
    assert issue["expression"][0].endswith(".reference")
    assert "identifier" not in issue["diagnostics"]
    assert client.get("/fhir/Basic?_summary=count").json()["total"] == 1


def test_a_bundle_is_kept_with_the_searches_in_its_references(client):
    """It is a message, of which nothing is resolved by storing it."""
    basic = {"resourceType": "Basic", "code": {"text": "a"}, "subject": SEARCHED}
    entry = {"resource": basic, "request": {"method": "POST", "url": "Basic"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert client.post("/fhir/Bundle", json=bundle).status_code == 201
