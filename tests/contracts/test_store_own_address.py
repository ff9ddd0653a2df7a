"""References by the address of the server itself are links like any other (R4 references.html#literal)."""

import pytest

BASE = "https://ours.example/fhir"
OWN = f"{BASE}/Patient/p"


def _observation(*performers: str, **elements: object) -> dict:
    return {
        "resourceType": "Observation",
        "id": "o",
        "performer": [{"reference": text} for text in performers],
        **elements,
    }


def _put(store, resource: dict, base: str = BASE) -> bytes:
    def work(tx):
        tx.written_under(base)
        return tx.put(resource).body

    return store.transact(work)


def _found(store, kind: str, *pairs: tuple[str, str]) -> list[str]:
    page = store.search(kind, pairs, base=BASE)
    return sorted(version.id for version in (*page.matches, *page.included))


@pytest.fixture
def patient(store):
    """A store with a Patient."""
    _put(store, {"resourceType": "Patient", "id": "p", "name": [{"family": "Ek"}]})
    return store


@pytest.mark.parametrize(
    ("kind", "pairs", "found"),
    [
        ("Observation", [("performer", "Patient/p")], ["o"]),
        ("Observation", [("performer", "p")], ["o"]),
        ("Observation", [("performer", OWN)], ["o"]),
        ("Observation", [("performer:Patient.name", "ek")], ["o"]),
        ("Observation", [("_include", "Observation:performer")], ["o", "p"]),
        ("Patient", [("_revinclude", "Observation:performer")], ["o", "p"]),
        ("Patient", [("_has:Observation:performer:_id", "o")], ["p"]),
    ],
)
@pytest.mark.parametrize("text", [OWN, f"{OWN}/_history/1"])
def test_an_own_address_is_a_link(patient, kind, pairs, found, text):
    """Searches, chains and includes find it; the bytes stay as they came."""
    assert text.encode() in _put(patient, _observation(text))
    assert _found(patient, kind, *pairs) == found


@pytest.mark.parametrize("foreign", ["https://theirs.example/fhir/Patient/p", "urn:uuid:1"])
def test_another_address_is_none(patient, foreign):
    """What stands on another server is no resource of ours, whatever its id."""
    _put(patient, _observation(foreign))
    assert _found(patient, "Observation", ("performer", "Patient/p")) == []
    assert _found(patient, "Observation", ("performer", foreign)) == ["o"]


@pytest.mark.parametrize(
    ("after", "found"),
    [((), []), (("Patient/p",), ["o"]), (("Patient/q",), [])],
)
@pytest.mark.parametrize("before", [(OWN,), ("Patient/p", OWN)])
@pytest.mark.parametrize("base", [BASE, "", "http://else.example/fhir"])
def test_a_link_goes_with_its_reference(patient, before, after, found, base):
    """The next version has the links of its own references alone, under whatever address it was written."""
    _put(patient, _observation(*before))
    _put(patient, _observation(*after), base)
    assert _found(patient, "Observation", ("performer", "Patient/p")) == found


@pytest.mark.parametrize("written", ["DocumentReference/d", f"{BASE}/DocumentReference/d"])
@pytest.mark.parametrize("asked", ["DocumentReference/d", f"{BASE}/DocumentReference/d"])
def test_a_part_of_a_pair_is_found_by_either_address(store, written, asked):
    """DocumentReference.relationship names what is replaced by its id or by its whole address."""
    related = [{"code": "replaces", "target": {"reference": written}}]
    _put(store, {"resourceType": "DocumentReference", "id": "o", "relatesTo": related})
    kind = "DocumentReference"
    assert _found(store, kind, ("relationship", f"replaces${asked}")) == ["o"]
    assert _found(store, kind, ("relationship", f"appends${asked}")) == []
    assert _found(store, kind, ("relationship", "replaces$DocumentReference/e")) == []


def test_a_link_goes_with_its_resource(patient):
    """Nothing is found by the reference of what was deleted and came back without it."""
    _put(patient, _observation(OWN))
    patient.transact(lambda tx: tx.delete("Observation", "o"))
    _put(patient, _observation())
    assert _found(patient, "Observation", ("performer", "Patient/p")) == []


def test_an_own_address_inside_a_contained_resource_is_a_link(patient):
    """A chain over a contained resource goes on to what that refers to."""
    inner = {"resourceType": "Encounter", "id": "e", "subject": {"reference": OWN}}
    _put(patient, _observation(contained=[inner], encounter={"reference": "#e"}))
    wanted = ("encounter:Encounter.subject", "Patient/p")
    assert _found(patient, "Observation", wanted) == ["o"]
    _put(patient, _observation())
    assert _found(patient, "Observation", wanted) == []


def test_a_link_survives_indexing_anew(patient):
    """What was written under an address is found by it after the index was built again."""
    _put(patient, _observation(OWN))
    patient.transact(lambda tx: tx.clear_parameters(_performer(tx)))
    assert _found(patient, "Observation", ("performer", "Patient/p")) == []
    patient.transact(lambda tx: tx.reindex_from(["Observation"], 0, 10))
    assert _found(patient, "Observation", ("performer", "Patient/p")) == ["o"]


def _performer(tx) -> dict:
    return {"Observation": tx.registry("Observation")["performer"]}
