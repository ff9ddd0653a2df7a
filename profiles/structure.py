"""Whether a resource has the structure of its type: every problem with its FHIRPath (R4 validation.html).

Names, cardinality, choices, primitive values, codes of required bindings, null pairing, reference targets,
contained resources and narrative. Invariants and profiles are other checks. A value is never repeated in
what is said about it, because it may be a patient's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from profiles.definitions.r4 import ElementDefinition, TypeDefinition, definitions
from profiles.primitives import is_language, is_valid
from profiles.xhtml import is_narrative

_LITERAL: Final = re.compile(
    r"(?:https?://\S+/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/\S+)?"
)


_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")


_EXTENSIONS: Final = frozenset({"extension", "modifierExtension"})

_IN_PLACE: Final = frozenset(
    f"http://hl7.org/fhir/StructureDefinition/{name}"
    for name in ("data-absent-reason", "iso21090-nullFlavor", "cqf-expression")
)
"""Extensions that stand in place of a value (R4 extensibility-registry.html)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong where; ``code`` is an ``issue.code``."""

    code: str
    text: str
    expression: str


def problems(resource: dict[str, Any]) -> Iterator[Problem]:
    """Every structural problem of a resource."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in definitions().resources:
        yield Problem("structure", "this is no resource type of R4", "resourceType")
        return
    yield from _resource(resource, kind, str(kind), contained=False)


def _resource(value: dict[str, Any], kind: str, path: str, *, contained: bool) -> Iterator[Problem]:
    definition = definitions().types[kind]
    for name, member in value.items():
        if name == "resourceType":
            continue
        if name == "contained":
            yield from _contained(member, path, nested=contained)
        elif name == "id":
            if not is_valid("id", member):
                yield Problem("value", "the id is not a FHIR id", f"{path}.id")
        else:
            yield from _member(value, definition, name, path)
    yield from _absent(value, definition, path)


def _contained(value: Any, path: str, *, nested: bool) -> Iterator[Problem]:
    at = f"{path}.contained"
    if nested:
        yield Problem("structure", "a contained resource must not contain others (dom-2)", at)
    elif not isinstance(value, list) or not value:
        yield Problem("structure", "a list with at least one member is expected", at)
    else:
        for index, entry in enumerate(value):
            yield from _any_resource(entry, f"{at}[{index}]", contained=True)


def _any_resource(value: Any, path: str, *, contained: bool) -> Iterator[Problem]:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in definitions().resources:
        yield Problem("structure", "a resource with a resourceType of R4 is expected", path)
        return
    yield from _resource(value, str(kind), path, contained=contained)


def _object(value: Any, kind: str, path: str) -> Iterator[Problem]:
    """A value of a complex type."""
    if not isinstance(value, dict):
        yield Problem("structure", f"an object ({kind}) is expected", path)
        return
    if not value:
        yield Problem("structure", "an object has at least one member (ele-1)", path)
        return
    definition = definitions().types[kind]
    if kind == "Extension":
        yield from _extension(value, path)
    for name in value:
        yield from _member(value, definition, name, path)
    yield from _absent(value, definition, path)


def _extension(value: dict[str, Any], path: str) -> Iterator[Problem]:
    """ext-1: either a value or further extensions; only the url of an inner one may be relative.

    R4 extensibility.html#Extension.
    """
    url = value.get("url")
    inner = path.rpartition(".")[0].rpartition(".")[2].partition("[")[0] in _EXTENSIONS
    if isinstance(url, str) and not inner and not _ABSOLUTE.fullmatch(url):
        yield Problem("value", "the url of an extension is absolute", f"{path}.url")
    has_value = any(name.removeprefix("_").startswith("value") for name in value)
    if has_value == ("extension" in value):
        text = "ext-1: an extension has either a value or extensions"
        yield Problem("invariant", text, path)


def _member(
    owner: dict[str, Any], definition: TypeDefinition, name: str, path: str
) -> Iterator[Problem]:
    plain = name.removeprefix("_")
    found = definition.members.get(plain)
    at = f"{path}.{plain}"
    if found is None or (plain != name and not definition.extends(plain)):
        yield Problem("structure", f"{definition.name} has no such element", f"{path}.{name}")
        return
    element, kind = found
    at = f"{path}.{element.name}.ofType({kind})" if element.choice else at
    value = owner[name]
    if element.many != isinstance(value, list):
        text = "a list is expected" if element.many else "a single value is expected, not a list"
        yield Problem("structure", text, at)
        return
    other = owner.get(plain if plain != name else f"_{plain}")
    if not element.many:
        yield from _value(value, element, kind, at, extends=plain != name)
        if plain != name and other is None:
            yield from _uncoded(value, element, at)
        return
    if not value:
        yield Problem("structure", "a list has at least one member", at)
    for index, entry in enumerate(value):
        place = f"{at}[{index}]"
        if entry is None:
            if not _paired(other, index):
                yield Problem("structure", "null stands only beside its extension", place)
            continue
        yield from _value(entry, element, kind, place, extends=plain != name)
        if plain != name and not _paired(other, index):
            yield from _uncoded(entry, element, place)


def _uncoded(beside: Any, element: ElementDefinition, path: str) -> Iterator[Problem]:
    """A code of a required value set that is not there, and nothing that says why.

    R4 terminologies.html#required: the concept is one of the value set. What stands in its place has to say
    that there is none, or how it is found.
    """
    if element.codes is None:
        return
    said = beside.get("extension") if isinstance(beside, dict) else None
    listed = said if isinstance(said, list) else []
    if not any(isinstance(one, dict) and one.get("url") in _IN_PLACE for one in listed):
        yield Problem("code-invalid", "a code of the required value set is expected", path)


def _paired(other: Any, index: int) -> bool:
    """R4 json.html#primitive: a null in one of the two lists has a value in the other."""
    return isinstance(other, list) and index < len(other) and other[index] is not None


def _value(
    value: Any, element: ElementDefinition, kind: str, path: str, *, extends: bool
) -> Iterator[Problem]:
    if extends:
        yield from _object(value, "Element", path)
    elif kind == "xhtml":
        if not isinstance(value, str) or not is_narrative(value):
            yield Problem("value", "the narrative is not a div of the allowed XHTML (txt-1)", path)
    elif kind in definitions().primitives:
        yield from _primitive(value, element, kind, path)
    elif kind == "Resource":
        yield from _any_resource(value, path, contained=False)
    else:
        yield from _object(value, kind, path)
        if kind == "Reference" and isinstance(value, dict):
            yield from _target(value, element.targets, path)


def _primitive(value: Any, element: ElementDefinition, kind: str, path: str) -> Iterator[Problem]:
    if not is_valid(kind, value):
        yield Problem("value", f"this is no {kind}", path)
    elif element.codes is not None and value not in element.codes:
        yield Problem("code-invalid", "the code is not in the required value set", path)
    elif element.language and not is_language(value):
        yield Problem("code-invalid", "this is no language tag of BCP 47", path)


def _target(value: dict[str, Any], targets: frozenset[str] | None, path: str) -> Iterator[Problem]:
    """The type that a literal reference or its ``type`` names (R4 references.html#Reference)."""
    text, said = str(value.get("reference", "")), value.get("type")
    if "?" not in text and text.split() not in ([], [text]):
        yield Problem("value", "a reference holds no white space", f"{path}.reference")
    allowed = definitions().resources if targets is None else targets & definitions().resources
    literal = _LITERAL.fullmatch(text)
    named = literal[1] if literal else ""
    if named in definitions().resources and named not in allowed:
        yield Problem("value", f"a {named} cannot be referred to here", f"{path}.reference")
    if not isinstance(said, str):
        return
    if said not in allowed:
        yield Problem("value", "this names no type that can be referred to here", f"{path}.type")
    elif named in allowed and named != said:
        yield Problem("value", "the type is not that of the reference", f"{path}.type")


def _absent(value: dict[str, Any], definition: TypeDefinition, path: str) -> Iterator[Problem]:
    """Required elements that are missing, and choices that are made twice."""
    present = {name.removeprefix("_") for name in value}
    for element in definition.elements:
        if not element.choice and element.minimum == 0:
            continue
        names = [name for name, (of, _) in definition.members.items() if of is element]
        count = len(present.intersection(names))
        if element.minimum and not count:
            yield Problem("required", "the element is required", f"{path}.{element.name}")
        elif count > 1:
            yield Problem(
                "structure", "only one type of this choice may be given", f"{path}.{element.name}"
            )
