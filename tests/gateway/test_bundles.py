"""batch and transaction over HTTP (R4 http.html#transaction)."""

import pytest

BINARY = "W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9nZW5kZXIiLCJ2YWx1ZSI6Im90aGVyIn1d"
"""[{"op":"replace","path":"/gender","value":"other"}]"""


def _send(client, kind: str, *entries: dict, status: int = 200) -> dict:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    answer = client.post("/fhir", json=bundle, headers={"Content-Type": "application/fhir+json"})
    assert answer.status_code == status, answer.text
    return answer.json()


def _post(resource: dict, **more: object) -> dict:
    return {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
        **more,
    }


def _observation(subject: str) -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": subject},
        "valueQuantity": {"value": 1.50},
    }


def test_placeholders_become_the_new_ids(client):
    """urn:uuid references of every entry point to what the transaction has created."""
    placeholder = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    made = _send(
        client,
        "transaction",
        _post(_observation(placeholder)),
        _post({"resourceType": "Patient"}, fullUrl=placeholder),
    )
    statuses = [entry["response"]["status"] for entry in made["entry"]]
    assert statuses == ["201 Created", "201 Created"]
    patient = made["entry"][1]["response"]["location"].split("/fhir/")[1].split("/_history")[0]
    found = client.get(f"/fhir/Observation?subject={patient}").json()
    assert found["entry"][0]["resource"]["subject"]["reference"] == patient


def test_a_transaction_is_all_or_nothing(client):
    """One invalid entry, and nothing of the others is there; the error names the entry."""
    refused = _send(
        client,
        "transaction",
        _post({"resourceType": "Patient"}),
        _post({"resourceType": "Patient", "gender": "robot"}),
        status=422,
    )
    assert refused["issue"][0]["expression"] == ["Bundle.entry[1].resource.gender"]
    assert client.get("/fhir/Patient").json()["total"] == 0


def test_conditional_references_and_creates_are_resolved(client):
    """A reference by search is the one match, none or several refuse, If-None-Exist does not double."""
    doctor = {"resourceType": "Practitioner", "identifier": [{"system": "https://n", "value": "1"}]}
    entry = _post(doctor)
    entry["request"]["ifNoneExist"] = "identifier=https://n|1"
    _send(client, "transaction", entry)
    again = _send(client, "transaction", entry)
    assert again["entry"][0]["response"]["status"] == "200 OK"
    patient = {
        "resourceType": "Patient",
        "generalPractitioner": [{"reference": "Practitioner?identifier=https://n|1"}],
    }
    _send(client, "transaction", _post(patient))
    found = client.get("/fhir/Patient?_include=Patient:general-practitioner").json()
    modes = [entry["search"]["mode"] for entry in found["entry"]]
    assert modes == ["match", "include"]
    patient["generalPractitioner"][0]["reference"] = "Practitioner?identifier=nobody"
    _send(client, "transaction", _post(patient), status=412)


def test_the_order_is_delete_post_put_get(client):
    """Whatever the order of the entries; the answers come in the order of the entries."""
    client.put("/fhir/Patient/a", json={"resourceType": "Patient", "id": "a"})
    client.put("/fhir/Patient/b", json={"resourceType": "Patient", "id": "b"})
    made = _send(
        client,
        "transaction",
        {"request": {"method": "GET", "url": "Patient?_total=accurate"}},
        {"request": {"method": "DELETE", "url": "Patient/a"}},
        {
            "resource": {"resourceType": "Patient", "id": "b", "gender": "male"},
            "request": {"method": "PUT", "url": "Patient/b", "ifMatch": 'W/"1"'},
        },
        _post({"resourceType": "Patient"}),
    )
    assert made["entry"][0]["resource"]["total"] == 2
    statuses = [entry["response"]["status"][:3] for entry in made["entry"]]
    assert statuses == ["200", "204", "200", "201"]


def test_patches_are_entries_too(client):
    """FHIRPath Patch as Parameters and JSON Patch in a Binary."""
    client.put("/fhir/Patient/a", json={"resourceType": "Patient", "id": "a", "gender": "male"})
    operation = {
        "name": "operation",
        "part": [
            {"name": "type", "valueCode": "add"},
            {"name": "path", "valueString": "Patient"},
            {"name": "name", "valueString": "birthDate"},
            {"name": "value", "valueDate": "1990-01-01"},
        ],
    }
    request = {"method": "PATCH", "url": "Patient/a"}
    json_patch = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": BINARY,
    }
    _send(
        client,
        "batch",
        {"resource": {"resourceType": "Parameters", "parameter": [operation]}, "request": request},
        {"resource": json_patch, "request": request},
    )
    patched = client.get("/fhir/Patient/a").json()
    assert (patched["birthDate"], patched["gender"]) == ("1990-01-01", "other")


def test_entries_of_a_batch_stand_alone(client):
    """One that fails says so in its place, and the others are done."""
    made = _send(
        client,
        "batch",
        _post({"resourceType": "Patient", "gender": "robot"}),
        _post({"resourceType": "Patient", "gender": "male"}),
        {"request": {"method": "GET", "url": "Patient/nobody"}},
        {"request": {"method": "GET", "url": "Patient?gender=male"}},
    )
    statuses = [entry["response"]["status"][:3] for entry in made["entry"]]
    assert statuses == ["422", "201", "404", "200"]
    assert made["entry"][0]["response"]["outcome"]["resourceType"] == "OperationOutcome"


def test_decimals_of_a_transaction_keep_their_digits(client):
    """1.50 stays 1.50, though the Bundle was taken apart."""
    bundle = (
        b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"PUT",'
        b'"url":"Observation/d"},"resource":{"resourceType":"Observation","id":"d","status":"final",'
        b'"code":{"text":"x"},"valueQuantity":{"value":1.50}}}]}'
    )
    client.post("/fhir", content=bundle, headers={"Content-Type": "application/json"})
    assert b'"value":1.50' in client.get("/fhir/Observation/d").content


@pytest.mark.parametrize(
    ("entry", "status", "place"),
    [
        ({"resource": {"resourceType": "Patient"}}, 400, ".request"),
        ({"request": {"url": "Patient"}}, 400, ".request.method"),
        ({"request": {"method": "GET"}}, 400, ".request.url"),
        ({"request": {"method": "POST", "url": "Patient"}}, 400, ".resource"),
        ({"request": {"method": "BREW", "url": "Patient"}}, 422, ".request.method"),
        ({"request": {"method": "GET", "url": "Pot/1"}}, 404, ".request.url"),
        ({"request": {"method": "DELETE", "url": "Patient"}}, 400, ".request.url"),
        ({"request": {"method": "PUT", "url": "Patient/a/_history/1"}}, 422, ".request.url"),
        (
            {"request": {"method": "DELETE", "url": "https://elsewhere/Patient/a"}},
            404,
            ".request.url",
        ),
        ({"request": {"method": "GET", "url": "Patient/a"}, "fullUrl": 5}, 400, ".fullUrl"),
        (
            {"request": {"method": "GET", "url": "Patient/a"}, "fullUrl": "Patient/a"},
            422,
            ".fullUrl",
        ),
        ({"request": {"method": "GET", "url": "Patient/a"}, "extra": 5}, 400, ""),
        ({"request": {"method": "GET", "url": "Patient/a", "extra": 5}}, 400, ".request"),
        (
            {"request": {"method": "GET", "url": "Patient/a"}, "response": {"status": "200"}},
            422,
            "",
        ),
        ({"request": {"method": "GET", "url": "Patient/a"}, "resource": 5}, 400, ".resource"),
    ],
)
def test_malformed_entries_refuse_the_transaction(client, entry, status, place):
    """Without a method, without a resource, to nowhere, with more than R4 knows; the place is named."""
    refused = _send(client, "transaction", _post({"resourceType": "Patient"}), entry, status=status)
    assert refused["issue"][0]["expression"] == [f"Bundle.entry[1]{place}"]
    assert client.get("/fhir/Patient").json()["total"] == 0


def test_a_resource_is_written_once(client):
    """Two entries for one resource contradict each other."""
    entry = {
        "resource": {"resourceType": "Patient", "id": "a"},
        "request": {"method": "PUT", "url": "Patient/a"},
    }
    _send(client, "transaction", entry, entry, status=400)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_bundle_without_entries_is_answered_by_one_without(client, kind):
    """Nothing to do is no error."""
    answer = client.post("/fhir", json={"resourceType": "Bundle", "type": kind})
    assert (answer.status_code, answer.json()["type"]) == (200, f"{kind}-response")


@pytest.mark.parametrize("name", ["ifNoneExist", "ifMatch", "ifNoneMatch", "ifModifiedSince"])
def test_a_condition_that_is_no_text_refuses_its_entry_alone(client, name):
    """The entry beside it in the batch is stored."""
    wrong = _post({"resourceType": "Patient"})
    wrong["request"][name] = 1
    made = _send(client, "batch", wrong, _post({"resourceType": "Patient"}))
    assert [one["response"]["status"][:3] for one in made["entry"]] == ["400", "201"]
    _send(client, "transaction", wrong, status=400)
