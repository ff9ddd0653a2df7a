"""The FHIRPath constraints of R4 and the bindings of coded elements (R4 validation.html, terminologies.html).

They are evaluated where the elements are: a resource is walked once with the types of its elements, and a
type without rules costs nothing. What ``profiles.structure`` holds already is not asked again.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from profiles.definitions.r4 import ElementDefinition, Invariant, definitions, value_sets
from profiles.fhirpath.engine import Expression, compile_expression
from profiles.fhirpath.nodes import Node
from profiles.fhirpath.plain import Condition, Unsure, plain_condition
from profiles.guards import Guard, guard
from profiles.outcome import OperationOutcomeError
from profiles.place import Place, written
from profiles.search.ranges import date_range
from profiles.stated import CHECKS, STATED

_TEXT_ONLY: Final = frozenset({"text", "coding", "display"})
_NOT_HERE: Final = frozenset({"not-supported"})
_UNSAID: Final = object()
"""The system of a ``code``, which its value set says."""


def _period_ends_after_start(period: Any) -> bool:
    """per-1 without building two temporal values: Periods are in most resources."""
    start, end = period.get("start"), period.get("end")
    if start is None or end is None:
        return True
    return date_range(start)[0] < date_range(end)[1]


def _has_no_comparator(quantity: Any) -> bool:
    """sqty-1: ranges and doses are full of simple quantities."""
    return "comparator" not in quantity


_QUICK: Final = {"per-1": _period_ends_after_start, "sqty-1": _has_no_comparator, **CHECKS}
"""Constraints that are met so often that they are written out."""


_HOLDS: Final = compile_expression("true")


@dataclass(frozen=True, slots=True)
class Breach:
    """One constraint or binding that is not met; ``code`` is an ``issue.code``."""

    severity: str
    code: str
    text: str
    expression: str


@dataclass(frozen=True, eq=False)
class Depth:
    """What is looked at: advice, extensions, Periods, identifiers that stand for a reference."""

    warnings: bool
    extended: bool
    periods: bool
    logical: bool


_DEPTHS: Final = {given: Depth(*given) for given in product((False, True), repeat=4)}


@dataclass(frozen=True, slots=True)
class _Rules:
    """What has to be asked of the elements of one type."""

    kind: str
    own: tuple[tuple[Invariant, Expression, Guard], ...]
    members: dict[str, "_Member"]
    plans: dict[tuple[str, ...], "_Plan"] = field(default_factory=dict)
    """By the names of an object's members; objects of one type have few combinations of them."""


@dataclass(frozen=True, slots=True)
class _Member:
    element: ElementDefinition
    kind: str
    rules: tuple[tuple[Invariant, Expression], ...]
    bound: tuple[str, str, dict[str, frozenset[str]]] | None
    descends: bool
    label: str
    asked: frozenset[str] | None
    """Names without any of which nothing is asked of a value; None where it is asked in any case."""


_Plan = tuple[tuple[tuple[Invariant, Expression], ...], tuple[tuple[str, _Member], ...]]
_PLANS: Final = 64
"""Combinations of members that are remembered for a type."""


def breaches(
    resource: dict[str, Any],
    *,
    warnings: bool = True,
    extended: bool = True,
    periods: bool = True,
    logical: bool = True,
) -> list[Breach]:
    """Every constraint and binding that a well-formed resource does not meet.

    Parameters
    ----------
    warnings : bool
        Whether advice and extensible bindings count.
    extended : bool
        Whether there may be extensions; without them fewer elements have to be looked at.
    periods : bool
        Whether a Period with a start may be there; nearly every type leads to one.
    logical : bool
        Whether a reference may be an identifier, in which there is a Period.
    """
    kind = resource["resourceType"]
    found: list[Breach] = []
    depth = _DEPTHS[warnings, extended, periods, logical]
    _object(resource, _rules(kind, depth), (None, kind, -1), resource, found, depth)
    return found


def _object(
    value: dict[str, Any],
    rules: _Rules,
    place: Place,
    root: dict[str, Any],
    found: list[Breach],
    depth: Depth,
) -> None:
    plan = rules.plans.get(tuple(value))
    if plan is None:
        plan = _planned(rules, value)
    for invariant, expression in plan[0]:
        _check(invariant, expression, Node(value, rules.kind), place, root, found)
    for name, member in plan[1]:
        inner, asked = value[name], member.asked
        if type(inner) is list:
            for at, one in enumerate(inner):
                if one is not None and _concerns(asked, one):
                    _element(one, member, (place, member.label, at), root, found, depth)
        elif _concerns(asked, inner):
            _element(inner, member, (place, member.label, -1), root, found, depth)


def _planned(rules: _Rules, value: dict[str, Any]) -> _Plan:
    """What is asked of an object and of its members, as its members' names decide."""
    plan = (
        tuple((rule, one) for rule, one, decided in rules.own if not decided.holds(value)),
        tuple((name, rules.members[name]) for name in value if name in rules.members),
    )
    if len(rules.plans) >= _PLANS:
        rules.plans.clear()
    rules.plans[tuple(value)] = plan
    return plan


def _concerns(asked: frozenset[str] | None, value: Any) -> bool:
    """Whether anything is asked of a value: one look at its names spares most elements the walk."""
    return asked is None or (type(value) is dict and not asked.isdisjoint(value))


def _element(
    value: Any,
    member: _Member,
    place: Place,
    root: dict[str, Any],
    found: list[Breach],
    depth: Depth,
) -> None:
    for invariant, expression in member.rules:
        _check(invariant, expression, Node(value, member.kind), place, root, found)
    if member.bound is not None:
        found.extend(_binding(value, member.bound, place))
    if type(value) is not dict:
        return
    if member.kind == "Resource":
        inner = str(value.get("resourceType"))
        # An entry is a resource of its own; a contained one belongs to what contains it.
        own = root if member.element.name == "contained" else value
        _object(value, _rules(inner, depth), place, own, found, depth)
    elif member.descends:
        _object(value, _rules(member.kind, depth), place, root, found, depth)


def _check(
    invariant: Invariant,
    expression: Expression,
    node: Node,
    place: Place,
    root: dict[str, Any],
    found: list[Breach],
) -> None:
    try:
        if _holds(invariant.key, expression, node, root):
            return
    except OperationOutcomeError as error:
        if error.kind_name in _NOT_HERE:
            return  # needs a terminology server: not judged here
    text = f"{invariant.key}: {invariant.human}"
    found.append(Breach(invariant.severity, "invariant", text, written(place)))


def _holds(key: str, expression: Expression, node: Node, root: dict[str, Any]) -> bool:
    quick = _quick(key, expression.text, node.type)
    if quick is not None:
        try:
            return quick(node.value) is True
        except (Unsure, TypeError, AttributeError):
            pass  # several values, extensions beside one, or what the structure does not allow
    return expression.holds(root, context=node)


@functools.cache
def _quick(key: str, text: str, kind: str) -> Condition | None:
    """A constraint without the engine, where it has been written out or is plain."""
    return _QUICK.get(key) or plain_condition(text, kind)


def _binding(
    value: Any, bound: tuple[str, str, dict[str, frozenset[str]]], place: Place
) -> Iterator[Breach]:
    strength, url, systems = bound
    codings = _codings(value)
    if not codings:
        # R4 terminologies.html#required: the concept has to be one of the set, so text alone is none.
        judged = strength == "required" and type(value) is dict and _TEXT_ONLY.issuperset(value)
        if not judged:
            return
    elif any(_is_in(coding, systems) for coding in codings):
        return
    severity = "error" if strength == "required" else "warning"
    text = f"no code of the {strength} value set {url}"
    yield Breach(severity, "code-invalid", text, written(place))


def _codings(value: Any) -> list[dict[str, Any]]:
    """Codings that a binding judges; text alone is no code (R4 terminologies.html#4.1.1)."""
    if not isinstance(value, dict):
        return [{"code": value, "system": _UNSAID}] if isinstance(value, str) else []
    if "coding" in value:
        return [coding for coding in value["coding"] if isinstance(coding, dict)]
    return [value] if "code" in value else []


def _is_in(coding: dict[str, Any], systems: dict[str, frozenset[str]]) -> bool:
    """Whether a code is one of the set; a Coding without a system means none of them."""
    code, system = coding.get("code"), coding.get("system", "")
    if system is _UNSAID:
        return any(code in codes for codes in systems.values())
    return code in systems.get(system, ())


@functools.cache
def _rules(kind: str, depth: Depth) -> _Rules:
    definition = definitions().types.get(kind)
    if definition is None:
        return _Rules(kind, (), {})
    members = {
        name: _member(element, inner, depth)
        for name, (element, inner) in definition.members.items()
        if _is_asked(kind, element, inner, depth)
    }
    return _Rules(kind, _own(kind, depth), members)


@functools.cache
def _own(kind: str, depth: Depth) -> tuple[tuple[Invariant, Expression, Guard], ...]:
    """What is asked of each object of a type."""
    rules = _compiled(definitions().types[kind].rules, depth)
    own = tuple((rule, one, guard(one, kind)) for rule, one in rules)
    return own + tuple((rule, _HOLDS, decided) for rule, decided in STATED.get(kind, ()))


def _member(element: ElementDefinition, kind: str, depth: Depth) -> _Member:
    bound = _bound(element, depth)
    rules = _compiled(element.rules, depth)
    label = f"{element.name}.ofType({kind})" if element.choice else element.name
    itself = bool(rules or bound) or kind == "Resource"
    asked = None if itself else _asked(kind, depth)
    return _Member(element, kind, rules, bound, kind in _mattering(depth), label, asked)


def _may_be(owner: str, element: ElementDefinition, kind: str, depth: Depth) -> bool:
    """Whether a type can have such an element in what is looked at."""
    if kind == "Extension":
        return depth.extended
    return depth.logical or (owner, element.name) != ("Reference", "identifier")


def _is_asked(owner: str, element: ElementDefinition, kind: str, depth: Depth) -> bool:
    """Whether anything is asked of an element of this type, or of what is in it."""
    if not _may_be(owner, element, kind, depth):
        return False
    if kind == "Resource" or kind in _mattering(depth):
        return True
    return bool(_compiled(element.rules, depth) or _bound(element, depth))


def _bound(
    element: ElementDefinition, depth: Depth
) -> tuple[str, str, dict[str, frozenset[str]]] | None:
    if element.binding is None or not (depth.warnings or element.binding[0] == "required"):
        return None
    strength, url = element.binding
    systems = value_sets().get(url)
    return None if systems is None else (strength, url, systems)


@functools.cache
def _asked(kind: str, depth: Depth) -> frozenset[str] | None:
    """The members of a type that lead to a question, and those without which its own are met."""
    definition = definitions().types[kind]
    names = {
        name
        for name, (element, inner) in definition.members.items()
        if _is_asked(kind, element, inner, depth)
    }
    for _, _, decided in _own(kind, depth):
        if not decided.needed:
            return None
        names |= decided.needed[0]
    return frozenset(names)


def _compiled(
    rules: tuple[Invariant, ...], depth: Depth
) -> tuple[tuple[Invariant, Expression], ...]:
    return tuple(
        (rule, compile_expression(rule.expression))
        for rule in rules
        if (depth.warnings or rule.severity == "error") and (depth.periods or rule.key != "per-1")
    )


@functools.cache
def _mattering(depth: Depth) -> frozenset[str]:
    """Types that have rules or bindings, or hold an element whose type does."""
    types = definitions().types
    found = {
        name
        for name, definition in types.items()
        if _compiled(definition.rules, depth)
        or any(_has_rules(element, depth) for element in definition.elements)
    }
    grown = True
    while grown:
        more = {
            name
            for name, definition in types.items()
            if name not in found
            and any(
                kind in found and _may_be(name, element, kind, depth)
                for element in definition.elements
                for kind in element.types
            )
        }
        grown = bool(more)
        found |= more
    return frozenset(found)


def _has_rules(element: ElementDefinition, depth: Depth) -> bool:
    bound = element.binding is not None and (depth.warnings or element.binding[0] == "required")
    return bound or bool(_compiled(element.rules, depth)) or "Resource" in element.types
