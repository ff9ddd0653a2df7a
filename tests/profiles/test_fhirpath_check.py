"""FHIRPath against the types: what can never be there is found without a resource that lacks it."""

import pytest

from profiles.definitions.r4 import definitions
from profiles.fhirpath.check import checked
from profiles.outcome import OperationOutcomeError


@pytest.mark.parametrize(
    ("kind", "expression", "problem"),
    [
        ("Patient", "name.nickname", "HumanName: there is no nickname"),
        ("Patient", "Observation.status", "Patient: there is no Observation"),
        (
            "Patient",
            "Patient.name.where(nickname = 'x').exists()",
            "HumanName: there is no nickname",
        ),
        ("Patient", "name.select(given | nickname)", "HumanName: there is no nickname"),
        ("Observation", "valueQuantity.unit", "Observation: there is no valueQuantity"),
        ("Observation", "(value as Period).unit", "Period: there is no unit"),
        ("Observation", "value.ofType(Quantity).start", "Quantity: there is no start"),
        ("Observation", "component.value.nothing", None),
        ("Patient", "children().skip(1)", "skip(): children() has no order"),
        ("Patient", "descendants()[0]", "[]: descendants() has no order"),
        ("Patient", "iif('a', 1, 2)", "iif(): the criterion is no Boolean"),
        ("Patient", "identifier.startsWith('a')", "startsWith(): Identifier is no text"),
        ("Patient", "birthDate.year", "date: there is no year"),
        ("Patient", "'a'.b", "System.String: there is no b"),
        ("Patient", "type().size", "System.TypeInfo: there is no size"),
        ("Patient", "%resource.colour", "Patient: there is no colour"),
        ("Patient", "name[0].nickname", "HumanName: there is no nickname"),
    ],
)
def test_what_a_type_cannot_have_is_named(kind, expression, problem):
    """A path is followed through choices, functions and variables."""
    problems, _ = checked(expression, kind)
    if problem is None:
        assert problems[0].endswith("there is no nothing")
    else:
        assert problems == [problem]


@pytest.mark.parametrize(
    ("kind", "expression", "types"),
    [
        ("Patient", "name.given", {"string"}),
        ("Patient", "deceased", {"boolean", "dateTime"}),
        ("Patient", "deceased as boolean", {"boolean"}),
        ("Patient", "deceased is boolean", {"System.Boolean"}),
        ("Patient", "birthDate.extension('https://x').value.ofType(Coding).code", {"code"}),
        ("Patient", "name.given.count()", {"System.Integer"}),
        ("Patient", "(name | telecom).use", {"code"}),
        ("Patient", "name.select(given)", {"string"}),
        ("Patient", "iif(active, name, {}).family", {"string"}),
        ("Patient", "type().name", {"System.String"}),
        ("Patient", "contained.id", None),
        ("Patient", "generalPractitioner.resolve().name", None),
        ("Patient", "link.other.reference & 'x'", None),
        ("Patient", "%other.colour", None),
        ("Patient", "Resource.id", {"id"}),
        ("Patient", "contact.where($this.name.exists()).first().gender", {"code"}),
        ("Patient", "-1", {"System.Integer"}),
        ("Patient", "{}.anything", frozenset()),
        ("Patient", "$index", {"System.Integer"}),
    ],
)
def test_what_fits_has_its_types(kind, expression, types):
    """Nothing is wrong where a type cannot be said."""
    assert checked(expression, kind) == ([], None if types is None else frozenset(types))


def test_a_context_has_types_of_its_own():
    """An expression is checked on what its context gives, and not on the resource."""
    assert checked("given", "Patient", frozenset({"HumanName"}))[0] == []
    assert checked("given", "Patient")[0] == ["Patient: there is no given"]
    assert checked("given", "Patient", None)[0] == []


def test_what_is_no_expression_or_no_type_is_refused():
    """A mistake that no evaluation would survive."""
    for expression in ("1 +", "name.ofType(Nothing)"):
        with pytest.raises(OperationOutcomeError):
            checked(expression, "Patient")


def test_the_constraints_of_r4_fit_their_types():
    """All but one: R4 asks for the name of a ChargeItemDefinition, which has none (cid-0)."""
    wrong = {
        (kind, rule.key)
        for kind, definition in definitions().types.items()
        for rule in definition.rules
        if checked(rule.expression, kind)[0]
    }
    assert wrong == {("ChargeItemDefinition", "cid-0")}
