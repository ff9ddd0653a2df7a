"""FHIRPath of R4: what an expression is told about elements and about codes."""

import pytest

from profiles.fhirpath.engine import compile_expression
from profiles.outcome import OperationOutcomeError

PATIENT = {
    "resourceType": "Patient",
    "name": [{"given": ["A"]}],
    "gender": "male",
    "deceasedBoolean": False,
    "contact": [{"gender": "male"}],
    "maritalStatus": {"coding": [{"system": "https://s", "code": "parent"}]},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "W"}],
    "_birthDate": {"extension": [{"url": "https://u", "valueCode": "c"}]},
}


class Known:
    """One value set and one code system."""

    def contains(self, value_set, system, code):
        """Of the one value set."""
        return code in ("male", "parent") if value_set == "https://known" else None

    def subsumes(self, system, above, below):
        """Of the one code system."""
        return (above, below) == ("parent", "child") if system == "https://s" else None


def _values(expression, **options):
    return compile_expression(expression).values(PATIENT, **options)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("name.elementDefinition().path", ["Patient.name"]),
        ("name.given.elementDefinition().path", ["HumanName.given"]),
        ("name.elementDefinition().max", ["*"]),
        ("gender.elementDefinition().max", ["1"]),
        ("gender.elementDefinition().min", [0]),
        ("gender.elementDefinition().type.code", ["code"]),
        ("gender.elementDefinition().binding.strength", ["required"]),
        ("deceased.elementDefinition().path", ["Patient.deceased[x]"]),
        ("deceased.elementDefinition().type.code", ["boolean", "dateTime"]),
        ("contact.elementDefinition().type.code", ["BackboneElement"]),
        ("contact.gender.elementDefinition().path", ["Patient.contact.gender"]),
        ("contained.name.elementDefinition().path", ["Organization.name"]),
        ("birthDate.extension.elementDefinition().path", ["date.extension"]),
        ("Patient.elementDefinition().path", ["Patient"]),
        ("'a'.elementDefinition()", []),
        ("{}.elementDefinition()", []),
        ("name.elementDefinition() is ElementDefinition", [True]),
        ("{}.slice('https://p', 's')", []),
    ],
)
def test_an_element_knows_its_definition(expression, expected):
    """Path, cardinality, types, binding and constraints, out of the type that has the element."""
    assert _values(expression) == expected


def test_a_slice_needs_its_profile():
    """The definitions that ship have no slices."""
    with pytest.raises(OperationOutcomeError) as refusal:
        _values("name.slice('https://p', 's')")
    assert refusal.value.kind_name == "not-supported"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("gender.memberOf('https://known')", [True]),
        ("gender.memberOf(%`vs-administrative-gender`)", [True]),
        ("maritalStatus.memberOf('https://known')", [True]),
        ("maritalStatus.coding.subsumes(%below)", [True]),
        ("%below.subsumedBy(maritalStatus)", [True]),
        ("%below.subsumes(maritalStatus)", [False]),
        ("maritalStatus.subsumes(maritalStatus)", [True]),
    ],
)
def test_codes_are_asked_where_somebody_knows_them(expression, expected):
    """What ships decides what nobody else knows."""
    below = compile_expression("Coding").evaluate(
        {"system": "https://s", "code": "child"}, kind="Coding"
    )
    assert _values(expression, codes=Known(), variables={"below": below}) == expected


@pytest.mark.parametrize(
    "expression", ["gender.memberOf('https://other')", "maritalStatus.coding.subsumes(%other)"]
)
def test_what_nobody_knows_of_codes_is_said(expression):
    """An unknown value set and an unknown code system need a terminology server."""
    other = compile_expression("Coding").evaluate(
        {"system": "https://s", "code": "x"}, kind="Coding"
    )
    with pytest.raises(OperationOutcomeError) as refusal:
        _values(expression, variables={"other": other})
    assert refusal.value.kind_name == "not-supported"
