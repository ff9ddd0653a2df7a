"""Every constraint of R4: a resource that breaks it is refused at the place, its near twin is not."""

import pytest

from profiles.admission import issues
from profiles.definitions.r4 import definitions
from tests.profiles.constraints import clinical, conformance, datatypes, exchange, structures

CASES = [
    case
    for table in (datatypes, exchange, clinical, conformance, structures)
    for case in table.CASES
]
NEVER_BROKEN = {
    "eld-11": "asks that the answers for the types exist, not that one is true",
    "ppc-2": "asks for the system 'something', and so do ppc-3 to ppc-5",
    "ppc-3": "as ppc-2",
    "ppc-4": "as ppc-2",
    "ppc-5": "as ppc-2",
    "tst-4": "asks for two elements that are required anyway",
}


def _found(resource: dict) -> list[tuple[str, str]]:
    return [(text.partition(":")[0], at) for _, _, text, at in issues(resource, warnings=False)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.key} {case.place}")
def test_a_constraint_is_asked_where_it_stands(case):
    """The issue names key and element; what differs in nothing else is taken."""
    assert (case.key, case.place) in _found(case.breaks)
    assert _found(case.passes) == []


def test_every_constraint_that_can_be_broken_is_shown():
    """A constraint that the definitions gain needs a case here."""
    rules = {
        rule.key
        for definition in definitions().types.values()
        for holder in (definition, *definition.elements)
        for rule in holder.rules
        if rule.severity == "error"
    }
    assert rules - {case.key for case in CASES} == set(NEVER_BROKEN)


@pytest.mark.parametrize(
    ("name", "usable"), [("Heart_Rate2", True), ("heartRate", False), ("a B", False), (None, True)]
)
def test_a_computable_name_is_a_name_as_a_whole(name, usable):
    """vsd-0 and its kin describe the whole name; one that is not given is not judged."""
    value_set = {"resourceType": "ValueSet", "status": "draft"}
    found = issues(value_set if name is None else {**value_set, "name": name})
    assert [text[:5] for severity, _, text, _ in found if severity == "warning"] == (
        [] if usable else ["vsd-0"]
    )
