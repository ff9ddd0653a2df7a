"""Where code systems, value sets and concept maps are found: the store first, then what ships.

A canonical may name a version (``url|version``); without one the newest active one is taken. Compiled code
systems (ICD-10-CM and its companions) are opened for a date of service.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from profiles.code_systems.r4 import r4_code_system, r4_systems, r4_value_set, r4_whole_system
from profiles.code_systems.resource import ResourceCodeSystem
from profiles.code_systems.ucum import UcumSystem
from profiles.outcome import OperationOutcomeError
from profiles.scrub.code_system import edits_code_system
from terminology.code_system import CodeSystem, providers
from terminology.store_folder import TerminologyError
from terminology.systems import CLAIM_EDIT, UCUM

MOST_VERSIONS: Final = 100
"""Versions of one canonical that are looked at."""
IMPLICIT: Final = "?fhir_vs"
"""Implicit value sets of a code system: all of it, or ``=isa/`` and a code (as R4 snomedct.html#implicit)."""


class Page(Protocol):
    """One page of a search."""

    @property
    def matches(self) -> Sequence[Any]:
        """Stored versions, each with ``json()``."""
        ...


class Reads(Protocol):
    """Where resources are read."""

    def search(self, kind: str, parameters: Any, *, count: int | None = None) -> Any:
        """One page of resources by parameters."""
        ...

    def current(self, kind: str, resource_id: str) -> Any:
        """A resource by id; None when there is none."""
        ...


class KnownCodes:
    """Every code system, value set and concept map that can be asked.

    Parameters
    ----------
    reader : Reads
        The store, or a transaction on it.
    folder : Path
        Compiled code systems; need not exist.
    when : str
        Date of service (ISO 8601), for code systems with releases.
    given : sequence of dict
        Resources that came with the request; they go before those that are stored.
    versions : mapping of str to str
        Version to take of a code system where none is named.
    """

    def __init__(
        self,
        reader: Reads,
        folder: Path,
        when: str,
        given: Sequence[dict[str, Any]] = (),
        versions: Mapping[str, str] | None = None,
    ) -> None:
        self._reader = reader
        self._folder = folder
        self.when = when
        self._given = given
        self._versions = versions or {}
        self._systems: dict[tuple[str, str], CodeSystem | None] = {}

    def system(self, url: str, version: str = "") -> CodeSystem | None:
        """A code system; None when it is not known here.

        Raises
        ------
        OperationOutcomeError
            ``exception`` when its compiled file cannot be read.
        """
        base, _, stated = url.partition("|")
        key = (base, version or stated or self._versions.get(base, ""))
        if key not in self._systems:
            self._systems[key] = self._opened(*key)
        return self._systems[key]

    def require_system(self, url: str, version: str = "") -> CodeSystem:
        """A code system (``not-found`` when it is not known here)."""
        found = self.system(url, version)
        if found is not None:
            return found
        text = "this code system, or this version of it, is not known here"
        if url.partition("|")[0] in providers():
            text = (
                "no release of this code system, or not this version of it, is imported here: see "
                "`isthmus terminology`"
            )
        raise OperationOutcomeError("not-found", text, "system")

    def _opened(self, url: str, version: str) -> CodeSystem | None:
        stored = self._resource("CodeSystem", url, version)
        if stored is not None and stored.get("content") != "not-present":
            return ResourceCodeSystem(stored)
        provider = providers().get(url)
        if provider is not None:
            try:
                return provider.open(self._folder, version, self.when)
            except TerminologyError as error:
                raise OperationOutcomeError("exception", str(error)) from None
        if url == UCUM:
            return UcumSystem()
        shipped = _shipped(url)
        return shipped if shipped is not None and version in ("", shipped.version) else None

    def value_set(self, canonical: str) -> dict[str, Any] | None:
        """A value set by its canonical; None when it is not known here."""
        url, _, version = canonical.partition("|")
        if IMPLICIT in url:
            return self._implicit(url)
        if url.startswith("ValueSet/"):
            return self.by_id("ValueSet", url.removeprefix("ValueSet/"))
        found = self._resource("ValueSet", url, version)
        if found is None:
            found = r4_value_set(url)
            if found is not None and version not in ("", found.get("version", "")):
                return None
        if found is None and (system := r4_whole_system(url)) is not None:
            return _whole(url, system)
        return found

    def is_stored(self, canonical: str) -> bool:
        """Whether a value set is a resource of the store, or came with the request."""
        url, _, version = canonical.partition("|")
        return url.startswith("ValueSet/") or self._resource("ValueSet", url, version) is not None

    def concept_maps(self, pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Stored concept maps by search parameters."""
        page = self._reader.search("ConceptMap", list(pairs), count=MOST_VERSIONS)
        return [match.json() for match in page.matches]

    def concept_map(self, canonical: str) -> dict[str, Any] | None:
        """A concept map by its canonical; None when it is not known here."""
        url, _, version = canonical.partition("|")
        return self._resource("ConceptMap", url, version)

    def by_id(self, kind: str, resource_id: str) -> dict[str, Any] | None:
        """A stored resource by its id."""
        stored = self._reader.current(kind, resource_id)
        if stored is None or stored.deleted:
            return None
        found: dict[str, Any] = stored.json()
        return found

    def _resource(self, kind: str, url: str, version: str) -> dict[str, Any] | None:
        page = self._reader.search(kind, [("url", _escaped(url))], count=MOST_VERSIONS)
        listed = [one for one in self._given if one.get("resourceType") == kind]
        listed += [match.json() for match in page.matches]
        fitting = [
            one
            for one in listed
            if one.get("url") == url and version in ("", one.get("version", ""))
        ]
        return max(fitting, key=_newest, default=None)

    def _implicit(self, url: str) -> dict[str, Any] | None:
        system, _, rest = url.partition(IMPLICIT)
        if self.system(system) is None:
            return None
        if not rest:
            return _whole(url, system)
        code = rest.removeprefix("=isa/")
        if code == rest or not code:
            return None
        rule = {"property": "concept", "op": "is-a", "value": code}
        return _composed(url, {"system": system, "filter": [rule]})


def _escaped(value: str) -> str:
    """A value of a search, its separators escaped (R4 search.html#escaping)."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$").replace("|", "\\|")


def shipped_systems() -> tuple[str, ...]:
    """URLs of the code systems that need no import: HL7's of R4, and our own."""
    return (*r4_systems(), CLAIM_EDIT)


@lru_cache(maxsize=32)
def _shipped(url: str) -> ResourceCodeSystem | None:
    found = edits_code_system() if url == CLAIM_EDIT else r4_code_system(url)
    return None if found is None else ResourceCodeSystem(found)


def _newest(resource: dict[str, Any]) -> tuple[bool, list[tuple[int, str]], str]:
    """Active before others, then the greater version with its numbers as numbers."""
    parts = str(resource.get("version", "")).split(".")
    numbered = [(int(part) if part.isdecimal() and part.isascii() else -1, part) for part in parts]
    return resource.get("status") == "active", numbered, resource.get("date", "")


def _whole(url: str, system: str) -> dict[str, Any]:
    return _composed(url, {"system": system})


def _composed(url: str, include: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "ValueSet",
        "url": url,
        "status": "active",
        "compose": {"include": [include]},
    }
