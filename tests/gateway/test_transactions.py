"""What a transaction promises about order, identities and conditions (R4 http.html#trules)."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

IDENTIFIED = "identifier=https://n|1"


def _patient(**members: object) -> dict:
    identifier = [{"system": "https://n", "value": "1"}]
    return {"resourceType": "Patient", "identifier": identifier, **members}


def _entry(method: str, url: str, resource: dict | None = None, **request: str) -> dict:
    made: dict = {"request": {"method": method, "url": url, **request}}
    return made if resource is None else {**made, "resource": resource}


def _id(entry: dict) -> str:
    return entry["response"]["location"].split("/")[-3]


JSON_PATCH = {
    "resourceType": "Binary",
    "contentType": "application/json-patch+json",
    "data": "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2dlbmRlciIsInZhbHVlIjoib3RoZXIifV0=",
}
"""[{"op":"add","path":"/gender","value":"other"}]"""
WRITES = {
    "put": _entry("PUT", "Patient/a", _patient(id="a")),
    "patch": _entry("PATCH", "Patient/a", JSON_PATCH),
    "delete": _entry("DELETE", "Patient/a"),
    "conditional put": _entry("PUT", f"Patient?{IDENTIFIED}", _patient()),
    "conditional patch": _entry("PATCH", f"Patient?{IDENTIFIED}", JSON_PATCH),
    "conditional delete": _entry("DELETE", f"Patient?{IDENTIFIED}"),
}


@pytest.mark.parametrize("first", WRITES)
@pytest.mark.parametrize("second", WRITES)
def test_a_resource_is_written_by_one_entry(client, send_bundle, first, second):
    """Whether two entries name it by its id or by a condition, in any order: nothing is done."""
    client.put("/fhir/Patient/a", json=_patient(id="a"))
    refused = send_bundle("transaction", WRITES[first], WRITES[second], status=400)
    assert refused["issue"][0]["expression"][0].startswith("Bundle.entry[")
    assert client.get("/fhir/Patient/a").json()["meta"]["versionId"] == "1"


def test_a_create_is_matched_after_the_deletes(client, send_bundle):
    """A resource is replaced by deleting it and creating another under the same condition."""
    client.put("/fhir/Patient/a", json=_patient(id="a"))
    made = send_bundle(
        "transaction",
        _entry("POST", "Patient", _patient(), ifNoneExist=IDENTIFIED),
        _entry("DELETE", f"Patient?{IDENTIFIED}"),
    )
    statuses = [entry["response"]["status"][:3] for entry in made["entry"]]
    assert statuses == ["201", "204"]
    assert client.get("/fhir/Patient/a").status_code == 410
    assert client.get(f"/fhir/Patient?{IDENTIFIED}").json()["total"] == 1


def test_equal_creates_under_one_condition_are_one(client, send_bundle):
    """Both entries are answered with the one resource, and links to either lead to it."""
    entries = [
        {**_entry("POST", "Patient", _patient(), ifNoneExist=IDENTIFIED), "fullUrl": url}
        for url in ("urn:uuid:1", "urn:uuid:2")
    ]
    basic = {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "urn:uuid:2"}}
    made = send_bundle("transaction", *entries, _entry("POST", "Basic", basic))["entry"]
    assert [one["response"]["status"][:3] for one in made] == ["201", "200", "201"]
    assert _id(made[0]) == _id(made[1])
    stored = client.get(f"/fhir/Basic/{_id(made[2])}").json()
    assert stored["subject"]["reference"] == f"Patient/{_id(made[0])}"
    assert client.get("/fhir/Patient").json()["total"] == 1


@pytest.mark.parametrize(
    "other",
    [
        _entry("POST", "Patient", _patient(gender="male"), ifNoneExist=IDENTIFIED),
        _entry("POST", "Patient", _patient(gender="male")),
        _entry("PUT", f"Patient?{IDENTIFIED}", _patient()),
        _entry("PUT", "Patient?identifier=1", _patient()),
    ],
)
def test_a_condition_that_another_entry_decides_is_refused(client, send_bundle, other):
    """The outcome would depend on the order of the entries."""
    entry = _entry("POST", "Patient", _patient(), ifNoneExist=IDENTIFIED)
    for entries in ([entry, other], [other, entry]):
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        assert client.post("/fhir", json=bundle).status_code in (400, 412)
    assert client.get("/fhir/Patient").json()["total"] == 0


def test_two_conditional_updates_of_nothing_are_refused(client, send_bundle):
    """Each would create a resource that the other meets."""
    entry = WRITES["conditional put"]
    send_bundle("transaction", entry, entry, status=400)
    assert client.get("/fhir/Patient").json()["total"] == 0


def test_an_update_with_an_id_of_the_client_is_a_create(client, send_bundle):
    """References to it by its own address stay, and are found."""
    basic = {"resourceType": "Basic", "id": "b", "code": {"text": "x"}}
    basic["subject"] = {"reference": "Patient/new"}
    made = send_bundle(
        "transaction",
        _entry("PUT", "Basic/b", basic),
        _entry("PUT", "Patient/new", _patient(id="new")),
    )
    assert [one["response"]["status"][:3] for one in made["entry"]] == ["201", "201"]
    assert client.get("/fhir/Basic?subject=Patient/new").json()["total"] == 1


def test_a_transaction_that_fails_late_leaves_nothing(client, send_bundle):
    """A read that finds nothing refuses the writes before it, and the error says which entry it was."""
    refused = send_bundle(
        "transaction",
        _entry("POST", "Patient", _patient()),
        _entry("GET", "Patient/nobody"),
        status=404,
    )
    assert refused["issue"][0]["expression"] == ["Bundle.entry[1].request.url"]
    assert client.get("/fhir/Patient").json()["total"] == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("address", ["Patient/a", f"Patient?{IDENTIFIED}"])
@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_write_under_a_version_is_refused_for_another(client, send_bundle, method, address, kind):
    """If-Match of an entry, whether it names the resource or finds it."""
    client.put("/fhir/Patient/a", json=_patient(id="a"))
    resource = {"PUT": _patient(id="a"), "PATCH": JSON_PATCH, "DELETE": None}[method]
    stale = _entry(method, address, resource, ifMatch='W/"7"')
    refused = send_bundle(kind, stale, status=412 if kind == "transaction" else 200)
    if kind == "batch":
        assert refused["entry"][0]["response"]["status"][:3] == "412"
    fresh = _entry(method, address, resource, ifMatch='W/"1"')
    done = send_bundle(kind, fresh)["entry"][0]["response"]
    assert done["status"][:3] == ("204" if method == "DELETE" else "200")
    assert done["etag"] == 'W/"2"'


@pytest.mark.parametrize("tags", ["*", 'W/"1"', 'W/"9", W/"1"'])
def test_a_write_for_who_has_no_version_yet_is_refused(client, send_bundle, tags):
    """If-None-Match of an update."""
    entry = _entry("PUT", "Patient/a", _patient(id="a"), ifNoneMatch=tags)
    send_bundle("transaction", entry)
    send_bundle("transaction", entry, status=412)


def test_transactions_at_the_same_time_create_once(client, send_bundle):
    """Many clients create the same resource if none exists: one creates it, the others find it."""
    entry = _entry("POST", "Patient", _patient(), ifNoneExist=IDENTIFIED)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send_bundle("transaction", entry), range(16)))
    statuses = sorted(one["entry"][0]["response"]["status"] for one in answers)
    assert statuses == ["200 OK"] * 15 + ["201 Created"]
    assert client.get("/fhir/Patient").json()["total"] == 1


def test_a_conditional_reference_may_find_what_the_transaction_creates(client, send_bundle):
    """It is resolved after the writes, in the version that was created."""
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    basic["subject"] = {"reference": f"Patient?{IDENTIFIED}"}
    linked = _patient(id="p", link=[{"type": "seealso", "other": {}}])
    linked["link"][0]["other"]["reference"] = f"Patient?{IDENTIFIED}"
    made = send_bundle(
        "transaction",
        _entry("POST", "Basic", basic),
        _entry("PUT", "Patient/p", linked),
        Prefer="return=representation",
    )["entry"]
    assert made[0]["resource"]["subject"]["reference"] == "Patient/p"
    assert made[1]["resource"]["link"][0]["other"]["reference"] == "Patient/p"
    assert client.get("/fhir/Basic?subject=Patient/p").json()["total"] == 1
    assert client.get("/fhir/Patient/p").json()["meta"]["versionId"] == "1"
    assert client.get("/fhir/Patient?link=Patient/p").json()["total"] == 1


def test_jobs_begin_when_the_references_are_complete(client, send_bundle):
    """A study whose endpoint and patient come with it is fetched once, for that patient."""
    endpoint = {"resourceType": "Endpoint", "status": "active", "address": "https://pacs.example"}
    endpoint |= {"connectionType": {"code": "dicom-wado-rs"}, "payloadType": [{"text": "DICOM"}]}
    study = {"resourceType": "ImagingStudy", "status": "available"}
    study["identifier"] = [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}]
    study["subject"] = {"reference": f"Patient?{IDENTIFIED}"}
    study["endpoint"] = [{"reference": "Endpoint?status=active"}]
    made = send_bundle(
        "transaction",
        _entry("POST", "ImagingStudy", study),
        _entry("POST", "Patient", _patient()),
        _entry("POST", "Endpoint", endpoint),
    )["entry"]
    (task,) = client.get("/fhir/Task").json()["entry"]
    assert task["resource"]["for"]["reference"] == f"Patient/{_id(made[1])}"


@pytest.mark.parametrize("count", [0, 2])
def test_a_conditional_reference_to_none_or_several_refuses(client, send_bundle, count):
    """Found before the transaction or created by it."""
    patients = [_entry("PUT", f"Patient/{at}", _patient(id=str(at))) for at in range(count)]
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    basic["subject"] = {"reference": f"Patient?{IDENTIFIED}"}
    refused = send_bundle("transaction", _entry("POST", "Basic", basic), *patients, status=412)
    assert refused["issue"][0]["expression"] == ["Bundle.entry[0]"]
    if count:
        send_bundle("transaction", *patients)
    send_bundle("transaction", _entry("POST", "Basic", basic), status=412)
    assert client.get("/fhir/Basic").json()["total"] == 0


@pytest.mark.parametrize("size", [1, 100, 1000])
def test_a_transaction_of_any_size_is_answered_in_its_order(client, send_bundle, size):
    """One answer for each entry, at its place."""
    patients = [
        _entry("PUT", f"Patient/{at}", {"resourceType": "Patient", "id": str(at)})
        for at in range(size)
    ]
    made = send_bundle("transaction", *patients)["entry"]
    assert [_id(one) for one in made] == [str(at) for at in range(size)]


def _basic(key: str, subject: str) -> dict:
    return {
        "resourceType": "Basic",
        "identifier": [{"value": key}],
        "code": {"text": "x"},
        "subject": {"reference": subject},
    }


POOL = [
    *WRITES.values(),
    {**_entry("POST", "Patient", _patient(gender="male")), "fullUrl": "urn:uuid:1"},
    {
        **_entry("POST", "Patient", _patient(gender="other"), ifNoneExist=IDENTIFIED),
        "fullUrl": "urn:uuid:2",
    },
    {**_entry("PUT", "Patient/b", {"resourceType": "Patient", "id": "b"}), "fullUrl": "urn:uuid:3"},
    _entry("DELETE", "Patient/b"),
    _entry("POST", "Basic", _basic("1", "urn:uuid:1")),
    _entry("POST", "Basic", _basic("2", "urn:uuid:2/_history/1")),
    _entry("POST", "Basic", _basic("3", "urn:uuid:3/_history/1")),
    _entry("POST", "Basic", _basic("4", f"Patient?{IDENTIFIED}")),
    _entry("PUT", "Basic?identifier=5", _basic("5", "Patient?_id=a")),
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    before=st.booleans(),
    entries=st.lists(st.sampled_from(range(len(POOL))), min_size=2, max_size=4, unique=True),
)
def test_the_order_of_the_entries_does_not_matter(client, before, entries):
    """Neither to whether a transaction is done nor to what is stored then."""
    found = set()
    for order in (entries, entries[::-1]):
        for kind in ("Patient", "Basic"):
            for one in client.get(f"/fhir/{kind}").json().get("entry", []):
                client.delete(f"/fhir/{kind}/{one['resource']['id']}")
        if before:
            client.put("/fhir/Patient/a", json=_patient(id="a"))
        bundle = {"resourceType": "Bundle", "type": "transaction"}
        answer = client.post("/fhir", json={**bundle, "entry": [POOL[at] for at in order]})
        found.add((answer.status_code == 200, _stored(client)))
    assert len(found) == 1


def _stored(client) -> tuple[str, ...]:
    """What is stored, but for ids and versions, which differ each time."""
    kept = []
    for kind in ("Patient", "Basic"):
        for one in client.get(f"/fhir/{kind}").json().get("entry", []):
            text = json.dumps({**one["resource"], "meta": None}, sort_keys=True)
            text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "id", text)
            kept.append(re.sub(r"/_history/[0-9]+", "/_history/n", text))
    return tuple(sorted(kept))
