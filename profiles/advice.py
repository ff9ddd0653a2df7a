"""What is better said otherwise, for who asks with ``$validate``: these are warnings and refuse nothing.

R4 says them in words, its own examples do not keep all of them, and so they stop no write.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.structure import Problem

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")
_REGISTERED: Final = ("urn:oid:", "urn:uuid:")
_WELL_FORMED: Final = re.compile(
    r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+|urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_URI: Final = "urn:ietf:rfc:3986"
_QUANTITIES: Final = frozenset({"Quantity", "Age", "Count", "Distance", "Duration"})
_WITH_SYSTEM: Final = _QUANTITIES | {"Identifier", "Coding"}
_NAMED: Final = frozenset({"searchset", "history", "collection"})


def advice(value: dict[str, Any], kind: str, path: str) -> Iterator[Problem]:
    """What is to be said of an element and of what it holds.

    Parameters
    ----------
    value : dict
        An element whose structure holds.
    kind : str
        Its type.
    path : str
        Where it stands.
    """
    if kind in _WITH_SYSTEM:
        yield from _of_system(value, kind, path)
    if kind == "Bundle" and value.get("type") in _NAMED:
        yield from _of_entries(value, path)
    definition = definitions().types[kind]
    for name, member in value.items():
        element, inner = definition.members.get(name, (None, ""))
        if element is None:
            continue
        label = f"{element.name}.ofType({inner})" if element.choice else element.name
        for at, one in enumerate(member) if isinstance(member, list) else ((-1, member),):
            place = f"{path}.{label}[{at}]" if at >= 0 else f"{path}.{label}"
            if isinstance(one, dict):
                own = str(one["resourceType"]) if inner == "Resource" else inner
                yield from advice(one, own, place)
            elif inner == "canonical" and not (one[:1] == "#" or _ABSOLUTE.fullmatch(one)):
                yield Problem(
                    "value", "a canonical is absolute, or leads to what is contained", place
                )


def _of_system(value: dict[str, Any], kind: str, path: str) -> Iterator[Problem]:
    """R4 datatypes.html: what defines a code or an identifier is found by an absolute URI."""
    system = value.get("system")
    if not isinstance(system, str):
        return
    said = value.get("value")
    if not _ABSOLUTE.fullmatch(system):
        yield Problem("value", "a system is an absolute URI", f"{path}.system")
    elif system.startswith(_REGISTERED) and not _WELL_FORMED.fullmatch(system):
        yield Problem("value", "the system is no OID or UUID in lower case", f"{path}.system")
    elif kind == "Identifier" and system == _URI and not _ABSOLUTE.fullmatch(said or "x:x"):
        yield Problem("value", "the value is no absolute URI", f"{path}.value")


def _of_entries(bundle: dict[str, Any], path: str) -> Iterator[Problem]:
    """R4 bundle.html#bundle-unique: the full URL says which resource this is."""
    for at, entry in enumerate(bundle.get("entry", ())):
        if "id" in entry.get("resource", ()) and "fullUrl" not in entry:
            place = f"{path}.entry[{at}].fullUrl"
            yield Problem("required", "the fullUrl says which resource this is", place)
