"""FHIRPath for trial use: Long, a whole number of 64 bits; and sorting by keys of one value."""

import pytest

from profiles.fhirpath.engine import compile_expression
from profiles.outcome import OperationOutcomeError
from tests.profiles.test_fhirpath_clauses import shown

PATIENT = {
    "resourceType": "Patient",
    "name": [
        {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
        {"use": "usual", "given": ["Jim"]},
        {"use": "maiden", "family": "Windsor", "given": ["Peter"]},
    ],
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1L + 2", [3]),
        ("(1L + 2) is Long", [True]),
        ("(1 + 2) is Long", [False]),
        ("3000000000L * 2", [6_000_000_000]),
        ("2147483647 + 1", []),
        ("2147483647 + 1L", [2_147_483_648]),
        ("9223372036854775807L + 1", []),
        ("-9223372036854775807L - 1", [-(2**63)]),
        ("(7L div 2).type().name", ["Long"]),
        ("(7L mod 2).type().name", ["Long"]),
        ("(1L / 2).type().name", ["Decimal"]),
        ("(1L + 1.5).type().name", ["Decimal"]),
        ("(-5L).abs().type().name", ["Long"]),
        ("(-5L).type().name", ["Long"]),
        ("2L.power(40)", [2**40]),
        ("2.power(40)", []),
        ("1L = 1", [True]),
        ("1L ~ 1.0", [True]),
        ("1L < 1.5", [True]),
        ("(1 | 1L).count()", [1]),
        ("3000000000L.toInteger()", []),
        ("3L.toInteger() is Integer", [True]),
        ("'3000000000'.toLong() is System.Long", [True]),
        ("'9223372036854775808'.convertsToLong()", [False]),
        ("3.toLong() is Long", [True]),
        ("3L.toString()", ["3"]),
        ("3L.toDecimal() is Decimal", [True]),
        ("name[1L].use", ["usual"]),
        ("name.sort(family).use", ["usual", "official", "maiden"]),
        ("name.sort(family desc).use", ["maiden", "official", "usual"]),
        ("name.sort(given.first() desc, use).use", ["maiden", "official", "usual"]),
        ("name.given.combine('x', true)", ["Peter", "James", "Jim", "Peter", "x"]),
        ("Patient is System.Patient", [False]),
        ("Patient is FHIR.Patient", [True]),
    ],
)
def test_whole_numbers_of_64_bits(expression, expected):
    """A Long stays one until a Decimal is beside it; what does not fit gives nothing."""
    assert shown(expression, PATIENT) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "9223372036854775808L",
        f"{'9' * 5000}L",
        "1Lx",
        "name.sort(given)",
        "(1 | 'a').sort()",
        "Patient is System.Nothing",
        "Patient is Other.Patient",
    ],
)
def test_what_has_no_meaning_is_refused(expression):
    """Too large a Long, a key of several values, values without an order, types that nobody knows."""
    with pytest.raises(OperationOutcomeError):
        compile_expression(expression).evaluate(PATIENT)
