"""Constraints that need not be evaluated, because the presence of members decides them."""

import pytest

from profiles.definitions.r4 import definitions
from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.nodes import Node
from profiles.guards import guard

RULES = [
    (kind, rule)
    for kind, definition in sorted(definitions().types.items())
    for rule in definition.rules
    if rule.severity == "error"
]


def test_what_is_passed_over_unseen_holds():
    """An object without members fails no constraint whose guard says that it holds."""
    spared = 0
    for kind, rule in RULES:
        expression = compile_expression(rule.expression)
        if guard(expression, kind).holds({}):
            spared += 1
            assert expression.holds(Node({}, kind)), rule.key
    assert spared > 60


@pytest.mark.parametrize(
    ("kind", "key", "value", "decided"),
    [
        ("Observation", "obs-7", {"valueString": "x"}, True),
        ("Observation", "obs-7", {"valueString": "x", "component": [{}]}, False),
        ("Observation", "obs-6", {"valueString": "x"}, True),
        ("Observation", "obs-6", {"valueString": "x", "dataAbsentReason": {}}, False),
        ("Quantity", "qty-3", {"code": "g"}, False),
        ("Distance", "dis-1", {"unit": "m"}, True),
        ("Distance", "dis-1", {"value": 1}, False),
        ("Appointment", "app-4", {"cancelationReason": {}}, False),
        ("Quantity", "qty-3", {"code": "g", "system": "http://unitsofmeasure.org"}, True),
    ],
)
def test_members_decide_a_constraint(kind, key, value, decided):
    """One absent member of an ``or``, or one present, is enough; otherwise the expression is evaluated."""
    rule = next(rule for _, rule in RULES if rule.key == key)
    assert guard(compile_expression(rule.expression), kind).holds(value) is decided
