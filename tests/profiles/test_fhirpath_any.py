"""Whatever expression is sent, it gives a collection or an error that says why not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.fhirpath.compile import FUNCTIONS
from profiles.fhirpath.engine import compile_expression
from profiles.outcome import OperationOutcomeError

PATIENT = {
    "resourceType": "Patient",
    "modifierExtension": [{"url": "https://example.org/m", "valueBoolean": True}],
    "extension": [
        {"url": "https://example.org/q", "valueQuantity": {"value": 3.50, "unit": "mg"}},
        {"url": "https://example.org/t", "valueTime": "10:30:00"},
    ],
    "birthDate": "1974-12-25",
    "name": [{"family": "A", "given": ["B", None], "_given": [None, {"id": "x"}]}],
    "multipleBirthInteger": 2,
    "managingOrganization": {"reference": "Organization/1"},
}
TERMS = """
    1 0 1.5 2147483647 'a' '' '(a+)+' '[' '$1' true {} @2020 @2020-02-29T10:00:00.5Z @T10:30 @9999-12-31
    4'mg' $this $index $total %resource %ucum name name.given extension.value birthDate multipleBirth
    descendants() children() now() 'https://example.org/m'
"""
WORDS = "+ - * / div mod & | = != ~ !~ < > <= >= and or xor implies in contains"
TYPES = ["Patient", "string", "System.String", "Quantity", "FHIR.boolean", "System.Date"]


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(inner, max_size=3).map(", ".join)
    calls = st.tuples(inner, st.sampled_from(sorted(FUNCTIONS)), arguments)
    pairs = st.tuples(inner, st.sampled_from(WORDS.split()), inner)
    casts = st.tuples(inner, st.sampled_from(["is", "as"]), st.sampled_from(TYPES))
    return (
        calls.map(lambda parts: f"({parts[0]}).{parts[1]}({parts[2]})")
        | pairs.map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})")
        | casts.map(lambda parts: f"({parts[0]}) {parts[1]} {parts[2]}")
        | st.tuples(inner, inner).map(lambda parts: f"({parts[0]})[{parts[1]}]")
        | inner.map(lambda part: f"-({part})")
    )


EXPRESSIONS = st.recursive(st.sampled_from(TERMS.split()), _larger, max_leaves=8)


def _answered(expression: str) -> bool:
    """Whether a collection or an error with a reason comes back."""
    try:
        return isinstance(compile_expression(expression).evaluate(PATIENT), list)
    except OperationOutcomeError as refusal:
        return refusal.kind_name in ("invalid", "too-costly", "not-supported")


@settings(deadline=None, max_examples=300)
@given(EXPRESSIONS)
def test_any_expression_is_answered(expression):
    """No other exception leaves the engine."""
    assert _answered(expression)


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="()[]{}.,'`@T%$|/*-+=~ 0aname\\u\n", max_size=20))
def test_any_text_is_an_expression_or_refused(text):
    """The reader of expressions stops at what it does not know."""
    assert _answered(text)


def test_modifiers_are_compared_with_whatever_is_given():
    """R4 fhirpath.html#functions: one that is not listed stops the evaluation."""
    known = "checkModifiers(name, 'https://example.org/m').multipleBirth"
    assert compile_expression(known).values(PATIENT) == [2]
    with pytest.raises(OperationOutcomeError):
        compile_expression("checkModifiers(name)").evaluate(PATIENT)
