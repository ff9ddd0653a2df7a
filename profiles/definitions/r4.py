"""The R4 definitions as this program uses them, loaded once from the shipped artefact."""

import functools
import gzip
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class ElementDefinition:
    """One element of a type (R4 elementdefinition.html).

    Parameters
    ----------
    name : str
        Without ``[x]``.
    types : tuple of str
        Type names; an element with children of its own has a type named by its path.
    minimum : int
    many : bool
        Whether it is a list in JSON.
    choice : bool
        Whether the name ends in its type (``value[x]``).
    codes : frozenset of str, optional
        The closed list of a required binding of a ``code``.
    targets : frozenset of str, optional
        Resource types that a reference may point to.
    """

    name: str
    types: tuple[str, ...]
    minimum: int
    many: bool
    choice: bool
    codes: frozenset[str] | None
    targets: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """One type: its elements by the names that JSON has (``valueQuantity``, not ``value[x]``)."""

    name: str
    members: dict[str, tuple[ElementDefinition, str]]
    elements: tuple[ElementDefinition, ...]


@dataclass(frozen=True, slots=True)
class Definitions:
    """Every type of R4."""

    source: dict[str, Any]
    primitives: frozenset[str]
    resources: frozenset[str]
    types: dict[str, TypeDefinition]


@functools.cache
def definitions() -> Definitions:
    """The definitions that ship."""
    artefact = (files("profiles.definitions") / "r4.json.gz").read_bytes()
    content = json.loads(gzip.decompress(artefact))
    codes = {url: frozenset(listed) for url, listed in content["codes"].items()}
    types = {name: _type(name, entry, codes) for name, entry in content["types"].items()}
    return Definitions(
        source=content["source"],
        primitives=frozenset(content["primitives"]),
        resources=frozenset(n for n, entry in content["types"].items() if entry.get("resource")),
        types=types,
    )


def member_name(element: ElementDefinition, kind: str) -> str:
    """Name in JSON of an element that holds one type (R4 formats.html#choice)."""
    return f"{element.name}{kind[0].upper()}{kind[1:]}" if element.choice else element.name


def _type(name: str, entry: dict[str, Any], codes: dict[str, frozenset[str]]) -> TypeDefinition:
    elements = tuple(
        ElementDefinition(
            name=member,
            types=tuple(value["types"]),
            minimum=value["min"],
            many=value["many"],
            choice=value.get("choice", False),
            codes=codes.get(value.get("codes", "")),
            targets=frozenset(value["targets"]) if "targets" in value else None,
        )
        for member, value in entry["elements"].items()
    )
    members = {
        member_name(element, kind): (element, kind)
        for element in elements
        for kind in element.types
    }
    return TypeDefinition(name, members, elements)
