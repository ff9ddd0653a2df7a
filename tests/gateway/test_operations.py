"""The operations of the endpoint (R4 operations.html), and those that run as jobs."""

import threading
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from gateway.lane import Lane
from gateway.operations.job import OPERATION_LANE, RunOperation
from profiles.admission import issues
from profiles.fhir_time import instant
from terminology.systems import TASK_CODE

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
    assert answer.status_code == 200
    assert places == {"Patient.gender", "Patient.birthDate", "Patient.contact[0]"}
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


def _validated(client, address: str, *parameters: dict):
    body = {"resourceType": "Parameters", "parameter": list(parameters)}
    if not parameters:
        del body["parameter"]
    answer = client.post(f"/fhir/{address}/$validate", json=body, headers=FHIR)
    return answer.status_code, [(i["severity"], i["code"]) for i in answer.json()["issue"]]


VALID = (200, [("information", "informational")])
RESOURCE = {"name": "resource", "resource": {"resourceType": "Patient", "id": "a", "active": True}}


def _mode(mode: str) -> dict:
    return {"name": "mode", "valueCode": mode}


def test_what_is_to_be_deleted_need_not_be_valid(client):
    """R4 resource-operation-validate.html: mode delete needs no resource and judges no content."""
    _put(client, {"resourceType": "Patient", "id": "a"})
    wrong = {"name": "resource", "resource": {"resourceType": "Patient", "gender": "robot"}}
    for given in ([_mode("delete")], [_mode("delete"), wrong]):
        assert _validated(client, "Patient/a", *given) == VALID
    assert _validated(client, "Patient/nobody", _mode("delete"))[0] == 404
    client.delete("/fhir/Patient/a")
    assert _validated(client, "Patient/a", _mode("delete"))[0] == 410


@pytest.mark.parametrize(
    ("address", "given", "status"),
    [
        ("Patient", [_mode("create"), RESOURCE], 200),
        ("Patient", [_mode("update"), RESOURCE], 400),
        ("Patient", [_mode("delete")], 400),
        ("Patient", [_mode("profile"), RESOURCE], 400),
        ("Patient", [_mode("create")], 400),
        ("Patient", [], 400),
        ("Patient/a", [_mode("update"), RESOURCE], 200),
        ("Patient/a", [_mode("update")], 400),
        ("Patient/a", [_mode("profile")], 400),
        ("Patient/a", [_mode("profile"), RESOURCE], 400),
        ("Patient/a", [_mode("burn"), RESOURCE], 400),
        ("Patient/a", [], 200),
        ("Patient/nobody", [], 404),
        ("Nothing", [RESOURCE], 404),
    ],
)
def test_validate_takes_each_mode_where_it_has_a_meaning(client, address, given, status):
    """R4: update, delete and profile are about a stored resource; profile judges that one."""
    _put(client, {"resourceType": "Patient", "id": "a"})
    assert _validated(client, address, *given)[0] == status


def test_validate_judges_what_is_stored_against_its_type(client):
    """By GET and by mode profile."""
    _put(client, {"resourceType": "Patient", "id": "a"})
    base = {"name": "profile", "valueUri": "http://hl7.org/fhir/StructureDefinition/Patient"}
    assert _validated(client, "Patient/a", _mode("profile"), base) == VALID
    assert client.get("/fhir/Patient/a/$validate").json()["issue"][0]["severity"] == "information"
    assert client.get("/fhir/Patient/a/$validate?mode=delete").status_code == 200


def test_validate_says_what_an_update_would_be_refused_for(client, store):
    """Another id, and what AI has made."""
    other = {"name": "resource", "resource": {"resourceType": "Patient", "id": "b"}}
    assert _validated(client, "Patient/a", _mode("update"), other)[1][0][0] == "error"
    label = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "code": "AIAST",
    }
    made = {
        "resourceType": "Basic",
        "id": "r",
        "code": {"text": "x"},
        "meta": {"security": [label]},
    }
    store.transact(lambda tx: tx.put(made))
    for mode in ("update", "delete"):
        given = {"name": "resource", "resource": made}
        said = _validated(client, "Basic/r", _mode(mode), given)[1]
        assert ("error", "forbidden") in said


def test_validate_judges_parameters_as_any_other_resource(client):
    """A bare Parameters is what is judged; one that holds the parameter ``resource`` is not."""
    bare = {"resourceType": "Parameters", "parameter": [{"name": "x"}]}
    answer = client.post("/fhir/Parameters/$validate", json=bare, headers=FHIR).json()
    assert answer["issue"][0]["diagnostics"].startswith("inv-1")
    held = {"name": "resource", "resource": {**bare, "parameter": [{"name": "x", "valueId": "y"}]}}
    assert _validated(client, "Parameters", held) == VALID


def _lastn(client, query: str) -> list[str]:
    answer = client.get(f"/fhir/Observation/$lastn?{query}")
    assert answer.status_code == 200, answer.text
    return [entry["resource"]["id"] for entry in answer.json().get("entry", ())]


def test_lastn_gives_the_latest_of_each_code(client):
    """One per code unless more are asked for, the latest first; none is no error."""
    _record(client)
    assert _lastn(client, "patient=a&code=x,y") == ["o2", "o3"]
    assert _lastn(client, "subject=Patient/a&code=x,y&max=2") == ["o2", "o1", "o3"]
    assert _lastn(client, "patient=a&category=vital-signs&max=3") == []
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "max", "valuePositiveInt": 2},
            {"name": "patient", "valueString": "a"},
            {"name": "code", "valueString": "x"},
        ],
    }
    posted = client.post("/fhir/Observation/$lastn", json=body, headers=FHIR).json()
    assert [entry["resource"]["id"] for entry in posted["entry"]] == ["o2", "o1"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("", "patient"),
        ("code=x", "patient"),
        ("patient=a", "category"),
        ("patient=a&date=2020", "category"),
        ("patient=a&code=x&max=0", "max"),
        ("patient=a&code=x&max=x", "max"),
        ("patient=a&code=x&max=1&max=2", "max"),
        ("patient=a&code=x&colour=red", "colour"),
        ("patient=a&code=x&_sort=date", "_sort"),
    ],
)
def test_lastn_needs_a_subject_and_a_category_or_code(client, query, place):
    """R4 observation-operation-lastn.html; what means nothing there is refused."""
    answer = client.get(f"/fhir/Observation/$lastn?{query}")
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [place]


@pytest.mark.parametrize(
    ("codes", "groups"),
    [
        (("a", "b", "c"), 3),
        (("a", "b", "a c"), 2),
        (("a", "b", "a b"), 1),
        (("a b", "c d", "b c"), 1),
        (("a", "a|other", "a"), 2),
        (("textM", "Text", "t e x t"), 3),
        (("same text", "same text", "a"), 2),
    ],
)
def test_lastn_takes_translations_for_one_code(client, codes, groups):
    """The examples of R4: codes of one observation are equal, transitively; texts only to the letter."""
    for at, text in enumerate(codes):
        listed = [part.partition("|") for part in text.split(" ")]
        coding = [{"system": f"https://{s or 'c'}", "code": c} for c, _, s in listed]
        worded = "ext" in text or "t e" in text
        observation = {
            "resourceType": "Observation",
            "id": f"o{at}",
            "status": "final",
            "code": {"text": text} if worded else {"coding": coding},
            "category": [{"coding": [{"code": "lab"}]}],
            "subject": {"reference": "Patient/a"},
            "effectiveDateTime": f"202{at}",
        }
        _put(client, observation)
    assert len(_lastn(client, "patient=a&category=lab")) == groups


def test_lastn_gives_all_that_are_as_late_as_the_last(client):
    """A tie at the end of a group is shown whole; what has no time comes after what has one."""
    days = ("2020-01-01", "2020-01-01", "2019", "2018", None)
    for at, day in enumerate(days):
        observation = {
            "resourceType": "Observation",
            "id": f"o{at}",
            "status": "final",
            "code": {"text": "c"},
            "category": [{"coding": [{"code": "lab"}]}],
            "subject": {"reference": "Patient/a"},
        }
        _put(client, {**observation, "effectiveDateTime": day} if day else observation)
    assert set(_lastn(client, "patient=a&category=lab")) == {"o0", "o1"}
    assert _lastn(client, "patient=a&category=lab&max=3")[2:] == ["o2"]
    assert _lastn(client, "patient=a&category=lab&max=9")[-1] == "o4"


def test_meta_is_read_added_and_removed(client):
    """Tags of an instance and of the server; a server without any has no empty element."""
    assert client.get("/fhir/$meta").json() == {"resourceType": "Parameters"}
    _put(client, {"resourceType": "Patient", "id": "a"})
    tag = {"system": "https://t", "code": "x"}
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "meta", "valueMeta": {"tag": [tag]}}],
    }
    added = client.post("/fhir/Patient/a/$meta-add", json=body, headers=FHIR).json()
    assert added["parameter"][0]["valueMeta"]["tag"] == [tag]
    assert client.get("/fhir/$meta").json()["parameter"][0]["valueMeta"] == {"tag": [tag]}
    assert client.get("/fhir/Patient/$meta").json() == client.get("/fhir/$meta").json()
    before = client.get("/fhir/Patient/a").json()["meta"]
    client.post("/fhir/Patient/a/$meta-add", json=body, headers=FHIR)
    assert client.get("/fhir/Patient/a").json()["meta"] == before, "what is there is not doubled"
    client.post("/fhir/Patient/a/$meta-delete", json=body, headers=FHIR)
    assert "tag" not in client.get("/fhir/Patient/a/$meta").json()["parameter"][0]["valueMeta"]
    again = client.post("/fhir/Patient/a/$meta-delete", json=body, headers=FHIR)
    assert again.status_code == 200, "it is no error that there is nothing to remove"


def test_the_meta_of_everything_is_each_label_once_and_in_full(client):
    """Of a type and of the server, what is there now (R4 resource-operation-meta.html)."""
    for key, code, system in (
        ("a", "x", "https://t"),
        ("b", "x", "https://t"),
        ("c", "X", "https://u"),
    ):
        tag = {"system": system, "code": code, "display": f"Tag {code}"}
        _put(client, {"resourceType": "Patient", "id": key, "meta": {"tag": [tag]}})
    meta = {"profile": ["https://p|1"], "security": [{"system": "https://s", "code": "R"}]}
    _put(client, {"resourceType": "Basic", "id": "d", "code": {"text": "d"}, "meta": meta})
    _put(client, {"resourceType": "Patient", "id": "e", "meta": {"tag": [{"code": "gone"}]}})
    client.delete("/fhir/Patient/e")
    tags = [
        {"system": "https://t", "code": "x", "display": "Tag x"},
        {"system": "https://u", "code": "X", "display": "Tag X"},
    ]
    found = client.get("/fhir/Patient/$meta").json()["parameter"][0]["valueMeta"]
    assert found == {"tag": tags}
    found = client.get("/fhir/$meta").json()["parameter"][0]["valueMeta"]
    assert found == {**meta, "tag": tags}


def test_the_meta_of_a_version_is_that_of_the_version(client):
    """R4 resource-operation-meta.html: a historical version has a meta of its own, and keeps it."""
    for code in ("x", "y"):
        tagged = {"tag": [{"system": "https://t", "code": code}]}
        _put(client, {"resourceType": "Patient", "id": "a", "meta": tagged})
    first = client.get("/fhir/Patient/a/_history/1/$meta").json()["parameter"][0]["valueMeta"]
    assert (first["versionId"], first["tag"][0]["code"]) == ("1", "x")
    assert client.get("/fhir/Patient/a/_history/3/$meta").status_code == 404
    assert client.get("/fhir/Patient/b/_history/1/$meta").status_code == 404
    client.delete("/fhir/Patient/a")
    assert client.get("/fhir/Patient/a/$meta").status_code == 410
    assert client.get("/fhir/Patient/a/_history/3/$meta").status_code == 410


COMPOSITION = {
    "resourceType": "Composition",
    "id": "c",
    "status": "final",
    "type": {"text": "note"},
    "subject": {"reference": "Patient/a"},
    "date": "2020",
    "author": [{"reference": "Practitioner/dr"}],
    "title": "Note",
}


def test_a_document_holds_all_that_its_composition_refers_to(client):
    """The Composition first, nested sections too; a reference to nothing, or elsewhere, is an error."""
    _record(client)
    inner = {"title": "in", "entry": [{"reference": "Observation/o3"}]}
    outer = {"title": "out", "entry": [{"reference": "Observation/o1"}], "section": [inner]}
    before = {"code": "replaces", "targetReference": {"reference": "Composition/older"}}
    logical = {"identifier": {"system": "https://s", "value": "1"}}
    whole = {
        **COMPOSITION,
        "section": [outer],
        "relatesTo": [before],
        "custodian": logical,
        "author": [{"reference": "Practitioner/dr"}, {"reference": "Practitioner/dr"}],
    }
    _put(client, whole)
    document = client.get("/fhir/Composition/c/$document").json()
    assert [entry["resource"]["id"] for entry in document["entry"]] == ["c", "a", "dr", "o1", "o3"]
    assert document["identifier"]["value"].startswith("urn:uuid:")
    assert (document["type"], "timestamp" in document) == ("document", True)
    assert issues(document) == []
    for reference in ("Practitioner/nobody", "https://elsewhere.example/fhir/Practitioner/dr"):
        _put(client, {**COMPOSITION, "author": [{"reference": reference}]})
        assert client.get("/fhir/Composition/c/$document").status_code == 404


def test_a_document_may_be_asked_for_within_a_transaction(client):
    """By GET, of what the transaction has written; but not one that is to be kept."""
    _record(client)

    def send(address):
        entries = [
            {"resource": COMPOSITION, "request": {"method": "PUT", "url": "Composition/c"}},
            {"request": {"method": "GET", "url": address}},
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        return client.post("/fhir", json=bundle)

    answer = send("Composition/c/$document?persist=true")
    assert answer.status_code == 422, answer.text
    assert client.get("/fhir/Composition/c").status_code == 404
    answer = send("Composition/c/$document")
    document = answer.json()["entry"][1]["resource"]
    assert [entry["resource"]["id"] for entry in document["entry"]] == ["c", "a", "dr"]


def test_a_document_holds_the_version_that_is_referred_to(client):
    """R4 references.html#version: not what has become of it since."""
    _record(client)
    _put(client, {"resourceType": "Patient", "id": "a", "active": True})
    _put(client, {**COMPOSITION, "subject": {"reference": "Patient/a/_history/1"}})
    document = client.get("/fhir/Composition/c/$document").json()
    assert document["entry"][1]["resource"]["meta"]["versionId"] == "1"


def test_a_document_that_is_kept_says_where(client):
    """``persist``: the address of the Bundle, which is what was answered."""
    _record(client)
    _put(client, COMPOSITION)
    for call in (client.get, client.post):
        answer = call("/fhir/Composition/$document?id=c&persist=true")
        stored = client.get(answer.headers["location"])
        assert stored.json() == answer.json()
        assert stored.json()["type"] == "document"
    assert client.get("/fhir/Composition/c/$document").headers.get("location") is None


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Composition/nobody/$document", 404),
        ("Composition/$document", 400),
        ("Composition/$document?id=nobody", 404),
        ("Composition/$document?id=https://elsewhere.example/Composition/c", 400),
        ("Composition/c/$document?id=c", 400),
        ("Composition/c/$document?persist=maybe", 400),
        ("Composition/c/$document?graph=https://g", 422),
        ("Composition/c/$document?colour=red", 400),
    ],
)
def test_a_document_that_cannot_be_made_is_refused(client, address, status):
    """R4: the id is in the URL or a parameter, not both; a GraphDefinition is not followed."""
    _record(client)
    _put(client, COMPOSITION)
    answer = client.get(f"/fhir/{address}")
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


ASYNC = {"Prefer": "respond-async"}


def _queued(client, path: str) -> str:
    """Address of the status of a job."""
    answer = client.get(f"/fhir/{path}", headers=ASYNC)
    assert (answer.status_code, answer.json()["resourceType"]) == (202, "OperationOutcome")
    return answer.headers["content-location"]


def test_a_long_operation_is_a_job(client, store):
    """202 with an address that answers 202 and how far it is, until the result is there."""
    _record(client)
    address = _queued(client, "Patient/a/$everything")
    waiting = client.get(address)
    assert (waiting.status_code, waiting.content) == (202, b"")
    assert waiting.headers["x-progress"] == "Queued"
    assert int(waiting.headers["retry-after"]) > 0
    _run_jobs(store)
    at_once = client.get("/fhir/Patient/a/$everything").json()
    assert client.get(address).json()["entry"] == at_once["entry"]
    task = client.get(f"/fhir/Task/{address.rpartition('/')[2]}").json()
    assert task["status"] == "completed"
    assert issues(task) == []


def test_a_cancelled_job_is_found_no_more(client, store):
    """R4 async.html: DELETE is 202, then 404; it ends the job, and after its end drops the result."""
    _record(client)
    waiting, done = (_queued(client, "Patient/a/$everything") for _ in range(2))
    assert client.delete(waiting).status_code == 202
    _run_jobs(store)
    task = client.get(f"/fhir/Task/{waiting.rpartition('/')[2]}").json()
    assert (task["status"], "output" in task) == ("cancelled", False)
    kept = client.get(done).json()["id"]
    assert client.delete(done).status_code == 202
    assert client.get(f"/fhir/Bundle/{kept}").status_code == 410
    for address in (waiting, done):
        assert client.get(address).status_code == 404
        assert client.delete(address).status_code == 404


def test_a_document_that_a_job_has_kept_stays_when_the_job_is_let_go(client, store):
    """What the client wanted stored is not the job's own."""
    _record(client)
    _put(client, COMPOSITION)
    address = _queued(client, "Composition/c/$document?persist=true")
    _run_jobs(store)
    kept = client.get(address).json()["id"]
    client.delete(address)
    assert client.get(f"/fhir/Bundle/{kept}").json()["type"] == "document"


def test_a_job_that_fails_says_why(client, store):
    """500 with an OperationOutcome, as R4 async.html has it; what is wrong at once is no job."""
    _record(client)
    _put(client, {**COMPOSITION, "author": [{"reference": "Practitioner/nobody"}]})
    address = _queued(client, "Composition/c/$document")
    _run_jobs(store)
    answer = client.get(address)
    assert answer.status_code == 500
    assert "Practitioner that is not here" in answer.json()["issue"][0]["diagnostics"]
    for path, status in (
        ("Patient/nobody/$everything", 404),
        ("Patient/a/$everything?start=x", 400),
        ("Patient/a/$meta", 200),
    ):
        assert client.get(f"/fhir/{path}", headers=ASYNC).status_code == status


def test_the_result_of_a_job_is_kept_for_a_day(client, store):
    """Its answer says until when; then it is not found, and the next job that ends deletes it."""
    _record(client)
    address = _queued(client, "Patient/a/$everything")
    _run_jobs(store)
    answer = client.get(address)
    task = store.read("Task", address.rpartition("/")[2]).json()
    ended = datetime.fromisoformat(task["lastModified"]).replace(microsecond=0)
    assert parsedate_to_datetime(answer.headers["expires"]) == ended + timedelta(days=1)
    assert "Expires" not in client.get("/fhir/Patient/a").headers
    for days in (3, 2):
        old = {**task, "lastModified": instant(ended - timedelta(days=days))}
        store.transact(lambda tx, old=old: tx.put(old))
        assert client.get(address).status_code == 404
    result = f"/fhir/{task['output'][0]['valueReference']['reference']}"
    assert client.get(result).status_code == 200
    _queued(client, "Patient/a/$everything")
    _run_jobs(store)
    assert client.get(result).status_code == 410


def test_only_a_job_has_the_status_of_one(client):
    """404 for what never was a job, such as the review of a result: nobody cancels that here."""
    task = {"resourceType": "Task", "id": "t", "status": "requested", "intent": "order"}
    coding = {"system": TASK_CODE, "code": "review"}
    _put(client, {**task, "code": {"coding": [coding]}})
    for key in ("t", "nobody"):
        assert client.get(f"/fhir/$job-status/{key}").status_code == 404
        assert client.delete(f"/fhir/$job-status/{key}").status_code == 404
    assert client.get("/fhir/Task/t").json()["status"] == "requested"


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
    assert '"marital"' not in client.get("/fhir/metadata").text
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


@pytest.mark.parametrize(
    ("kind", "expression"),
    [
        ("reference", "Patient.active"),
        ("string", "1 'mg'"),
        ("number", "Patient.birthDate"),
        ("date", "Patient.name"),
        ("token", "Patient.name.single()"),
        ("token", "(1 | 2) + 1"),
        ("token", "%unknown"),
        ("token", "name.where("),
    ],
)
def test_a_search_parameter_that_fits_nothing_keeps_nothing_from_being_stored(
    client, kind, expression
):
    """An expression that is none, fails, or gives what the type of the parameter cannot hold."""
    parameter = {
        "resourceType": "SearchParameter",
        "id": "odd",
        "url": "https://site.example/odd",
        "name": "odd",
        "status": "active",
        "description": "Does not fit.",
        "code": "odd",
        "base": ["Patient"],
        "type": kind,
        "expression": expression,
    }
    _put(client, parameter)
    patient = {"resourceType": "Patient", "id": "a", "active": True, "birthDate": "2020-01-01"}
    _put(client, {**patient, "name": [{"text": "x"}, {"text": "y"}]})
    assert client.get("/fhir/Patient?birthdate=2020").json()["total"] == 1
    assert client.delete("/fhir/Patient/a").status_code == 204


def _run_jobs(store) -> None:
    lane = Lane(store, OPERATION_LANE, {"operation": RunOperation(store)}, timeout_s=30)
    thread = threading.Thread(target=lane.run)
    thread.start()
    while store.status()["jobs_waiting"] or store.status()["jobs_running"]:
        store.wait_for_change(0.05)
    lane.stop()
    thread.join()
