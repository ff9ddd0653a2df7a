"""Types and their ancestors, for ``is``, ``as`` and ``ofType`` (FHIRPath N1 6.3; R4 fhirpath.html)."""

import functools
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.fhirpath.nodes import Node
from profiles.outcome import OperationOutcomeError

_PARENTS: Final = {
    "code": "string",
    "id": "string",
    "markdown": "string",
    "unsignedInt": "integer",
    "positiveInt": "integer",
    "url": "uri",
    "canonical": "uri",
    "oid": "uri",
    "uuid": "uri",
    "Age": "Quantity",
    "Count": "Quantity",
    "Distance": "Quantity",
    "Duration": "Quantity",
    "MoneyQuantity": "Quantity",
    "SimpleQuantity": "Quantity",
    "BackboneElement": "Element",
    "Timing": "BackboneElement",
    "Dosage": "BackboneElement",
    "ElementDefinition": "BackboneElement",
    "DomainResource": "Resource",
}
_PLAIN: Final = frozenset({"Binary", "Bundle", "Parameters"})
_SYSTEM: Final = frozenset(
    {
        *("Boolean", "String", "Integer", "Long", "Decimal"),
        *("Date", "DateTime", "Time", "Quantity", "Any"),
    }
)


@functools.cache
def ancestors(kind: str) -> tuple[str, ...]:
    """A type and what it derives from."""
    found = [kind]
    if kind in definitions().resources:
        return (kind, "Resource") if kind in _PLAIN else (kind, "DomainResource", "Resource")
    if "." in kind and not kind.startswith("System."):
        return (kind, "BackboneElement", "Element")
    while found[-1] in _PARENTS:
        found.append(_PARENTS[found[-1]])
    if found[-1] != "Resource" and not kind.startswith("System.") and found[-1] != "Element":
        found.append("Element")
    return tuple(found)


def is_of(node: Node, wanted: str) -> bool:
    """Whether a node is of a type: ``FHIR.code``, ``System.String``, or a bare name."""
    space, _, name = wanted.rpartition(".")
    system = node.type.startswith("System.")
    plain = node.type.removeprefix("System.")
    if space == "System" or (not space and system):
        return system and name in (plain, "Any")
    if space not in ("", "FHIR"):
        return node.type == wanted
    return not system and name in ancestors(node.type)


def require_type(wanted: str) -> None:
    """Refuse a type that nobody knows (``invalid``)."""
    space, _, name = wanted.rpartition(".")
    known = definitions()
    fhir = name in known.types or name in known.primitives or name in _PARENTS
    # Nothing is of a FHIR name in the namespace System, and asking is no mistake.
    if space in ("", "FHIR", "System") and (fhir or (name in _SYSTEM and space != "FHIR")):
        return
    if wanted in known.types:
        return
    raise OperationOutcomeError("invalid", "FHIRPath: this type is not known")


def described(node: Node) -> dict[str, Any]:
    """Namespace and name of a node's type, as ``type()`` gives them."""
    if node.type.startswith("System."):
        return {"namespace": "System", "name": node.type.removeprefix("System.")}
    name = "BackboneElement" if "." in node.type else node.type
    return {"namespace": "FHIR", "name": name}
