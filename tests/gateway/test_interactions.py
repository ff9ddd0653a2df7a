"""Single interactions beyond create and read: update, patch, delete, history, conditions, formats."""

import pytest

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "a", "gender": "male"}


def _put(client, resource: dict, **headers: str):
    address = f"/fhir/{resource['resourceType']}/{resource['id']}"
    return client.put(address, json=resource, headers={**FHIR, **headers})


def test_an_update_creates_then_changes_then_brings_back(client):
    """201, 200, and after a deletion 201 again with the version that follows."""
    assert [_put(client, PATIENT).status_code, _put(client, PATIENT).status_code] == [201, 200]
    assert client.delete("/fhir/Patient/a").status_code == 204
    assert client.get("/fhir/Patient/a").status_code == 410
    again = _put(client, PATIENT)
    assert (again.status_code, again.headers["etag"]) == (201, 'W/"4"')


def test_one_of_two_writers_wins(client):
    """If-Match on a version that is no longer current is 412, on update, patch and delete."""
    _put(client, PATIENT)
    _put(client, {**PATIENT, "gender": "female"}, **{"If-Match": 'W/"1"'})
    late = {"If-Match": 'W/"1"'}
    patch = [{"op": "replace", "path": "/gender", "value": "other"}]
    kind = {"Content-Type": "application/json-patch+json"}
    assert _put(client, PATIENT, **late).status_code == 412
    assert client.patch("/fhir/Patient/a", json=patch, headers={**kind, **late}).status_code == 412
    assert client.delete("/fhir/Patient/a", headers=late).status_code == 412
    assert client.get("/fhir/Patient/a").json()["gender"] == "female"


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ([{"op": "add", "path": "/birthDate", "value": "1990-01-01"}], 200),
        ([{"op": "test", "path": "/gender", "value": "female"}], 422),
        ([{"op": "replace", "path": "/nothing", "value": 1}], 422),
        ([{"op": "replace", "path": "/gender", "value": "robot"}], 422),
        ([{"op": "replace", "path": "/id", "value": "b"}], 422),
        ([{"op": "explode", "path": "/id"}], 400),
    ],
)
def test_a_json_patch_applies_whole_or_not_at_all(client, operations, status):
    """The result is checked like any resource; a refused patch leaves the first version."""
    _put(client, PATIENT)
    headers = {"Content-Type": "application/json-patch+json"}
    assert client.patch("/fhir/Patient/a", json=operations, headers=headers).status_code == status
    versions = client.get("/fhir/Patient/a/_history").json()["total"]
    assert versions == (2 if status == 200 else 1)


def test_conditional_update_patch_and_delete_need_one_match(client):
    """None creates or refuses, one is changed, several refuse."""
    named = {"resourceType": "Patient", "identifier": [{"system": "https://s", "value": "1"}]}
    address = "/fhir/Patient?identifier=https://s|1"
    patch = [{"op": "add", "path": "/active", "value": True}]
    kind = {"Content-Type": "application/json-patch+json"}
    assert client.patch(address, json=patch, headers=kind).status_code == 404
    assert client.put(address, json=named, headers=FHIR).status_code == 201
    assert client.put(address, json={**named, "gender": "male"}, headers=FHIR).status_code == 200
    assert client.patch(address, json=patch, headers=kind).json()["active"] is True
    client.post("/fhir/Patient", json=named, headers=FHIR)
    assert client.put(address, json=named, headers=FHIR).status_code == 412
    assert client.delete(address).status_code == 412
    assert client.delete("/fhir/Patient?colour=red").status_code == 412


def test_history_lists_every_version_of_everything(client):
    """Instance, type and system, the newest first, paged, with what made each version."""
    _put(client, PATIENT)
    _put(client, {**PATIENT, "gender": "female"})
    client.delete("/fhir/Patient/a")
    _put(client, {"resourceType": "Group", "id": "g", "type": "person", "actual": False})
    instance = client.get("/fhir/Patient/a/_history").json()
    methods = [entry["request"]["method"] for entry in instance["entry"]]
    assert methods == ["DELETE", "PUT", "PUT"]
    assert len(client.get("/fhir/Patient/_history").json()["entry"]) == 3
    seen, address = [], "/fhir/_history?_count=2"
    while address:
        page = client.get(address).json()
        seen += [entry["response"]["etag"] for entry in page["entry"]]
        address = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    assert len(seen) == 4
    assert "entry" not in client.get("/fhir/_history?_since=2999-01-01").json()


def test_conditional_reads_save_the_body(client):
    """If-None-Match and If-Modified-Since answer 304."""
    first = _put(client, PATIENT)
    tagged = client.get("/fhir/Patient/a", headers={"If-None-Match": first.headers["etag"]})
    dated = client.get(
        "/fhir/Patient/a", headers={"If-Modified-Since": first.headers["last-modified"]}
    )
    assert (tagged.status_code, dated.status_code, tagged.content) == (304, 304, b"")


def test_head_is_get_without_the_body(client):
    """The same status and tags, nothing after them."""
    _put(client, PATIENT)
    answer = client.head("/fhir/Patient/a")
    assert (answer.status_code, answer.headers["etag"], answer.content) == (200, 'W/"1"', b"")


def test_a_binary_goes_in_and_out_as_what_it_holds(client):
    """Raw in, raw out for who asks for it, JSON for who speaks FHIR."""
    made = client.post("/fhir/Binary", content=b"\x00\x01", headers={"Content-Type": "image/png"})
    address = f"/fhir/Binary/{made.json()['id']}"
    raw = client.get(address, headers={"Accept": "image/png"})
    assert (raw.content, raw.headers["content-type"]) == (b"\x00\x01", "image/png")
    as_json = client.get(address, headers={"Accept": "application/fhir+json"}).json()
    assert (as_json["contentType"], as_json["data"]) == ("image/png", "AAE=")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("_summary=true", {"resourceType", "id", "meta", "gender"}),
        ("_summary=data", {"resourceType", "id", "meta", "gender", "maritalStatus"}),
        ("_summary=text", {"resourceType", "id", "meta", "text"}),
        ("_elements=gender", {"resourceType", "id", "meta", "gender"}),
    ],
)
def test_a_part_says_that_it_is_one(client, query, kept):
    """_summary and _elements, by read and by search, marked SUBSETTED."""
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'}
    _put(client, {**PATIENT, "text": text, "maritalStatus": {"text": "married"}})
    for found in (
        client.get(f"/fhir/Patient/a?{query}").json(),
        client.get(f"/fhir/Patient?{query}").json()["entry"][0]["resource"],
    ):
        assert set(found) == kept
        assert found["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_searches_of_compartments_and_of_everything(client):
    """Patient compartment by type and by *, system search by _type, POST _search."""
    _put(client, PATIENT)
    condition = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/a"}}
    _put(client, condition)
    assert client.get("/fhir/Patient/a/Condition").json()["total"] == 1
    assert client.get("/fhir/Patient/b/Condition").json()["total"] == 0
    assert client.get("/fhir/Patient/a/Device").status_code == 404
    kinds = {e["resource"]["resourceType"] for e in client.get("/fhir/Patient/a/*").json()["entry"]}
    assert "Condition" in kinds
    assert client.get("/fhir?_type=Patient,Condition").json()["total"] == 2
    form = client.post("/fhir/Patient/_search", data={"gender": "male"})
    assert form.json()["total"] == 1


def test_a_forged_page_link_is_refused(client):
    """Cursors carry a signature."""
    assert client.get("/fhir/Patient?_cursor=AAAA").status_code == 400


def test_an_ai_result_is_changed_by_its_review_alone(client, store):
    """What carries the label of an AI cannot be updated, patched, tagged or deleted past $decide."""
    label = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "code": "AIAST",
    }
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "preliminary",
        "code": {"text": "x"},
        "meta": {"security": [label]},
    }
    store.transact(lambda tx: tx.put(report))
    assert _put(client, {**report, "status": "final"}).status_code == 403
    assert client.delete("/fhir/DiagnosticReport/r").status_code == 403
    tags = {
        "resourceType": "Parameters",
        "parameter": [{"name": "meta", "valueMeta": {"tag": [label]}}],
    }
    answer = client.post("/fhir/DiagnosticReport/r/$meta-delete", json=tags, headers=FHIR)
    assert answer.status_code == 403


def _operation(kind: str, path: str, **parts) -> dict:
    given = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    return {
        "name": "operation",
        "part": [*given, *({"name": name, **value} for name, value in parts.items())],
    }


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        (
            [
                _operation(
                    "add", "Patient", name={"valueString": "active"}, value={"valueBoolean": True}
                )
            ],
            200,
        ),
        ([_operation("replace", "Patient.gender", value={"valueCode": "other"})], 200),
        ([_operation("delete", "Patient.gender")], 200),
        ([_operation("delete", "Patient.photo")], 200),
        ([_operation("replace", "Patient.photo", value={"valueString": "x"})], 422),
        ([_operation("replace", "Patient.gender", value={"valueBoolean": True})], 422),
        ([_operation("replace", "Patient.gender", value={"valueCode": "robot"})], 422),
        ([_operation("delete", "Patient.gender"), _operation("delete", "Patient.name")], 422),
        ([_operation("delete", "Patient.id")], 422),
        ([_operation("explode", "Patient.gender")], 400),
        ([_operation("delete", "Patient.(")], 400),
    ],
)
def test_a_fhirpath_patch_applies_whole_or_not_at_all(client, operations, status):
    """A path, index or type that does not fit is 422, a malformed operation 400; nothing changes then."""
    _put(client, {**PATIENT, "name": [{"text": "x"}, {"text": "y"}]})
    before = client.get("/fhir/Patient/a")
    patch = {"resourceType": "Parameters", "parameter": operations}
    answer = client.patch("/fhir/Patient/a", json=patch, headers=FHIR)
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["resourceType"] == "OperationOutcome"
        after = client.get("/fhir/Patient/a")
        assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


def test_a_patch_keeps_the_digits_of_a_decimal(client):
    """Both kinds of patch leave a number as it was written, and store one as it is given."""
    observation = (
        '{"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "c"},'
        ' "valueQuantity": {"value": 1.50}}'
    )
    client.put("/fhir/Observation/o", content=observation, headers=FHIR)
    kind = {"Content-Type": "application/json-patch+json"}
    patch = '[{"op": "test", "path": "/valueQuantity/value", "value": 1.5},'
    patch += '{"op": "add", "path": "/referenceRange", "value": [{"low": {"value": 1.00}}]}]'
    client.patch("/fhir/Observation/o", content=patch, headers=kind)
    path = {"resourceType": "Parameters", "parameter": [_operation("delete", "Observation.photo")]}
    client.patch("/fhir/Observation/o", json=path, headers=FHIR)
    text = client.get("/fhir/Observation/o").text.replace(" ", "")
    assert '"value":1.50' in text
    assert '"value":1.00' in text
