"""The R4 definitions as this program uses them, loaded once from the shipped artefact."""

import functools
import gzip
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Invariant:
    """One constraint: ``key`` such as ``obs-7``, severity, the sentence for people, the FHIRPath."""

    key: str
    severity: str
    human: str
    expression: str


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
    rules : tuple of Invariant
        Constraints on the element itself; those of its type stand with the type.
    binding : tuple of (str, str), optional
        Strength (``required``, ``extensible``) and value set of a coded element that can be listed.
    summary : bool
        Whether ``_summary=true`` shows it.
    language : bool
        Whether it is a code of a language, however far its binding may be left (BCP 47).
    """

    name: str
    types: tuple[str, ...]
    minimum: int
    many: bool
    choice: bool
    codes: frozenset[str] | None
    targets: frozenset[str] | None
    rules: tuple[Invariant, ...] = ()
    binding: tuple[str, str] | None = None
    summary: bool = False
    language: bool = False


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """One type: its elements by the names that JSON has (``valueQuantity``, not ``value[x]``)."""

    name: str
    members: dict[str, tuple[ElementDefinition, str]]
    elements: tuple[ElementDefinition, ...]
    rules: tuple[Invariant, ...] = ()

    def extends(self, name: str) -> bool:
        """Whether a member has an ``_name`` beside it for its id and extensions (R4 json.html#primitive).

        An id, a narrative and the url of an extension are values and not elements: they have none.
        """
        _, kind = self.members[name]
        bare = name == "id" or kind == "xhtml" or (name == "url" and self.name == "Extension")
        return not bare and kind in definitions().primitives


@dataclass(frozen=True, slots=True)
class Definitions:
    """Every type of R4."""

    source: dict[str, Any]
    primitives: frozenset[str]
    resources: frozenset[str]
    types: dict[str, TypeDefinition]
    codes: dict[str, frozenset[str]]


@functools.cache
def definitions() -> Definitions:
    """The definitions that ship."""
    content = artefact("r4.json.gz")
    codes = {url: frozenset(listed) for url, listed in content["codes"].items()}
    types = {name: _type(name, entry, codes) for name, entry in content["types"].items()}
    return Definitions(
        source=content["source"],
        primitives=frozenset(content["primitives"]),
        resources=frozenset(n for n, entry in content["types"].items() if entry.get("resource")),
        types=types,
        codes=codes,
    )


def artefact(name: str) -> dict[str, Any]:
    """One of the generated files of this package."""
    packed = (files("profiles.definitions") / name).read_bytes()
    content: dict[str, Any] = json.loads(gzip.decompress(packed))
    return content


@functools.cache
def value_sets() -> dict[str, dict[str, frozenset[str]]]:
    """Value set → system → codes, of the bindings that can be listed (R4 terminologies.html)."""
    return {
        url: {system: frozenset(codes) for system, codes in systems.items()}
        for url, systems in artefact("r4_bindings.json.gz")["value_sets"].items()
    }


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
            rules=_rules(value),
            binding=tuple(value["binding"]) if "binding" in value else None,
            summary=value.get("summary", False),
            language=value.get("language", False),
        )
        for member, value in entry["elements"].items()
    )
    members = {
        member_name(element, kind): (element, kind)
        for element in elements
        for kind in element.types
    }
    return TypeDefinition(name, members, elements, _rules(entry))


def _rules(entry: dict[str, Any]) -> tuple[Invariant, ...]:
    return tuple(Invariant(*rule) for rule in entry.get("rules", ()))
