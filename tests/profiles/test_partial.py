"""One answer names the problems of structure and of constraints, and nothing that follows from another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.admission import issues
from tests.profiles.constraints import exchange, structures
from tests.profiles.test_structure import JSON, PATIENT

OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "x"},
    "valueString": "x",
    "dataAbsentReason": {"text": "x"},
}


def _said(resource: dict) -> list[tuple[str, str]]:
    return [(text.partition(":")[0], at) for _, _, text, at in issues(resource, warnings=False)]


def test_structure_and_constraints_are_said_at_once():
    """What is wrong elsewhere does not hide that a constraint is not met."""
    patient = {
        "resourceType": "Patient",
        "colour": "red",
        "contact": [{"gender": "female"}, {"gender": "f"}],
        "name": [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}],
        "photo": [{"data": "AAAA", "size": 9, "contentType": "image/png"}],
    }
    assert [at for _, at in _said(patient)] == [
        "Patient.colour",
        "Patient.contact[1].gender",
        "Patient.name[1].id",
        "Patient.contact[0]",
        "Patient.contact[1]",
        "Patient.photo[0]",
    ]


@pytest.mark.parametrize(
    ("members", "asked"),
    [
        ({"colour": "red"}, True),
        ({"status": "nonsense"}, True),
        ({"subject": {"reference": "a b"}}, True),
        ({"valueString": 1}, False),
        ({"dataAbsentReason": "x"}, False),
        ({"valueInteger": 1}, False),
    ],
)
def test_a_constraint_on_what_is_malformed_is_not_asked(members, asked):
    """obs-6 looks at the value and the reason for its absence, and at nothing else."""
    found = _said({**OBSERVATION, **members})
    assert (("obs-6", "Observation") in found) is asked
    assert len(found) == 2 if asked else len(found) == 1


def test_a_constraint_on_what_is_missing_is_not_asked():
    """app-3 looks at a status, which is required."""
    appointment = {
        "resourceType": "Appointment",
        "participant": [{"status": "accepted"}],
        "start": "2020-01-01T10:00:00Z",
    }
    assert [at for _, at in _said(appointment)] == [
        "Appointment.status",
        "Appointment",
        "Appointment.participant[0]",
    ]


def test_the_entries_of_a_bundle_are_judged_on_their_own():
    """One malformed entry hides nothing in another."""
    entries = [{"resource": {"resourceType": "Patient", "gender": "f"}}, {"resource": OBSERVATION}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    assert [at for _, at in _said(bundle)] == [
        "Bundle.entry[0].resource.gender",
        "Bundle.entry[1].resource",
    ]


@settings(deadline=None)
@given(
    st.sampled_from(
        [case.breaks for table in (exchange, structures) for case in table.CASES] + [PATIENT]
    ),
    st.dictionaries(st.sampled_from(["id", "entry", "item", "url", "snapshot", "name"]), JSON),
)
def test_whatever_is_sent_is_answered(resource, members):
    """No malformed member breaks the constraints beside it."""
    issues({**resource, **members, "resourceType": resource["resourceType"]})
