"""Values of a FHIRPath result as parts of a Parameters (fhirpath-lab ``server-api.md``, output).

A part has the name of the type of its value, and extensions for what ``value[x]`` cannot say: where the value
stands in the resource, and the JSON of a value whose type no parameter has. Such a part says besides that it
has no value: R4 wants one in each (inv-1), and whoever looks for ``value[x]`` finds none.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.exact_json import Number, dumps_exact
from profiles.fhirpath.nodes import UCUM, Node
from profiles.fhirpath.places import Key, place_of, places
from profiles.fhirpath.quantities import Quantity
from profiles.fhirpath.temporal import Temporal
from profiles.outcome import OperationOutcomeError
from terminology.claims import ABSENT

LAB: Final = "http://fhir.forms-lab.com/StructureDefinition"
"""Where the FHIRPath Lab has its extensions."""
JSON_VALUE: Final = f"{LAB}/json-value"
RESOURCE_PATH: Final = f"{LAB}/resource-path"
UNSUPPORTED: Final = "unsupported"
"""There is a value, but ``value[x]`` of a parameter has no place for it."""
NOT_APPLICABLE: Final = "not-applicable"
"""There is no value."""
LARGEST: Final = 16 << 20
"""Bytes of all values of an answer."""


class Parts:
    """Writes nodes of one resource as parts.

    Parameters
    ----------
    root : Node
        The resource; its places are looked up when the first is wanted.
    """

    def __init__(self, root: Node) -> None:
        self._root = root
        self._known: dict[Key, str] | None = None
        self._left = LARGEST

    def path(self, node: Node) -> str | None:
        """Where a node stands in the resource; None for what an expression has made."""
        if node.value is self._root.value:
            return self._root.type
        if self._known is None:
            self._known = places(self._root)
        return self._known.get(place_of(node))

    def of(self, nodes: Iterable[Node]) -> list[dict[str, Any]]:
        """One part for each value.

        Raises
        ------
        OperationOutcomeError
            ``too-costly`` for an answer that repeats a large element again and again.
        """
        return [self._part(node) for node in nodes]

    def _part(self, node: Node) -> dict[str, Any]:
        self._left -= (
            len(dumps_exact(node.value)) if isinstance(node.value, dict) else len(node.type)
        )
        if self._left < 0:
            raise OperationOutcomeError("too-costly", "FHIRPath: the result is too large")
        path = self.path(node)
        extensions = [] if path is None else [{"url": RESOURCE_PATH, "valueString": path}]
        if node.value == "":
            return {**_extended(extensions), "name": "empty-string", **absent(UNSUPPORTED)}
        value = _system(node) if node.type.startswith("System.") else _element(node)
        if isinstance(node.value, dict) and not value:
            text = dumps_exact(node.value).decode()
            extensions.append({"url": JSON_VALUE, "valueString": text})
        return {**_extended(extensions), "name": node.type, **(value or absent(UNSUPPORTED))}


def absent(reason: str) -> dict[str, Any]:
    """A value that is not there, and why (R4 extension-data-absent-reason.html)."""
    return {"_valueString": {"extension": [{"url": ABSENT, "valueCode": reason}]}}


def _extended(extensions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"extension": extensions} if extensions else {}


def _element(node: Node) -> dict[str, Any]:
    """An element of FHIR as ``value[x]``; nothing where a parameter cannot have its type."""
    value, kind = node.value, node.type
    if isinstance(value, dict) and "resourceType" in value:
        return {"resource": value}
    if kind not in _CARRIED:
        return {} if isinstance(value, dict) or not value else {"valueString": value}
    name = f"value{kind[0].upper()}{kind[1:]}"
    found = {name: value, f"_{name}": None if isinstance(value, dict) else node.extension}
    return {key: one for key, one in found.items() if one is not None}


_CARRIED: Final = frozenset(
    kind
    for element in definitions().types["Parameters.parameter"].elements
    if element.choice
    for kind in element.types
)


def _system(node: Node) -> dict[str, Any]:
    """A system value as the type of FHIR that holds it; as text where none does."""
    value = node.value
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int) and abs(value) < 2**31:
        return {"valueInteger": value}
    if isinstance(value, Decimal):
        return {"valueDecimal": Number(format(value, "f"))}
    if isinstance(value, Quantity):
        coded = {} if value.calendar else {"system": UCUM, "code": value.code}
        number = Number(format(value.value, "f"))
        return {"valueQuantity": {"value": number, "unit": value.calendar or value.code, **coded}}
    if isinstance(value, Temporal):
        return _temporal(value)
    if isinstance(value, dict):
        return {"valueString": f"{value.get('namespace')}.{value.get('name')}"}
    return {"valueString": str(value)}


def _temporal(value: Temporal) -> dict[str, Any]:
    """A date or time in FHIR's type, which has to say the seconds, and the zone of a moment."""
    text = str(value)
    if value.kind == "Date" or (value.kind == "DateTime" and len(value.parts) <= 3):
        return {f"value{value.kind}": text}
    whole = len(value.parts) == (3 if value.kind == "Time" else 6)
    if whole and (value.kind == "Time" or value.zone is not None):
        return {f"value{value.kind}": text}
    return {"valueString": text}
