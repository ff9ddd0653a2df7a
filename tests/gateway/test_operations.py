"""The operations of the endpoint (R4 operations.html), and those that run as jobs."""

import threading

import pytest

from gateway.lane import Lane
from gateway.operations.job import OPERATION_LANE, RunOperation

FHIR = {"Content-Type": "application/fhir+json"}


def _put(client, resource: dict) -> None:
    address = f"/fhir/{resource['resourceType']}/{resource['id']}"
    assert client.put(address, json=resource, headers=FHIR).status_code in (200, 201)


def _record(client) -> None:
    _put(client, {"resourceType": "Practitioner", "id": "dr"})
    _put(
        client,
        {
            "resourceType": "Patient",
            "id": "a",
            "generalPractitioner": [{"reference": "Practitioner/dr"}],
        },
    )
    for key, code, day in (("o1", "x", "2020"), ("o2", "x", "2021"), ("o3", "y", "2019")):
        _put(
            client,
            {
                "resourceType": "Observation",
                "id": key,
                "status": "final",
                "code": {"coding": [{"system": "https://c", "code": code}]},
                "subject": {"reference": "Patient/a"},
                "effectiveDateTime": day,
            },
        )


def _ids(bundle: dict) -> set[str]:
    return {entry["resource"]["id"] for entry in bundle["entry"]}


def test_validate_names_every_problem_where_it_is(client):
    """200 with errors and warnings, each with its FHIRPath and its constraint."""
    wrong = {
        "resourceType": "Patient",
        "gender": "robot",
        "contact": [{"gender": "male"}],
        "birthDate": "2023-02-30",
    }
    answer = client.post("/fhir/Patient/$validate", json=wrong, headers=FHIR)
    places = {issue["expression"][0] for issue in answer.json()["issue"]}
    assert (answer.status_code, places) == (200, {"Patient.gender", "Patient.birthDate"})
    contact = {"resourceType": "Patient", "contact": [{"gender": "male"}]}
    issue = client.post("/fhir/$validate", json=contact, headers=FHIR).json()["issue"][0]
    assert issue["diagnostics"].startswith("pat-1")
    assert issue["expression"] == ["Patient.contact[0]"]
    good = {
        "resourceType": "Parameters",
        "parameter": [{"name": "resource", "resource": {"resourceType": "Patient"}}],
    }
    said = client.post("/fhir/Patient/$validate", json=good, headers=FHIR).json()["issue"]
    assert [issue["severity"] for issue in said] == ["information"]


def test_validate_judges_the_type_itself_and_says_that_another_profile_is_not_judged(client):
    """R4 resource-operation-validate.html: a profile that cannot be judged is an error."""
    base = "http://hl7.org/fhir/StructureDefinition"
    said = {}
    for name in ("Patient", "Observation", "unknown"):
        body = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "resource", "resource": {"resourceType": "Patient", "active": True}},
                {"name": "profile", "valueUri": f"{base}/{name}"},
            ],
        }
        answer = client.post("/fhir/Patient/$validate", json=body, headers=FHIR)
        assert answer.status_code == 200
        said[name] = [(i["severity"], i["code"]) for i in answer.json()["issue"]]
    assert said["Patient"] == [("information", "informational")]
    assert said["Observation"] == said["unknown"] == [("error", "not-supported")]


def test_what_is_to_be_deleted_need_not_be_valid(client):
    """R4 resource-operation-validate.html: mode delete needs no resource and judges no content."""
    parameters = [{"name": "mode", "valueCode": "delete"}]
    wrong = {"name": "resource", "resource": {"resourceType": "Basic", "code": {"text": "x"}}}
    for given in (parameters, [*parameters, wrong]):
        body = {"resourceType": "Parameters", "parameter": given}
        answer = client.post("/fhir/Basic/$validate", json=body, headers=FHIR)
        assert answer.status_code == 200
        assert [i["severity"] for i in answer.json()["issue"]] == ["information"]


def test_everything_is_the_compartment_and_what_it_refers_to(client):
    """Patient, Observations and the practitioner; dates and types narrow; pages end."""
    _record(client)
    found = client.get("/fhir/Patient/a/$everything").json()
    assert _ids(found) == {"a", "o1", "o2", "o3", "dr"}
    assert _ids(client.get("/fhir/Patient/a/$everything?start=2020&_type=Observation").json()) == {
        "o1",
        "o2",
    }
    seen, address = set(), "/fhir/Patient/a/$everything?_count=2"
    while address:
        page = client.get(address).json()
        seen |= _ids(page)
        address = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    assert seen == {"a", "o1", "o2", "o3", "dr"}


def test_lastn_gives_the_latest_of_each_code(client):
    """One per code unless more are asked for; a patient is needed."""
    _record(client)
    assert _ids(client.get("/fhir/Observation/$lastn?patient=a").json()) == {"o2", "o3"}
    assert _ids(client.get("/fhir/Observation/$lastn?patient=a&max=2").json()) == {"o1", "o2", "o3"}
    assert client.get("/fhir/Observation/$lastn").status_code == 400


def test_meta_is_read_added_and_removed(client):
    """Tags of an instance and of the server."""
    _put(client, {"resourceType": "Patient", "id": "a"})
    tag = {"system": "https://t", "code": "x"}
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "meta", "valueMeta": {"tag": [tag]}}],
    }
    added = client.post("/fhir/Patient/a/$meta-add", json=body, headers=FHIR).json()
    assert added["parameter"][0]["valueMeta"]["tag"] == [tag]
    assert client.get("/fhir/$meta").json()["parameter"][0]["valueMeta"] == {"tag": [tag]}
    client.post("/fhir/Patient/a/$meta-delete", json=body, headers=FHIR)
    assert "tag" not in client.get("/fhir/Patient/a/$meta").json()["parameter"][0]["valueMeta"]


def test_a_document_holds_all_that_its_composition_refers_to(client):
    """The Composition first; a reference to nothing is an error."""
    _record(client)
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "note"},
        "subject": {"reference": "Patient/a"},
        "date": "2020",
        "author": [{"reference": "Practitioner/dr"}],
        "title": "Note",
    }
    _put(client, composition)
    document = client.get("/fhir/Composition/c/$document").json()
    assert [entry["resource"]["id"] for entry in document["entry"]] == ["c", "a", "dr"]
    _put(client, {**composition, "author": [{"reference": "Practitioner/nobody"}]})
    assert client.get("/fhir/Composition/c/$document").status_code == 404


def _evaluated(client, expression, resource):
    parameters = [
        {"name": "expression", "valueString": expression},
        {"name": "resource", "resource": resource},
    ]
    body = {"resourceType": "Parameters", "parameter": parameters}
    answer = client.post("/fhir/$fhirpath", json=body, headers=FHIR)
    assert answer.status_code == 200, answer.text
    found = []
    for entry in answer.json().get("parameter", ()):
        one = {}
        for part in entry["part"]:
            name = part.pop("name")
            one[name] = next(iter(part.values())) if len(part) == 1 and name != "value" else part
        found.append(one)
    return found


def test_fhirpath_shows_values_with_their_types_and_places(client):
    """For a person who looks for a mistake in an expression."""
    _put(client, {"resourceType": "Patient", "id": "a", "gender": "male"})
    found = client.get("/fhir/Patient/a/$fhirpath?expression=Patient.gender").json()
    assert found["parameter"] == [
        {
            "name": "result",
            "part": [
                {"name": "type", "valueString": "code"},
                {"name": "path", "valueString": "Patient.gender"},
                {"name": "value", "valueCode": "male"},
            ],
        }
    ]
    assert client.get("/fhir/Patient/a/$fhirpath?expression={}").json() == {
        "resourceType": "Parameters"
    }


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("name[1].given[0]", ("string", "Patient.name[1].given[0]", {"valueString": "B"})),
        ("name[0]", ("HumanName", "Patient.name[0]", {"valueHumanName": {"text": "A"}})),
        ("deceased", ("boolean", "Patient.deceased", {"valueBoolean": False})),
        (
            "contact",
            ("Patient.contact", "Patient.contact[0]", {"valueString": '{"gender":"male"}'}),
        ),
        (
            "birthDate.extension.value",
            ("code", "Patient.birthDate.extension[0].value", {"valueCode": "c"}),
        ),
        (
            "birthDate",
            (
                "date",
                "Patient.birthDate",
                {"_valueDate": {"extension": [{"url": "https://u", "valueCode": "c"}]}},
            ),
        ),
        ("contained.name", ("string", "Patient.contained[0].name", {"valueString": "W"})),
        ("1.50", ("System.Decimal", None, {"valueDecimal": 1.50})),
        ("2 + 2", ("System.Integer", None, {"valueInteger": 4})),
        ("@2020-01", ("System.Date", None, {"valueDate": "2020-01"})),
        ("@2020-01-01T10:00", ("System.DateTime", None, {"valueString": "2020-01-01T10:00"})),
        ("@T10:00", ("System.Time", None, {"valueString": "10:00"})),
        ("2 weeks", ("System.Quantity", None, {"valueQuantity": {"value": 2, "unit": "week"}})),
        ("Patient.type()", ("System.TypeInfo", None, {"valueString": "FHIR.Patient"})),
    ],
)
def test_fhirpath_answers_in_the_type_of_each_value(client, expression, expected):
    """``value[x]`` of the type that was found; JSON or text where a parameter has no such type."""
    patient = {
        "resourceType": "Patient",
        "name": [{"text": "A"}, {"given": ["B"]}],
        "deceasedBoolean": False,
        "contact": [{"gender": "male"}],
        "_birthDate": {"extension": [{"url": "https://u", "valueCode": "c"}]},
        "contained": [{"resourceType": "Organization", "id": "o", "name": "W"}],
    }
    (found,) = _evaluated(client, expression, patient)
    assert (found["type"], found.get("path"), found["value"]) == expected


def test_fhirpath_keeps_digits_and_shows_traces(client):
    """A decimal has the digits that it was written with; a trace shows its label and what it saw."""
    observation = (
        '{"resourceType": "Parameters", "parameter": ['
        '{"name": "expression", "valueString": "value.trace(\'seen\', value) | %resource"},'
        '{"name": "resource", "resource": {"resourceType": "Observation", "status": "final",'
        ' "code": {"text": "c"}, "valueQuantity": {"value": 1.50}}}]}'
    )
    answer = client.post("/fhir/$fhirpath", content=observation, headers=FHIR)
    assert answer.text.replace(" ", "").count("1.50") == 3
    quantity, whole, trace = answer.json()["parameter"]
    assert quantity["part"][1]["valueString"] == "Observation.value"
    assert whole["part"][2]["resource"]["resourceType"] == "Observation"
    assert trace["part"][0] == {"name": "label", "valueString": "seen"}
    assert trace["part"][1]["part"][1]["valueString"] == "Observation.value.value"
    stored = '{"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "c"},'
    stored += ' "valueQuantity": {"value": 1.50}}'
    client.put("/fhir/Observation/o", content=stored, headers=FHIR)
    answer = client.get("/fhir/Observation/o/$fhirpath?expression=value.value")
    assert '"valueDecimal":1.50' in answer.text.replace(" ", "")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Patient/a/$fhirpath?expression=1%20%2B", 400),
        ("Patient/a/$fhirpath?expression=nothing()", 400),
        ("Patient/a/$fhirpath?expression=(1|2)%2B1", 400),
        ("Patient/a/$fhirpath?expression=id.memberOf(%27http://x%27)", 422),
        ("Patient/a/$fhirpath", 400),
        ("$fhirpath?expression=1", 400),
        ("$fhirpath?expression=1&resource=x", 400),
        ("Patient/nobody/$fhirpath?expression=1", 404),
    ],
)
def test_fhirpath_says_what_is_wrong(client, address, status):
    """A syntax error, an error of evaluation and a missing parameter are an OperationOutcome."""
    _put(client, {"resourceType": "Patient", "id": "a", "gender": "male"})
    answer = client.get(f"/fhir/{address}")
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_a_long_operation_is_a_job(client, store):
    """202 with an address that answers 202 until the result is there; a cancelled one says so."""
    _record(client)
    prefer = {"Prefer": "respond-async"}
    accepted = client.get("/fhir/Patient/a/$everything", headers=prefer)
    address = accepted.headers["content-location"]
    assert (accepted.status_code, client.get(address).status_code) == (202, 202)
    cancelled = client.get("/fhir/Patient/a/$everything", headers=prefer).headers[
        "content-location"
    ]
    assert client.delete(cancelled).status_code == 202
    _run_jobs(store)
    assert _ids(client.get(address).json()) == {"a", "o1", "o2", "o3", "dr"}
    assert client.get(cancelled).status_code == 409


def test_a_search_parameter_of_the_site_is_indexed_and_then_searched(client, store):
    """What was there before is found too, once its indexing has ended, and not half of it before."""
    _put(
        client, {"resourceType": "Patient", "id": "a", "maritalStatus": {"coding": [{"code": "M"}]}}
    )
    parameter = {
        "resourceType": "SearchParameter",
        "id": "marital",
        "url": "https://site.example/marital",
        "name": "marital",
        "status": "active",
        "description": "By marital status.",
        "code": "marital",
        "base": ["Patient"],
        "type": "token",
        "expression": "Patient.maritalStatus",
    }
    _put(client, parameter)
    strict = {"Prefer": "handling=strict"}
    assert client.get("/fhir/Patient?marital=M", headers=strict).status_code == 400
    client.post(
        "/fhir/SearchParameter/marital/$reindex", json={"resourceType": "Parameters"}, headers=FHIR
    )
    assert client.get("/fhir/Patient?marital=M", headers=strict).json()["total"] == 1
    served = client.get("/fhir/metadata").json()["rest"][0]["resource"]
    patient = next(resource for resource in served if resource["type"] == "Patient")
    assert "marital" in [parameter["name"] for parameter in patient["searchParam"]]


def test_a_composite_of_the_site_finds_parts_of_the_same_element(client, store):
    """Its parts are parameters of its type, named by their canonical addresses."""
    hl7 = "http://hl7.org/fhir/SearchParameter"
    parameter = {
        "resourceType": "SearchParameter",
        "id": "code-status",
        "url": "https://site.example/code-status",
        "name": "codeStatus",
        "status": "active",
        "description": "By code and status.",
        "code": "code-status",
        "base": ["Observation"],
        "type": "composite",
        "expression": "Observation",
        "component": [
            {"definition": f"{hl7}/clinical-code", "expression": "code"},
            {"definition": f"{hl7}/Observation-status", "expression": "status"},
        ],
    }
    _put(client, parameter)
    code = {"coding": [{"system": "https://c.example", "code": "x"}]}
    for key, status in (("a", "final"), ("b", "amended")):
        _put(client, {"resourceType": "Observation", "id": key, "status": status, "code": code})
    address = "/fhir/SearchParameter/code-status/$reindex"
    client.post(address, json={"resourceType": "Parameters"}, headers=FHIR)
    found = client.get("/fhir/Observation?code-status=https://c.example|x$amended").json()
    assert [entry["resource"]["id"] for entry in found["entry"]] == ["b"]


def _run_jobs(store) -> None:
    lane = Lane(store, OPERATION_LANE, {"operation": RunOperation(store)}, timeout_s=30)
    thread = threading.Thread(target=lane.run)
    thread.start()
    while store.status()["jobs_waiting"] or store.status()["jobs_running"]:
        store.wait_for_change(0.05)
    lane.stop()
    thread.join()
