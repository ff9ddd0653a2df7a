"""The FHIRPath constraints of R4 and the bindings of coded elements (R4 validation.html, terminologies.html).

They are evaluated where the elements are: a resource is walked once with the types of its elements, and a
type without rules costs nothing. What ``profiles.structure`` holds already is not asked again.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from profiles.definitions.r4 import ElementDefinition, Invariant, definitions, value_sets
from profiles.fhirpath.engine import Expression, compile_expression
from profiles.fhirpath.nodes import Node
from profiles.guards import Guard, guard
from profiles.outcome import OperationOutcomeError
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
    """What is looked at: advice as well, extensions as well, Periods as well."""

    warnings: bool
    extended: bool
    periods: bool


@functools.cache
def _depth(warnings: bool, extended: bool, periods: bool) -> Depth:
    return Depth(warnings, extended, periods)


class _Place(NamedTuple):
    """Where an element stands; its FHIRPath is only written when something is wrong there."""

    outer: "_Place | None"
    label: str
    at: int = -1

    def expression(self) -> str:
        """FHIRPath from the resource."""
        index = f"[{self.at}]" if self.at >= 0 else ""
        outer = f"{self.outer.expression()}." if self.outer is not None else ""
        return f"{outer}{self.label}{index}"


@dataclass(frozen=True, slots=True)
class _Rules:
    """What has to be asked of the elements of one type."""

    kind: str
    own: tuple[tuple[Invariant, Expression, Guard], ...]
    members: dict[str, "_Member"]


@dataclass(frozen=True, slots=True)
class _Member:
    element: ElementDefinition
    kind: str
    rules: tuple[tuple[Invariant, Expression], ...]
    bound: tuple[str, str, dict[str, frozenset[str]]] | None
    descends: bool
    label: str


def breaches(
    resource: dict[str, Any],
    *,
    warnings: bool = True,
    extended: bool = True,
    periods: bool = True,
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
    """
    kind = resource["resourceType"]
    found: list[Breach] = []
    depth = _depth(warnings, extended, periods)
    _object(resource, _rules(kind, depth), _Place(None, kind), Node(resource, kind), found, depth)
    return found


def _object(
    value: dict[str, Any],
    rules: _Rules,
    place: _Place,
    root: Node,
    found: list[Breach],
    depth: Depth,
) -> None:
    for invariant, expression, decided in rules.own:
        if not decided.holds(value):
            _check(invariant, expression, Node(value, rules.kind), place, root, found)
    members = rules.members
    for name in value:
        member = members.get(name)
        if member is None:
            continue
        inner = value[name]
        if type(inner) is list:
            for at, one in enumerate(inner):
                if one is not None:
                    _element(one, member, _Place(place, member.label, at), root, found, depth)
        else:
            _element(inner, member, _Place(place, member.label), root, found, depth)


def _element(
    value: Any, member: _Member, place: _Place, root: Node, found: list[Breach], depth: Depth
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
        own = root if member.element.name == "contained" else Node(value, inner)
        _object(value, _rules(inner, depth), place, own, found, depth)
    elif member.descends:
        _object(value, _rules(member.kind, depth), place, root, found, depth)


def _check(
    invariant: Invariant,
    expression: Expression,
    node: Node,
    place: _Place,
    root: Node,
    found: list[Breach],
) -> None:
    quick = _QUICK.get(invariant.key)
    try:
        if quick(node.value) if quick is not None else expression.holds(root, context=node):
            return
    except OperationOutcomeError as error:
        if error.kind_name in _NOT_HERE:
            return  # needs a terminology server: not judged here
    text = f"{invariant.key}: {invariant.human}"
    found.append(Breach(invariant.severity, "invariant", text, place.expression()))


def _binding(
    value: Any, bound: tuple[str, str, dict[str, frozenset[str]]], place: _Place
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
    yield Breach(severity, "code-invalid", text, place.expression())


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
    members = {}
    for name, (element, inner) in definition.members.items():
        member = _member(element, inner, depth)
        if member is not None:
            members[name] = member
    own = tuple((rule, one, guard(one, kind)) for rule, one in _compiled(definition.rules, depth))
    own += tuple((rule, _HOLDS, decided) for rule, decided in STATED.get(kind, ()))
    return _Rules(kind, own, members)


def _member(element: ElementDefinition, kind: str, depth: Depth) -> _Member | None:
    if kind == "Extension" and not depth.extended:
        return None
    bound = None
    if element.binding is not None and (depth.warnings or element.binding[0] == "required"):
        strength, url = element.binding
        systems = value_sets().get(url)
        bound = None if systems is None else (strength, url, systems)
    rules = _compiled(element.rules, depth)
    descends = kind in _mattering(depth)
    if not (rules or bound or descends or kind == "Resource"):
        return None
    label = f"{element.name}.ofType({kind})" if element.choice else element.name
    return _Member(element, kind, rules, bound, descends, label)


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
                kind in found and (depth.extended or kind != "Extension")
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
