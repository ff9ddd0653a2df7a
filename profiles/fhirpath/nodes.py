"""What an expression walks over: JSON values with their FHIR types, and system values (FHIRPath N1 3)."""

import functools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from profiles.definitions.r4 import definitions, member_name
from profiles.fhirpath.quantities import Quantity, mapped_code
from profiles.fhirpath.temporal import Temporal, parse_date, parse_datetime, parse_time
from profiles.fhirpath.whole import Long
from profiles.outcome import OperationOutcomeError

UCUM: Final = "http://unitsofmeasure.org"
_QUANTITIES: Final = frozenset(
    {"Quantity", "Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity"}
)
_SYSTEM: Final = {
    bool: "System.Boolean",
    int: "System.Integer",
    Long: "System.Long",
    Decimal: "System.Decimal",
}
_INTEGERS: Final = frozenset({"integer", "positiveInt", "unsignedInt", "integer64"})


class Node:
    """One value of a collection.

    Parameters
    ----------
    value
        JSON of a FHIR element, or a system value.
    type : str
        ``Quantity``, ``code``, ``Observation.component`` or ``System.String``.
    extension : dict, optional
        What stands beside a primitive under ``_name``.
    owner, member, index
        Where the element stands in its parent: object, JSON name, place in the list.
    """

    __slots__ = ("extension", "index", "member", "owner", "type", "value")

    def __init__(
        self,
        value: Any,
        type: str,  # noqa: A002 - the word of the specification
        extension: dict[str, Any] | None = None,
        owner: dict[str, Any] | None = None,
        member: str = "",
        index: int | None = None,
    ) -> None:
        self.value = value
        self.type = type
        self.extension = extension
        self.owner = owner
        self.member = member
        self.index = index

    def __repr__(self) -> str:
        return f"Node({self.value!r}, {self.type!r})"


def system(value: Any) -> Node:
    """A system value as a node."""
    if isinstance(value, Temporal):
        return Node(value, f"System.{value.kind}")
    if isinstance(value, Quantity):
        return Node(value, "System.Quantity")
    return Node(value, _SYSTEM.get(type(value), "System.String"))


TRUE: Final = [Node(True, "System.Boolean")]
FALSE: Final = [Node(False, "System.Boolean")]


def boolean(value: bool) -> list[Node]:
    """A truth value as a collection."""
    return TRUE if value else FALSE


_LOGICAL_ID: Final = (("id", "id"),)
"""Resource.id, which the definitions call a string though it is an ``id`` (R4 resource.html)."""


@functools.cache
def names_of(kind: str, name: str) -> tuple[tuple[str, str], ...]:
    """JSON names and types under which an element of a type may stand."""
    definition = definitions().types.get(kind)
    if definition is None:
        return ()
    if name == "id" and kind in definitions().resources:
        return _LOGICAL_ID
    return tuple(
        (member_name(element, inner), inner)
        for element in definition.elements
        if element.name == name
        for inner in element.types
    )


def children(node: Node, name: str) -> Iterator[Node]:
    """The elements of this name."""
    value = node.value
    if not isinstance(value, dict):
        if node.extension is not None and name in ("id", "extension"):
            yield from _of_extension(node.extension, name)
        return
    names = names_of(node.type, name)
    if not names and name not in ("resourceType",) and node.type not in definitions().types:
        names = ((name, "string"),)
    for json_name, kind in names:
        if json_name in value or f"_{json_name}" in value:
            yield from _elements(value, json_name, kind)


def all_children(node: Node) -> Iterator[Node]:
    """Every element."""
    value = node.value
    if not isinstance(value, dict):
        if node.extension is not None:
            yield from _of_extension(node.extension, "id")
            yield from _of_extension(node.extension, "extension")
        return
    definition = definitions().types.get(node.type)
    if definition is None:
        return
    seen: set[str] = set()
    for name in value:
        plain = name.removeprefix("_")
        found = definition.members.get(plain)
        if found is not None and plain not in seen:
            seen.add(plain)
            logical = plain == "id" and "resourceType" in value
            yield from _elements(value, plain, "id" if logical else found[1])


def _of_extension(extension: dict[str, Any], name: str) -> Iterator[Node]:
    if name in extension:
        yield from _elements(extension, name, "string" if name == "id" else "Extension")


def _elements(owner: dict[str, Any], name: str, kind: str) -> Iterator[Node]:
    value = owner.get(name)
    beside = owner.get(f"_{name}")
    if isinstance(value, list) or isinstance(beside, list):
        values = value if isinstance(value, list) else []
        partners = beside if isinstance(beside, list) else []
        for at in range(max(len(values), len(partners))):
            one = values[at] if at < len(values) else None
            partner = partners[at] if at < len(partners) else None
            if one is not None or partner is not None:
                yield Node(one, _kind(kind, one), partner, owner, name, at)
    else:
        yield Node(value, _kind(kind, value), beside, owner, name)


def _kind(kind: str, value: Any) -> str:
    if kind == "Resource" and isinstance(value, dict):
        return str(value.get("resourceType", kind))
    return kind


def unwrapped(node: Node) -> Any:
    """The system value of a node; a complex element stays what it is (R4 fhirpath.html#types)."""
    kind, value = node.type, node.value
    if kind.startswith("System.") or value is None:
        return value
    if isinstance(value, dict):
        return _quantity(value) if kind in _QUANTITIES else value
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return int(value) if kind in _INTEGERS else Decimal(str(value))
    return _text(kind, str(value))


def written(node: Node) -> Any:
    """The system value of a node where a text is looked for: a FHIR date is the text that writes it."""
    if isinstance(node.value, str) and not node.type.startswith("System."):
        return node.value
    return unwrapped(node)


def _text(kind: str, value: str) -> Any:
    try:
        if kind == "date":
            return parse_date(value)
        if kind in ("dateTime", "instant"):
            return parse_datetime(value)
        if kind == "time":
            return parse_time(value)
    except OperationOutcomeError:
        return value
    return value


def _quantity(value: dict[str, Any]) -> Any:
    if value.get("value") is None or "comparator" in value:
        return value
    coded = value.get("system") == UCUM
    unit = (value.get("code") if coded else value.get("unit")) or "1"
    number = Decimal(str(value["value"]))
    return Quantity(number, f"'{unit}'", coded and mapped_code(unit))
