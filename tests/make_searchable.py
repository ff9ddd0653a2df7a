"""For every search parameter of R4: resources made to be found by it, and others that must not be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from profiles.definitions.r4 import ElementDefinition, definitions, member_name
from profiles.search.parameters import SearchParameter, parameters_of
from profiles.search.paths import JsonPath, Step, json_paths

SYSTEM = "https://system.example"
UCUM = "http://unitsofmeasure.org"

PRIMITIVES = {
    "boolean": (True, False),
    "integer": (7, 8),
    "positiveInt": (7, 8),
    "unsignedInt": (7, 8),
    "decimal": (7.5, 8.5),
    "date": ("2020-01-02", "2021-03-04"),
    "dateTime": ("2020-01-02", "2021-03-04"),
    "instant": ("2020-01-02T03:04:05Z", "2021-03-04T05:06:07Z"),
    "uri": ("https://first.example/a", "https://other.example/b"),
    "url": ("https://first.example/a", "https://other.example/b"),
    "canonical": ("https://first.example/a", "https://other.example/b"),
    "oid": ("urn:oid:1.2.3", "urn:oid:1.2.4"),
}
"""A value to be found and another one, by type; any other primitive is a text."""
TEXTS = ("first", "other")
BESIDE = (
    {"system": "email"},
    {"system": "phone"},
    *({"type": kind} for kind in ("composed-of", "depends-on", "derived-from")),
    *({"type": kind} for kind in ("predecessor", "successor")),
)
"""What the conditions of R4's expressions ask of an element beside its value."""
HOLDS_NONE = {
    "date": {"string", "Age", "Range", "Duration"},
    "quantity": {"SampledData"},
    "token": {"Quantity", "Range"},
}
"""Types of a choice that have no value of a kind of parameter (R4 search.html, the table of each kind)."""


@dataclass(frozen=True)
class Case:
    """A parameter with what is asked for, a resource that has it and one that has another value."""

    kind: str
    code: str
    query: str
    found: dict[str, Any]
    other: dict[str, Any]


def value(kind: str, at: int, target: str) -> Any:
    """The first or the other value of a FHIR type; ``target`` is the type that a reference leads to."""
    text = TEXTS[at]
    amount = {"value": (7.5, 8.5)[at], "unit": "mg", "system": UCUM, "code": "mg"}
    known: dict[str, Any] = {
        "CodeableConcept": {"coding": [{"system": SYSTEM, "code": text}], "text": text},
        "Coding": {"system": SYSTEM, "code": text},
        "Identifier": {"system": SYSTEM, "value": text},
        "ContactPoint": {"value": text},
        "HumanName": {"family": text},
        "Address": {"city": text},
        "Reference": {"reference": f"{target}/{text}"},
        "Period": {"start": PRIMITIVES["date"][at], "end": PRIMITIVES["date"][at]},
        "Timing": {"event": [PRIMITIVES["date"][at]]},
        "Range": {"low": amount, "high": amount},
        "Money": {"value": amount["value"], "currency": "EUR"},
        "Resource": {"resourceType": target, "id": text},
        "Location.position": {"latitude": 10.0 + 50 * at, "longitude": 20.0},
        **dict.fromkeys(
            ("Quantity", "Age", "Duration", "Count", "Distance", "SimpleQuantity"), amount
        ),
    }
    found = known.get(kind)
    return PRIMITIVES.get(kind, TEXTS)[at] if found is None else found


def asked(parameter: str, kind: str, target: str) -> str:
    """How the first value of a FHIR type is asked for by a kind of parameter."""
    one = value(kind, 0, target)
    if isinstance(one, bool):
        return "true"
    if not isinstance(one, dict):
        return str(one)
    if parameter == "string":
        return TEXTS[0]
    return {
        "CodeableConcept": f"{SYSTEM}|first",
        "Coding": f"{SYSTEM}|first",
        "Identifier": f"{SYSTEM}|first",
        "Reference": f"{target}/first",
        "Resource": f"{target}/first",
        "Period": "2020-01-02",
        "Timing": "2020-01-02",
        "Money": "7.5|urn:iso:std:iso:4217|EUR",
        "ContactPoint": "first",
        "Location.position": "10|20|5|km",
    }.get(kind, f"7.5|{UCUM}|mg" if parameter == "quantity" else "7.5")


def cases(kind: str, parameter: SearchParameter) -> Iterator[Case]:
    """A case for each path of a parameter; none for one that is more than paths."""
    if parameter.kind == "composite":
        yield from _composites(kind, parameter)
        return
    for path in json_paths(parameter.expression, kind) or ():
        if path.type in HOLDS_NONE.get(parameter.kind, ()):
            continue
        for target in _targets(kind, path, parameter):
            made = [_at(kind, path, value(path.type, at, target)) for at in (0, 1)]
            if made[0] is not None and made[1] is not None:
                query = asked(parameter.kind, path.type, target)
                found, other = ({"resourceType": kind, **one} for one in made)
                yield Case(kind, parameter.code, query, found, other)
                break


def _composites(kind: str, parameter: SearchParameter) -> Iterator[Case]:
    """The parts in one element; the other resource has another first part."""
    known = parameters_of(kind)
    for base in json_paths(parameter.expression, kind) or ():
        parts = [_part(kind, base, known[code], text) for code, text in parameter.components]
        for whole in product(*parts):
            query = "$".join(case.query for _, case in whole)
            first = [whole[0][1].other, *(case.found for _, case in whole[1:])]
            made = [_joined(kind, base, whole, [case.found for _, case in whole])]
            made.append(_joined(kind, base, whole, first))
            if made[0] is not None and made[1] is not None:
                yield Case(kind, parameter.code, query, made[0], made[1])


Part = tuple[bool, Case]
"""Whether it stands in the whole resource, and the part."""


def _part(kind: str, base: JsonPath, parameter: SearchParameter, expression: str) -> list[Part]:
    text = expression.removeprefix("%resource.").replace("DateTime", "dateTime")
    outside = text != expression and expression.startswith("%")
    start = kind if outside else base.type
    return [(outside, case) for case in cases(start, replace(parameter, expression=text))]


def _joined(
    kind: str, base: JsonPath, parts: tuple[Part, ...], values: list[dict[str, Any]]
) -> dict[str, Any] | None:
    inner: dict[str, Any] = {}
    outer: dict[str, Any] = {}
    for (outside, _), one in zip(parts, values, strict=True):
        (outer if outside or not base.steps else inner).update(one)
    outer.pop("resourceType", None)
    inner.pop("resourceType", None)
    element = _at(kind, base, inner)
    return None if element is None else {"resourceType": kind, **element, **outer}


def _targets(kind: str, path: JsonPath, parameter: SearchParameter) -> list[str]:
    """The types that both the parameter and the element may lead to."""
    if path.type not in ("Reference", "Resource"):
        return ["Patient"]
    allowed = next(iter(reversed(list(_elements(kind, path))))).targets
    wanted = parameter.targets or tuple(sorted(allowed or ("Patient",)))
    return [one for one in wanted if not allowed or one in allowed]


def _at(kind: str, path: JsonPath, inner: Any) -> dict[str, Any] | None:
    """A value at the end of a path; None where a condition on the way cannot be met."""
    elements = list(_elements(kind, path))
    for step, element in reversed(list(zip(path.steps, elements, strict=True))):
        met = _meeting(step, inner)
        if met is None:
            return None
        inner = {step.name: [met] if element.many else met}
    return dict(inner)


def _meeting(step: Step, inner: Any) -> Any:
    """A value with what a step asks of it beside."""
    if step.where is None or step.where(inner):
        return inner
    found = ({**inner, **more} for more in BESIDE if isinstance(inner, dict))
    return next((one for one in found if step.where(one)), None)


def _elements(kind: str, path: JsonPath) -> Iterator[ElementDefinition]:
    for step in path.steps:
        element, kind = next(
            (element, inner)
            for element in definitions().types[kind].elements
            for inner in element.types
            if member_name(element, inner) == step.name
        )
        yield element
