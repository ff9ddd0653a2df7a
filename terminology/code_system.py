"""What every code system can say, whatever it is stored as.

A provider opens the versions of one code system in the folder of compiled tables; ``PROVIDERS`` names them.
The FHIR operations on codes ask through this and know no code system by name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

PROVIDERS: Final = (
    "terminology.icd10cm.code_system:PROVIDER",
    "terminology.procedure_systems:HCPCS_PROVIDER",
    "terminology.procedure_systems:CPT_PROVIDER",
)
"""Where each ``Provider`` is."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a concept.

    Parameters
    ----------
    code : str
    type : str
        R4 ``code``, ``string``, ``boolean``, ``integer``, ``decimal``, ``dateTime`` or ``Coding``.
    value : object
        JSON value of that type.
    description : str
        For people: the display of a code, or where a note stands.
    """

    code: str
    type: str
    value: Any
    description: str = ""


@dataclass(frozen=True, slots=True)
class Designation:
    """Another text of a concept; ``use`` is its kind, as the code system calls it."""

    value: str
    use: str = ""
    language: str = ""
    use_coding: Any = None


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept.

    ``abstract`` is a grouper that is not meant to be recorded, ``inactive`` one that no longer is.
    """

    code: str
    display: str
    definition: str = ""
    abstract: bool = False
    inactive: bool = False
    designations: tuple[Designation, ...] = ()
    properties: tuple[Property, ...] = ()


class CodeSystem(Protocol):
    """One version of a code system."""

    @property
    def system(self) -> str:
        """Its canonical URI."""
        ...

    @property
    def version(self) -> str:
        """Its version; empty when it has none."""
        ...

    @property
    def name(self) -> str:
        """Its name for people."""
        ...

    @property
    def complete(self) -> bool:
        """Whether every code of it is known, so that a code that is not found is none."""
        ...

    @property
    def listed(self) -> bool:
        """Whether its codes can be listed; a grammar such as UCUM has no end."""
        ...

    @property
    def has_inactive(self) -> bool:
        """Whether any concept is inactive."""
        ...

    @property
    def property_codes(self) -> tuple[str, ...]:
        """Codes of the properties that its concepts may have."""
        ...

    def covers(self, when: str) -> bool:
        """Whether it holds on a date; True where it has no dates."""
        ...

    def concept(self, code: str) -> Concept | None:
        """A concept; None when there is none."""
        ...

    def is_abstract(self, code: str) -> bool:
        """Whether a code only groups others."""
        ...

    def has(self, code: str, name: str, value: str) -> bool:
        """Whether a concept has a property of a value, as text."""
        ...

    def codes(self) -> Iterator[str]:
        """Every code, parents before children."""
        ...

    def below(self, code: str) -> Iterator[str]:
        """Codes that a code subsumes, without itself."""
        ...

    def above(self, code: str) -> Iterator[str]:
        """Codes that subsume a code, without itself, the nearest first."""
        ...

    def subsumes(self, above: str, below: str) -> bool:
        """Whether a code subsumes another one."""
        ...

    def search(self, text: str, limit: int) -> list[str]:
        """Codes that fit words that a person types, the best first."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """Opens one code system.

    Parameters
    ----------
    system : str
        Canonical URI.
    versions : callable
        Versions in a folder, the oldest first.
    open : callable
        Takes folder, version (empty: by date) and date (ISO 8601; empty: the newest); None when the folder
        has none such.
    """

    system: str
    versions: Callable[[Path], tuple[str, ...]]
    open: Callable[[Path, str, str], CodeSystem | None]


def providers() -> dict[str, Provider]:
    """Every provider, by canonical URI."""
    places = (place.partition(":") for place in PROVIDERS)
    found: list[Provider] = [getattr(import_module(name), own) for name, _, own in places]
    return {provider.system: provider for provider in found}


class FlatHierarchy:
    """The part of ``CodeSystem`` that is the same for every list in which no code stands above another."""

    def is_abstract(self, code: str) -> bool:
        """Never: each code may be used."""
        del code
        return False

    def below(self, code: str) -> Iterator[str]:
        """None."""
        del code
        return iter(())

    def above(self, code: str) -> Iterator[str]:
        """None."""
        del code
        return iter(())

    def subsumes(self, above: str, below: str) -> bool:
        """Never."""
        del above, below
        return False
