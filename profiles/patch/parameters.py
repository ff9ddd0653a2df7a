"""Values of a FHIRPath Patch: what a parameter carries, as the JSON of an element (R4 fhirpatch.html)."""

from dataclasses import dataclass
from typing import Any, Final

from profiles.definitions.r4 import ElementDefinition, definitions, member_name
from profiles.outcome import OperationOutcomeError

_TEXTS: Final = frozenset({"string", "markdown", "code", "id"})
_ADDRESSES: Final = frozenset({"uri", "url", "canonical", "oid", "uuid"})
_NUMBERS: Final = frozenset({"integer", "positiveInt", "unsignedInt"})
_DATES: Final = frozenset({"date", "dateTime", "instant"})
_MEASURES: Final = frozenset({"Quantity", "Age", "Count", "Distance", "Duration"})
_FAMILIES: Final = (_TEXTS | _ADDRESSES, _NUMBERS, _DATES, _MEASURES)
"""Types that are written alike: the result decides whether the value is one of the element's type."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value for an element: its JSON name, its JSON, and what stands beside a primitive."""

    member: str
    json: Any
    beside: Any = None


def element_named(kind: str, name: str) -> ElementDefinition:
    """The element of a type by its name, by that of a choice, or by its name in JSON (``invariant``)."""
    plain = name.removesuffix("[x]")
    definition = definitions().types.get(kind)
    for element in definition.elements if definition is not None else ():
        if element.name == plain or any(member_name(element, k) == name for k in element.types):
            return element
    raise OperationOutcomeError("invariant", f"{kind} has no element of the name that is given")


def value_for(element: ElementDefinition, name: str, part: dict[str, Any]) -> Value:
    """What a parameter gives for an element.

    Parameters
    ----------
    element : ElementDefinition
    name : str
        Name of the element as the patch has it: that of one type of a choice says the type.
    part : dict
        A parameter with ``value[x]``, ``resource``, or the elements of the value as ``part``.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for a parameter without a value, ``invariant`` for a value of another type.
    """
    key = next((k for k in part if k.lstrip("_").startswith("value")), None)
    if key is not None:
        given = key.lstrip("_").removeprefix("value")
        kind = _accepted(element, given)
        json, beside = part.get(f"value{given}"), part.get(f"_value{given}")
        if json is None and beside is None:
            raise OperationOutcomeError("invalid", "the operation needs a value")
        return Value(member_name(element, kind), json, beside)
    if "resource" in part:
        if "Resource" not in element.types:
            raise OperationOutcomeError("invariant", "the element is no resource")
        return Value(element.name, part["resource"])
    if not part.get("part"):
        raise OperationOutcomeError("invalid", "the operation needs a value")
    kinds = [k for k in element.types if member_name(element, k) == name] or list(element.types)
    if len(kinds) != 1 or kinds[0] not in definitions().types:
        raise OperationOutcomeError("invariant", "parts do not say the type of this element")
    return Value(member_name(element, kinds[0]), _built(kinds[0], part["part"]))


def _accepted(element: ElementDefinition, given: str) -> str:
    """The type of an element that takes a ``value[x]`` of this ending."""
    for kind in element.types:
        if kind[:1].upper() + kind[1:] == given:
            return kind
    if len(element.types) == 1:
        kind = element.types[0]
        for family in _FAMILIES:
            if kind in family and given in {one[:1].upper() + one[1:] for one in family}:
                return kind
    raise OperationOutcomeError("invariant", "the element cannot have a value of this type")


def _built(kind: str, parts: list[Any]) -> dict[str, Any]:
    """An element of a type out of its parts."""
    made: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("name"), str):
            raise OperationOutcomeError("invalid", "a part of a value needs a name")
        element = element_named(kind, part["name"])
        append(made, element, value_for(element, part["name"], part))
    return made


def append(owner: dict[str, Any], element: ElementDefinition, value: Value) -> None:
    """Put a value into an object: at the end of a list, or where there is none yet (``invariant``)."""
    if element.many:
        insert(owner, value, length(owner, value.member))
        return
    names = {member_name(element, kind) for kind in element.types}
    if any(name in owner or f"_{name}" in owner for name in names):
        raise OperationOutcomeError("invariant", "the element has a value already; use replace")
    put(owner, value)


def put(owner: dict[str, Any], value: Value) -> None:
    """Set an element that is no list."""
    for name, json in ((value.member, value.json), (f"_{value.member}", value.beside)):
        if json is None:
            owner.pop(name, None)
        else:
            owner[name] = json


def length(owner: dict[str, Any], member: str) -> int:
    """Items of a list, those counted that only have an extension."""
    return max(len(owner.get(member) or ()), len(owner.get(f"_{member}") or ()))


def lists(owner: dict[str, Any], member: str) -> tuple[list[Any], list[Any]]:
    """A list and the one beside it, of one length (R4 json.html#primitive)."""
    count = length(owner, member)
    pair = []
    for name in (member, f"_{member}"):
        one = list(owner.get(name) or ())
        pair.append(one + [None] * (count - len(one)))
    return pair[0], pair[1]


def keep(owner: dict[str, Any], member: str, values: list[Any], beside: list[Any]) -> None:
    """Store both lists; one that says nothing is left out."""
    for name, one in ((member, values), (f"_{member}", beside)):
        if any(item is not None for item in one):
            owner[name] = one
        else:
            owner.pop(name, None)


def insert(owner: dict[str, Any], value: Value, at: int) -> None:
    """Put a value at a place of a list."""
    values, beside = lists(owner, value.member)
    values.insert(at, value.json)
    beside.insert(at, value.beside)
    keep(owner, value.member, values, beside)
