"""$everything (R4 patient-operation-everything.html): all of a patient or an encounter, nobody else's."""

import pytest

FHIR = {"Content-Type": "application/fhir+json"}


def _put(client, kind: str, key: str, **elements: object) -> None:
    resource = {"resourceType": kind, "id": key, **elements}
    answer = client.put(f"/fhir/{kind}/{key}", json=resource, headers=FHIR)
    assert answer.status_code in (200, 201), answer.text


def _ref(text: str) -> dict:
    return {"reference": text}


def _observation(client, key: str, patient: str = "Patient/a", **elements: object) -> None:
    known = {"status": "final", "code": {"text": "c"}, "subject": _ref(patient)}
    _put(client, "Observation", key, **{**known, **elements})


def _found(client, address: str) -> dict[str, set[str]]:
    """References of an answer by search mode."""
    answer = client.get(f"/fhir/{address}")
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    modes: dict[str, set[str]] = {"match": set(), "include": set()}
    for entry in bundle.get("entry", ()):
        resource = entry["resource"]
        modes[entry["search"]["mode"]].add(f"{resource['resourceType']}/{resource['id']}")
    return modes


@pytest.fixture
def ward(client):
    """Patient a with an encounter, patient b, and what they share."""
    _put(client, "Organization", "region", name="r")
    _put(client, "Organization", "clinic", name="c", partOf=_ref("Organization/region"))
    _put(client, "Practitioner", "dr")
    _put(
        client,
        "PractitionerRole",
        "role",
        practitioner=_ref("Practitioner/dr"),
        organization=_ref("Organization/clinic"),
    )
    _put(client, "Patient", "a", generalPractitioner=[_ref("PractitionerRole/role")])
    _put(client, "Patient", "b")
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    _put(
        client,
        "Encounter",
        "e",
        **{"status": "finished", "class": coding, "subject": _ref("Patient/a")},
    )
    _observation(client, "in", encounter=_ref("Encounter/e"), effectiveDateTime="2021-05")
    _observation(client, "out", effectiveDateTime="2019-05", device=_ref("Device/d"))
    _observation(client, "undated")
    _observation(client, "other", "Patient/b")
    _put(client, "Device", "d")
    _put(client, "Binary", "scan", contentType="text/plain", data="QQ==")
    attached = {"attachment": {"contentType": "text/plain", "url": "Binary/scan"}}
    _put(
        client,
        "DocumentReference",
        "doc",
        status="current",
        subject=_ref("Patient/a"),
        content=[attached],
    )
    return client


COMPARTMENT = {"Patient/a", "Encounter/e", "DocumentReference/doc"} | {
    f"Observation/{key}" for key in ("in", "out", "undated")
}
SUPPORT = {"PractitionerRole/role", "Practitioner/dr", "Organization/clinic"} | {
    *("Organization/region", "Device/d", "Binary/scan"),
}


def test_everything_is_the_compartment_and_all_that_it_refers_to(ward):
    """Matches are of the compartment; what they refer to at any distance is included; others' is not."""
    assert _found(ward, "Patient/a/$everything") == {"match": COMPARTMENT, "include": SUPPORT}
    bundle = ward.get("/fhir/Patient/a/$everything").json()
    assert bundle["total"] == len(COMPARTMENT)
    posted = ward.post(
        "/fhir/Patient/a/$everything", json={"resourceType": "Parameters"}, headers=FHIR
    ).json()
    assert posted["entry"] == bundle["entry"]


def test_what_speaks_of_another_patient_stays_out(ward):
    """An observation and a group of somebody else, although the record refers to them."""
    members = [{"entity": _ref("Patient/b")}]
    _put(ward, "Group", "g", type="person", actual=True, member=members)
    _observation(ward, "linked", derivedFrom=[_ref("Observation/other")], focus=[_ref("Group/g")])
    found = _found(ward, "Patient/a/$everything")
    assert "Observation/linked" in found["match"]
    everything = found["match"] | found["include"]
    assert not everything & {"Observation/other", "Group/g", "Patient/b"}


def test_linked_records_of_the_same_person_are_shown(ward):
    """Patient.link leads to the other record, from either side; not into its compartment."""
    _put(ward, "Patient", "old", link=[{"other": _ref("Patient/a"), "type": "replaced-by"}])
    _observation(ward, "of-old", "Patient/old")
    found = _found(ward, "Patient/a/$everything")
    assert found["match"] == COMPARTMENT | {"Patient/old"}


def test_the_provenance_of_the_record_is_included(ward):
    """Of its resources, with who made them."""
    _put(
        ward,
        "Provenance",
        "p",
        target=[_ref("Observation/in")],
        recorded="2021-05-01T00:00:00Z",
        agent=[{"who": _ref("Practitioner/recorder")}],
    )
    _put(ward, "Practitioner", "recorder")
    included = _found(ward, "Patient/a/$everything")["include"]
    assert included == SUPPORT | {"Provenance/p", "Practitioner/recorder"}


def test_dates_bound_the_care_and_types_and_changes_the_answer(ward):
    """The range is of the care and undated stays; _type may be repeated; _since is of the record."""
    address = "Patient/a/$everything"
    assert "Observation/out" not in _found(ward, f"{address}?start=2020")["match"]
    assert "Observation/in" not in _found(ward, f"{address}?end=2020-12-31")["match"]
    assert "Device/d" not in _found(ward, f"{address}?start=2020")["include"]
    both = _found(ward, f"{address}?start=2021-05-31&end=2022")["match"]
    assert {"Observation/in", "Observation/undated", "Patient/a"} <= both
    one = _found(ward, f"{address}?_type=Observation&start=2020")
    assert one == {"match": {"Observation/in", "Observation/undated"}, "include": set()}
    two = _found(ward, f"{address}?_type=Patient,Encounter&_type=Device")
    assert two == {"match": {"Patient/a", "Encounter/e"}, "include": {"Device/d"}}
    query = "_type=Patient,Encounter"
    (link,) = ward.get(f"/fhir/{address}?{query}").json()["link"]
    assert link["url"].endswith(f"?{query}")
    latest = ward.get("/fhir/DocumentReference/doc").json()["meta"]["lastUpdated"]
    assert "DocumentReference/doc" in _found(ward, f"{address}?_since={latest}")["match"]
    assert _found(ward, f"{address}?_since=2999-01-01T00:00:00Z")["match"] == set()


def test_an_encounter_is_shown_with_its_patient_and_nothing_of_other_encounters(ward):
    """R4 encounter-operation-everything.html."""
    found = _found(ward, "Encounter/e/$everything")
    assert found["match"] == {"Encounter/e", "Observation/in"}
    assert found["include"] == {"Patient/a"} | (SUPPORT - {"Device/d", "Binary/scan"})
    assert ward.get("/fhir/Encounter/e/$everything?start=2020").status_code == 400


def test_everything_of_a_type_is_that_of_each_patient(ward):
    """Each resource once, and a match where it is one for anybody."""
    found = _found(ward, "Patient/$everything")
    assert found["match"] == COMPARTMENT | {"Patient/b", "Observation/other"}
    assert found["include"] == SUPPORT


def test_pages_end_and_do_not_move_when_something_is_written_meanwhile(ward):
    """Each resource once, in pages of two; a new one comes after the page that was shown."""
    seen: list[str] = []
    address = "/fhir/Patient/a/$everything?_count=2"
    while address:
        bundle = ward.get(address).json()
        seen += [entry["fullUrl"] for entry in bundle["entry"]]
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        address = links.get("next", "")
        if len(seen) == 4:
            _put(ward, "Organization", "clinic", partOf=_ref("Organization/region"), name="x")
    assert len(seen) == len(set(seen)) == len(COMPARTMENT | SUPPORT)
    zero = ward.get("/fhir/Patient/a/$everything?_count=0").json()
    assert (zero["total"], "entry" in zero) == (len(COMPARTMENT), False)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Patient/nobody/$everything", 404),
        ("Encounter/nobody/$everything", 404),
        ("Patient/a/$everything?start=yesterday", 400),
        ("Patient/a/$everything?_since=2020", 400),
        ("Patient/a/$everything?_count=x", 400),
        ("Patient/a/$everything?_count=-1", 400),
        ("Patient/a/$everything?_type=Nothing", 400),
        ("Patient/a/$everything?_cursor=AAAA", 400),
        ("Patient/a/$everything?colour=red", 400),
        ("Observation/a/$everything", 404),
    ],
)
def test_what_is_not_there_or_malformed_is_refused(ward, address, status):
    """With an OperationOutcome."""
    answer = ward.get(f"/fhir/{address}")
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_everything_about_a_deleted_patient_is_gone(ward):
    """410, as for the resource itself."""
    ward.delete("/fhir/Patient/b")
    assert ward.get("/fhir/Patient/b/$everything").status_code == 410


def test_everything_of_a_group_is_that_of_its_present_members(ward):
    """The group and the records of who is in it, not of who has left it (R4 group-operation-everything)."""
    members = [
        {"entity": _ref("http://testserver/fhir/Patient/b")},
        {"entity": _ref("Patient/a"), "inactive": True},
        {"entity": _ref("Patient/nobody")},
    ]
    _put(ward, "Group", "g", type="person", actual=True, member=members)
    found = _found(ward, "Group/g/$everything")["match"]
    assert found == {"Group/g", "Patient/b", "Observation/other"}
    narrowed = _found(ward, "Group/g/$everything?_type=Observation&_count=1")["match"]
    assert narrowed == {"Observation/other"}


def _within(encounter: str) -> list[dict]:
    url = "http://hl7.org/fhir/StructureDefinition/encounter-associatedEncounter"
    return [{"url": url, "valueReference": _ref(encounter)}]


def test_an_encounter_has_what_is_associated_with_it_by_extension(ward):
    """Of any type, other encounters included; of another patient nothing (R4 Encounter-everything)."""
    _put(ward, "Basic", "note", code={"text": "n"}, extension=_within("Encounter/e"))
    _put(ward, "Basic", "else", code={"text": "n"}, extension=_within("Encounter/inner"))
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    for key, patient in (("inner", "a"), ("stranger", "b")):
        elements = {"status": "finished", "class": coding, "subject": _ref(f"Patient/{patient}")}
        _put(ward, "Encounter", key, **elements, extension=_within("Encounter/e"))
    found = _found(ward, "Encounter/e/$everything")
    assert found["match"] == {"Encounter/e", "Observation/in", "Basic/note", "Encounter/inner"}
    assert "Encounter/stranger" not in found["include"]


def test_what_is_associated_with_an_encounter_can_be_searched(ward):
    """By a parameter of every type that has extensions."""
    _put(ward, "Basic", "note", code={"text": "n"}, extension=_within("Encounter/e"))
    assert _found(ward, "Basic?associated-encounter=e")["match"] == {"Basic/note"}
    assert _found(ward, "Basic?associated-encounter=other")["match"] == set()
