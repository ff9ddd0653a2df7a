"""Admission takes short cuts; on resources of every kind they say what the long way says."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.admission import _unusual, issues
from profiles.definitions.r4 import definitions
from profiles.fast_schema import is_usual, passes
from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.nodes import Node, all_children
from profiles.invariants import breaches
from profiles.outcome import OperationOutcomeError
from profiles.stated import CHECKS
from tests.profiles.test_constraints import CASES

PERIOD = {"start": "2020-02-01", "end": "2020-01-01"}
RESOURCES = [one for case in CASES for one in (case.breaks, case.passes)]
ADDED: list[dict[str, Any]] = [
    {"id": "same"},
    {"extension": [{"url": "http://e.org/x", "valuePeriod": PERIOD}]},
    {"identifier": {"value": "x", "period": PERIOD}},
    {"reference": "#nothing"},
    {"contained": [{"resourceType": "Basic", "id": "b", "code": {"text": "x"}}]},
    {"period": PERIOD},
    {"code": "x"},
]


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in (value.values() if isinstance(value, dict) else value) if value else ():
        if isinstance(inner, dict | list):
            yield from _objects(inner)


@st.composite
def mutants(draw):
    """A resource that breaks a constraint, or its near twin, with something added or taken away."""
    resource = copy.deepcopy(draw(st.sampled_from(RESOURCES)))
    for _ in range(draw(st.integers(0, 2))):
        one = draw(st.sampled_from(list(_objects(resource))))
        if draw(st.booleans()):
            one.update(copy.deepcopy(draw(st.sampled_from(ADDED))))
        elif set(one) - {"resourceType"}:
            del one[draw(st.sampled_from(sorted(set(one) - {"resourceType"})))]
    return resource


@settings(deadline=None)
@given(mutants(), st.booleans())
def test_the_short_way_says_what_the_long_way_says(resource, warnings):
    """A usual resource is not searched for what it cannot have, and the answer is the same."""
    assert issues(resource, warnings=warnings) == _unusual(resource, warnings)[:100]


@settings(deadline=None)
@given(mutants())
def test_what_is_usual_has_the_structure_of_its_type(resource):
    """The schema of the usual resources lets nothing through that the whole schema refuses."""
    if is_usual(resource):
        assert passes(resource)
        text = json.dumps(resource)
        assert '"extension"' not in text
        assert '"contained"' not in text
        assert '"reference": "#' not in text


@settings(deadline=None)
@given(mutants())
def test_constraints_are_met_or_not_as_the_engine_says(resource):
    """Guards, short cuts and passed-over elements change nothing that FHIRPath says of each element."""
    if not passes(resource):
        return
    found = {
        (breach.text.partition(":")[0], breach.expression)
        for breach in breaches(resource, warnings=False)
        if breach.code == "invariant"
    }
    said = set(_broken(Node(resource, resource["resourceType"])))
    # A Period is judged to the precision that both ends have, which FHIRPath does not know (per-1).
    assert {one for one in found if one[0] not in {"per-1", *CHECKS}} == said


def _broken(root: Node) -> Iterator[tuple[str, str]]:
    """Key and place of every constraint that is not met, each evaluated on its element."""
    waiting = [(root, root.type, definitions().types[root.type].rules, root)]
    while waiting:
        node, place, rules, resource = waiting.pop()
        for rule in rules:
            if (
                rule.severity == "error"
                and rule.key != "per-1"
                and not _holds(rule, node, resource)
            ):
                yield rule.key, place
        for child in all_children(node):
            element, kind = definitions().types[node.type].members[child.member]
            label = f"{element.name}.ofType({kind})" if element.choice else element.name
            index = "" if child.index is None else f"[{child.index}]"
            known = definitions().types.get(child.type)
            inner = known.rules if known is not None else ()
            own = child if kind == "Resource" and element.name != "contained" else resource
            waiting.append((child, f"{place}.{label}{index}", (*element.rules, *inner), own))


def _holds(rule: Any, node: Node, resource: Node) -> bool:
    try:
        return compile_expression(rule.expression).holds(resource, context=node)
    except OperationOutcomeError as error:
        return error.kind_name == "not-supported"


@pytest.mark.parametrize(
    ("resource", "usual"),
    [
        ({"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "a/b"}}, True),
        ({"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "#b"}}, False),
        ({"resourceType": "Basic", "code": {"text": "x", "id": "a"}}, False),
        ({"resourceType": "Basic", "id": "a", "code": {"text": "x"}}, True),
        ({"resourceType": "Basic", "code": {"text": "x"}, "_created": {"id": "x"}}, False),
        ({"resourceType": "Basic", "code": {"text": "x"}, "subject": {"identifier": {}}}, False),
        ({"resourceType": "Questionnaire", "status": "draft"}, False),
        ({"resourceType": "Bundle", "type": "collection"}, False),
        ({"resourceType": ["Basic"]}, False),
        ({"resourceType": "Nothing"}, False),
    ],
)
def test_usual_is_what_has_nothing_rare(resource, usual):
    """Extensions, ids of elements, local and logical references, and types without end are not usual."""
    assert is_usual(resource) is usual
