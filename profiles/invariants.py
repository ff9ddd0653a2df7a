"""The FHIRPath constraints of R4 and the bindings of coded elements (R4 validation.html, terminologies.html).

They are evaluated where the elements are: a resource is walked once with the types of its elements, and a
type without rules costs nothing. What ``profiles.structure`` holds already is not asked again.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from profiles.definitions.r4 import ElementDefinition, Invariant, definitions, value_sets
from profiles.fhirpath.engine import Expression, compile_expression
from profiles.fhirpath.nodes import Node
from profiles.outcome import OperationOutcomeError

_NOT_HERE: Final = frozenset({"not-supported"})


@dataclass(frozen=True, slots=True)
class Breach:
    """One constraint or binding that is not met; ``code`` is an ``issue.code``."""

    severity: str
    code: str
    text: str
    expression: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """What has to be asked of the elements of one type."""

    own: tuple[tuple[Invariant, Expression], ...]
    members: dict[str, "_Member"]


@dataclass(frozen=True, slots=True)
class _Member:
    element: ElementDefinition
    kind: str
    rules: tuple[tuple[Invariant, Expression], ...]
    bound: tuple[str, str, dict[str, frozenset[str]]] | None
    descends: bool


def breaches(resource: dict[str, Any]) -> Iterator[Breach]:
    """Every constraint and binding that a well-formed resource does not meet."""
    kind = resource["resourceType"]
    root = Node(resource, kind)
    yield from _object(resource, kind, kind, root)


def _object(value: dict[str, Any], kind: str, path: str, root: Node) -> Iterator[Breach]:
    rules = _rules(kind)
    for invariant, expression in rules.own:
        yield from _checked(invariant, expression, Node(value, kind), path, root)
    members = rules.members
    for name, inner in value.items():
        member = members.get(name)
        if member is None:
            continue
        if isinstance(inner, list):
            for at, one in enumerate(inner):
                if one is not None:
                    yield from _element(one, member, f"{path}.{name}[{at}]", root)
        else:
            yield from _element(inner, member, f"{path}.{name}", root)


def _element(value: Any, member: _Member, path: str, root: Node) -> Iterator[Breach]:
    for invariant, expression in member.rules:
        yield from _checked(invariant, expression, Node(value, member.kind), path, root)
    if member.bound is not None:
        yield from _binding(value, member.bound, path)
    if member.kind == "Resource" and isinstance(value, dict):
        inner = str(value.get("resourceType"))
        yield from _object(value, inner, path, Node(value, inner) if "entry" in path else root)
    elif member.descends and isinstance(value, dict):
        yield from _object(value, member.kind, path, root)


def _checked(
    invariant: Invariant, expression: Expression, node: Node, path: str, root: Node
) -> Iterator[Breach]:
    try:
        if expression.holds(root, context=node):
            return
    except OperationOutcomeError as error:
        if error.kind_name in _NOT_HERE:
            return  # needs a terminology server: not judged here
    yield Breach(invariant.severity, "invariant", f"{invariant.key}: {invariant.human}", path)


def _binding(
    value: Any, bound: tuple[str, str, dict[str, frozenset[str]]], path: str
) -> Iterator[Breach]:
    strength, url, systems = bound
    codings = _codings(value)
    if not codings or any(_is_in(coding, systems) for coding in codings):
        return
    severity = "error" if strength == "required" else "warning"
    yield Breach(severity, "code-invalid", f"no code of the {strength} value set {url}", path)


def _codings(value: Any) -> list[dict[str, Any]]:
    """Codings that a binding judges; text alone is no code (R4 terminologies.html#4.1.1)."""
    if not isinstance(value, dict):
        return [{"code": value}] if isinstance(value, str) else []
    if "coding" in value:
        return [coding for coding in value["coding"] if isinstance(coding, dict)]
    return [value] if "code" in value else []


def _is_in(coding: dict[str, Any], systems: dict[str, frozenset[str]]) -> bool:
    code, system = coding.get("code"), coding.get("system")
    if system is None:
        return any(code in codes for codes in systems.values())
    return code in systems.get(system, ())


@functools.cache
def _rules(kind: str) -> _Rules:
    definition = definitions().types.get(kind)
    if definition is None:
        return _Rules((), {})
    members = {}
    for name, (element, inner) in definition.members.items():
        member = _member(element, inner)
        if member is not None:
            members[name] = member
    return _Rules(_compiled(definition.rules), members)


def _member(element: ElementDefinition, kind: str) -> _Member | None:
    bound = None
    if element.binding is not None:
        strength, url = element.binding
        systems = value_sets().get(url)
        bound = None if systems is None else (strength, url, systems)
    descends = _matters(kind)
    if not (element.rules or bound or descends or kind == "Resource"):
        return None
    return _Member(element, kind, _compiled(element.rules), bound, descends)


def _compiled(rules: tuple[Invariant, ...]) -> tuple[tuple[Invariant, Expression], ...]:
    return tuple((rule, compile_expression(rule.expression)) for rule in rules)


@functools.cache
def _mattering() -> frozenset[str]:
    """Types that have rules or bindings, or hold an element whose type does."""
    types = definitions().types
    found = {
        name
        for name, definition in types.items()
        if definition.rules or any(map(_has_rules, definition.elements))
    }
    grown = True
    while grown:
        more = {
            name
            for name, definition in types.items()
            if name not in found
            and any(kind in found for element in definition.elements for kind in element.types)
        }
        grown = bool(more)
        found |= more
    return frozenset(found)


def _has_rules(element: ElementDefinition) -> bool:
    return bool(element.rules or element.binding or "Resource" in element.types)


def _matters(kind: str) -> bool:
    return kind in _mattering()
