"""Conditions that look at JSON directly: they say what the engine says, or that they do not know."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.definitions.r4 import definitions
from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.nodes import Node
from profiles.fhirpath.plain import Unsure, plain_condition
from tests.profiles.test_constraints import CASES

CONDITIONS = [
    (kind, rule.expression)
    for kind, definition in sorted(definitions().types.items())
    for rule in definition.rules
    if plain_condition(rule.expression, kind) is not None
]
CODE = {"coding": [{"system": "s", "code": "a"}, {"system": "s", "code": "b"}]}


@pytest.mark.parametrize(
    ("kind", "expression", "value", "said"),
    [
        (
            "Condition",
            "code.coding.where(system = 's' and code = 'b').exists()",
            {"code": CODE},
            True,
        ),
        ("Condition", "code.coding.where(system = 't').empty()", {"code": CODE}, True),
        ("Condition", "code.coding.code = 'a'", {"code": CODE}, False),
        ("Condition", "code.coding.all(code in ('a' | 'b'))", {"code": CODE}, True),
        ("Condition", "code.coding.exists(code = 'c')", {"code": CODE}, False),
        ("Condition", "abatement.exists()", {"abatementString": "x"}, True),
        ("Condition", "abatement.empty() or code.exists()", {"onsetString": "x"}, True),
        ("Patient", "active and deceased.empty()", {"active": True}, True),
        ("Patient", "active", {}, None),
        ("Patient", "active.not()", {"active": False}, True),
        ("Patient", "gender = 'male' implies active", {"gender": "male"}, None),
        ("Patient", "gender != 'male'", {"gender": "other"}, True),
        ("Timing.repeat", "period >= 0", {"period": 0.5}, True),
        ("Timing.repeat", "count < 2", {"count": 2}, False),
    ],
)
def test_a_condition_is_decided_on_the_json(kind, expression, value, said):
    """Existence, codes, truth values and signs of numbers, with what is empty left unknown."""
    condition = plain_condition(expression, kind)
    assert condition is not None
    assert condition(value) is said


@pytest.mark.parametrize(
    ("kind", "expression", "value"),
    [
        ("Patient", "birthDate.exists()", {"_birthDate": {"id": "x"}}),
        ("Patient", "name.given.exists()", {"name": [{"given": [None]}]}),
        ("Condition", "code.coding.code in ('a' | 'b')", {"code": CODE}),
        (
            "Condition",
            "code.coding.userSelected",
            {"code": {"coding": [{"userSelected": True}] * 2}},
        ),
    ],
)
def test_what_only_the_engine_can_judge_is_left_to_it(kind, expression, value):
    """Extensions beside a primitive, gaps in a list, several values where one is expected."""
    condition = plain_condition(expression, kind)
    assert condition is not None
    with pytest.raises(Unsure):
        condition(value)


@pytest.mark.parametrize(
    "expression",
    [
        "name.count() = 1",
        "%resource.active",
        "name.first().exists()",
        "deceased = 'x'",
        "birthDate <= today()",
        "contained.exists()",
        "name = name",
        "nothing.exists()",
        "1 +",
    ],
)
def test_another_expression_is_not_plain(expression):
    """It is evaluated by the engine."""
    assert plain_condition(expression, "Patient") is None


def _objects(value: Any) -> list[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) else []
    return own + [one for each in inner for one in _objects(each)]


OBJECTS = [one for case in CASES for one in (*_objects(case.breaks), *_objects(case.passes))]


@settings(deadline=None)
@given(st.sampled_from(CONDITIONS), st.sampled_from(OBJECTS), st.sampled_from(OBJECTS), st.data())
def test_a_constraint_is_met_as_the_engine_says(condition, one, other, data):
    """On objects put together out of resources that break constraints and their near twins."""
    kind, expression = condition
    value = {**one, **other}
    for name in data.draw(st.lists(st.sampled_from(sorted(value)), max_size=2)):
        value = {key: inner for key, inner in value.items() if key != name}
    members = definitions().types[kind].members
    value = {name: inner for name, inner in value.items() if name in members}
    quick = plain_condition(expression, kind)
    try:
        said = quick(value)
    except (Unsure, TypeError, AttributeError):
        return
    assert (said is True) == compile_expression(expression).holds({}, context=Node(value, kind))
