"""Conditional create, update, patch and delete (R4 http.html#ccreate, #cond-update)."""

import pytest

FHIR = {"Content-Type": "application/fhir+json"}
MERGE = {"Content-Type": "application/merge-patch+json"}
NAMED = {"resourceType": "Patient", "identifier": [{"system": "https://s", "value": "1"}]}
WHERE = "/fhir/Patient?identifier=https://s|1"


def _create(client, condition, resource=NAMED):
    headers = {**FHIR, "If-None-Exist": condition}
    return client.post(f"/fhir/{resource['resourceType']}", json=resource, headers=headers)


@pytest.mark.parametrize(
    "condition",
    [
        "identifier=https://s|1",
        "identifier=https%3A%2F%2Fs%7C1",
        "?identifier=https://s|1",
        "Patient?identifier=https://s|1",
        "/Patient?identifier=https://s|1",
        "http://testserver/fhir/Patient?identifier=https://s|1",
        "identifier=https://s|1&_format=json&_summary=true&_count=0",
    ],
)
def test_a_condition_may_come_with_its_address(client, condition):
    """The parameters alone are what R4 wants; the same search written out means the same."""
    first, second = _create(client, condition), _create(client, condition)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.headers["location"] == first.headers["location"]
    assert second.json() == first.json()


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("", 412),
        ("?", 412),
        ("Patient", 412),
        ("_summary=count", 412),
        ("_count=1&_sort=name", 412),
        ("_include=Patient:organization", 412),
        ("_format=json&_pretty=true", 412),
        ("_type=Patient", 412),
        ("identifier=https://s|1&_type=Observation", 412),
        ("identifier=https://s|1&_cursor=AAAA", 412),
        ("identifier=", 412),
        ("colour=red", 412),
        ("identifier=https://s|1&colour=red", 412),
        ("Observation?identifier=https://s|1", 400),
        ("https://elsewhere.example/Patient?identifier=https://s|1", 400),
        ("birthdate=yesterday", 400),
    ],
)
def test_a_condition_that_selects_nothing_known_creates_nothing(client, condition, status):
    """Parameters that shape an answer are no criteria, those of another type are an error."""
    answer = _create(client, condition)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
    assert client.get("/fhir/Patient").json()["total"] == 0


def test_a_condition_that_several_meet_is_refused(client):
    """412 on create, update, patch and delete; nothing changes."""
    for _ in range(2):
        client.post("/fhir/Patient", json=NAMED, headers=FHIR)
    assert _create(client, "identifier=https://s|1").status_code == 412
    assert client.put(WHERE, json=NAMED, headers=FHIR).status_code == 412
    assert client.patch(WHERE, json={"active": True}, headers=MERGE).status_code == 412
    assert client.delete(WHERE).status_code == 412
    assert client.get("/fhir/Patient").json()["total"] == 2


@pytest.mark.parametrize("query", ["", "?_summary=count", "?_pretty=true", "?identifier=", "?x=1"])
def test_a_write_without_criteria_is_refused(client, query):
    """No condition, or none that selects, changes nothing: 412."""
    made = client.post("/fhir/Patient", json=NAMED, headers=FHIR).json()
    address = f"/fhir/Patient{query}"
    assert client.put(address, json=NAMED, headers=FHIR).status_code == 412
    assert client.patch(address, json={"active": True}, headers=MERGE).status_code == 412
    assert client.delete(address).status_code == 412
    assert client.get("/fhir/Patient").json()["entry"][0]["resource"] == made


def test_the_general_parameters_stand_beside_a_condition(client):
    """_pretty and _elements shape the answer of a conditional write and select nothing."""
    answer = client.put(f"{WHERE}&_pretty=true&_elements=id", json=NAMED, headers=FHIR)
    assert (answer.status_code, set(answer.json())) == (201, {"resourceType", "id", "meta"})
    assert client.put(f"{WHERE}&_format=json", json=NAMED, headers=FHIR).status_code == 200
    assert client.put(f"{WHERE}&_format=xml", json=NAMED, headers=FHIR).status_code == 406
    assert client.put(f"{WHERE}&_summary=x", json=NAMED, headers=FHIR).status_code == 400


def test_a_conditional_update_follows_the_table_of_r4(client):
    """No match creates, under the given id if there is one; a match with another id is refused."""
    named = {**NAMED, "id": "mine"}
    made = client.put(WHERE, json=named, headers=FHIR)
    assert (made.status_code, made.json()["id"]) == (201, "mine")
    assert client.put(WHERE, json=NAMED, headers=FHIR).json()["meta"]["versionId"] == "2"
    assert client.put(WHERE, json=named, headers=FHIR).json()["meta"]["versionId"] == "3"
    assert client.put(WHERE, json={**NAMED, "id": "other"}, headers=FHIR).status_code == 400
    elsewhere = "/fhir/Patient?identifier=https://s|2"
    assert client.put(elsewhere, json=named, headers=FHIR).status_code == 409
    assert client.get("/fhir/Patient/mine").json()["meta"]["versionId"] == "3"


def test_a_conditional_delete_of_nothing_is_done(client):
    """No match is as good as one that was deleted; R4 writes the address with a slash."""
    client.put(WHERE, json=NAMED, headers=FHIR)
    slashed = "/fhir/Patient/?identifier=https://s|1"
    assert [client.delete(slashed).status_code for _ in range(2)] == [204, 204]
    assert client.get("/fhir/Patient").json()["total"] == 0


def test_a_create_has_one_condition(client):
    """Two headers are not put together to a condition that nobody has meant."""
    headers = [*FHIR.items(), ("If-None-Exist", "name=a"), ("If-None-Exist", "name=b")]
    assert client.post("/fhir/Patient", json=NAMED, headers=headers).status_code == 400
