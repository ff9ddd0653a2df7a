"""Expressions from outside end soon: what would multiply, grow or go back without end is refused."""

import pytest

from profiles.fhirpath.backtracking import affordable
from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.members import Members, distinct
from profiles.fhirpath.nodes import system
from profiles.fhirpath.regex import LONGEST_LINEAR, found_in
from profiles.outcome import OperationOutcomeError

PATIENT = {
    "resourceType": "Patient",
    "name": [{"id": f"n{at}", "given": ["a"] * 40} for at in range(40)],
}
ALIKE = "a" * 60


def _values(expression: str) -> list:
    return compile_expression(expression).values(PATIENT)


@pytest.mark.parametrize(
    "expression",
    [
        "descendants().select(%resource.descendants().select(%resource.descendants()))",
        "descendants().where(%resource.descendants().where(%resource.descendants().exists()).exists())",
        "name.given.aggregate($total.combine($total), 1)",
        "name.given.aggregate($total & $total, 'aa')",
        "name.given.aggregate($total + $total, 'aa')",
        "'a'" + ".encode('hex')" * 60,
        f"'{ALIKE}'" + f".replace('a', '{ALIKE}')" * 9,
        f"'{ALIKE}'" + f".replaceMatches('a', '{ALIKE}')" * 9,
        "'a'.repeat($this & 'a')",
        "true" + ".not()" * 3000,
        "1" + " + 1" * 4000,
    ],
)
def test_what_multiplies_is_refused(expression):
    """Nodes, texts and depth are bounded, with a clear answer."""
    with pytest.raises(OperationOutcomeError) as refusal:
        _values(expression)
    assert refusal.value.kind_name == "too-costly"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("matches('(a+)+b')", False),
        ("matches('(a+)+$')", True),
        ("matchesFull('(a|a)*')", True),
        ("matchesFull('(a|aa)*b')", False),
        ("matches('(?<x>a|.)+b')", False),
        ("matches('([ab]|.)+\\\\p{Lu}')", False),
    ],
)
def test_a_pattern_that_would_go_back_without_end_is_matched_in_one_pass(call, answer):
    """Another engine has it, which reads the same patterns."""
    assert _values(f"'{ALIKE}'.{call}") == [answer]


@pytest.mark.parametrize(
    "call",
    ["matches('(a+)+(?=b)')", "matches('(A+)+b', 'i')", "replaceMatches('(a|aa)+b', 'x')"],
)
def test_what_neither_engine_does_quickly_is_refused(call):
    """Looking ahead, flags and replacing need the engine that goes back."""
    with pytest.raises(OperationOutcomeError) as refusal:
        _values(f"'{ALIKE}'.{call}")
    assert refusal.value.kind_name == "too-costly"


def test_the_other_engine_has_limits_too():
    """A huge pattern and a huge text are refused."""
    for text, pattern in (
        (ALIKE, "((a{1,99}){1,99}){1,99}b"),
        ("a" * LONGEST_LINEAR * 2, "(a+)+b"),
    ):
        with pytest.raises(OperationOutcomeError) as refusal:
            found_in(text, pattern, "", whole=False)
        assert refusal.value.kind_name == "too-costly"


@pytest.mark.parametrize(
    ("pattern", "length", "soon"),
    [
        ("[a-z]+", 10_000, True),
        ("[a-z]+", 1_000_000, False),
        (r"\d{4}-\d\d", 1_000_000, True),
        (r"(\d+)-(\d+)", 200, True),
        (r"(\d+)-(\d+)", 10_000, False),
        ("(?:ab)+", 1000, True),
        ("(?:a+)+", 60, False),
        ("(?:a|b|ab)*", 60, False),
        ("(a)?(?(1)b|c)", 1000, True),
    ],
)
def test_the_ways_of_a_pattern_are_counted(pattern, length, soon):
    """A repetition costs the length of the text, one within another its power."""
    assert affordable(pattern, 0, length) is soon


def test_many_values_are_told_apart_by_their_hash():
    """A code system of thousands of codes is checked for doubles at once (csd-1)."""
    concepts = [{"code": f"c{at}"} for at in range(20_000)]
    system_ = {"resourceType": "CodeSystem", "concept": concepts}
    unique = compile_expression("concept.code.isDistinct()")
    assert unique.values(system_) == [True]
    assert unique.values({**system_, "concept": [*concepts, concepts[0]]}) == [False]


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("(1 | 1.0 | 1 '1' | '1' | true).count()", [3]),
        ("(@2020 | @2020-01 | @2020).count()", [2]),
        ("(1 'm' | 100 'cm' | 2 'm').count()", [2]),
        ("1 'm' in (100 'cm' | 2 'm')", [True]),
        ("(1 | 2).intersect(2.0 | 3).first() = 2", [True]),
        ("(1 '1').combine(2).exclude(1)", [2]),
        ("(1 | 2).subsetOf(2 | 1 | 3)", [True]),
        ("(1 | 2 | 4).subsetOf(2 | 1 | 3)", [False]),
        ("%resource.name.distinct().count()", [40]),
        ("%resource.name.given.distinct()", ["a"]),
    ],
)
def test_sets_tell_values_apart_as_equality_does(expression, answer):
    """N1 6.1.1: numbers of any type, units that convert, dates of one precision."""
    assert _values(expression) == answer


def test_members_are_what_was_added():
    """A value is found by what it equals."""
    members = Members([system("a"), system(1)])
    assert "a" in members
    assert True not in members
    assert [node.value for node in distinct([system("a"), system("b"), system("a")])] == ["a", "b"]
