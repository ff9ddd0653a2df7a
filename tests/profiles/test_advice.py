"""Warnings about what R4 says in words; none of them refuses a resource."""

import pytest

from profiles.admission import issues
from tests.profiles.constraints import clinical, conformance, datatypes, exchange, structures

OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
PATIENT = {"resourceType": "Patient", "id": "p"}
URI = "urn:ietf:rfc:3986"


def _warned(resource: dict) -> list[str]:
    assert issues(resource, warnings=False) == []
    return [at for severity, _, _, at in issues(resource) if severity == "warning"]


@pytest.mark.parametrize(
    ("profile", "warned"),
    [("Profile/x", True), ("https://example.org/x|1", False), ("urn:oid:1.2.3", False)],
)
def test_a_canonical_is_absolute(profile, warned):
    """R4 references.html#canonical."""
    found = _warned({**OBSERVATION, "meta": {"profile": [profile]}})
    assert found == (["Observation.meta.profile[0]"] if warned else [])


def test_a_canonical_may_lead_to_what_is_contained():
    """A fragment is a canonical too."""
    contained = {"resourceType": "Questionnaire", "id": "q", "status": "draft"}
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "contained": [contained],
        "questionnaire": "#q",
    }
    assert _warned(response) == []


@pytest.mark.parametrize(
    ("identifier", "places"),
    [
        ({"system": "mrn", "value": "1"}, ["system"]),
        ({"system": "urn:oid:1.2.x", "value": "1"}, ["system"]),
        ({"system": "urn:uuid:1", "value": "1"}, ["system"]),
        ({"system": URI, "value": "1"}, ["value"]),
        ({"system": URI, "value": "urn:oid:1.2.3"}, []),
        ({"system": URI}, []),
        ({"system": "https://example.org/mrn", "value": "1"}, []),
        ({"value": "1"}, []),
    ],
)
def test_a_system_is_an_absolute_uri(identifier, places):
    """R4 datatypes.html#Identifier: and its value is one too where the system says so."""
    found = _warned({**PATIENT, "identifier": [identifier]})
    assert found == [f"Patient.identifier[0].{place}" for place in places]


def test_the_place_of_a_choice_names_its_type():
    """As everywhere in an OperationOutcome."""
    found = _warned({**OBSERVATION, "valueQuantity": {"value": 1, "system": "x", "code": "g"}})
    assert found == ["Observation.value.ofType(Quantity).system"]


@pytest.mark.parametrize(("kind", "warned"), [("collection", True), ("searchset", True)])
def test_an_entry_has_a_full_url(kind, warned):
    """R4 bundle.html#bundle-unique, where the resource has an id."""
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [{"resource": PATIENT}]}
    assert _warned(bundle) == (["Bundle.entry[0].fullUrl"] if warned else [])
    bundle["entry"] = [{"resource": {"resourceType": "Patient"}}]
    assert _warned(bundle) == []


def test_every_resource_can_be_advised_on():
    """No type of element is unknown to the walk."""
    for table in (clinical, conformance, datatypes, exchange, structures):
        for case in table.CASES:
            assert all(severity == "warning" for severity, *_ in issues(case.passes))
