"""Codes for ``:in``, ``:above`` and ``:below``, from what is stored, compiled code systems and R4 itself.

R4 search.html#modifiers. A value set that needs more than it says is refused, never taken for empty.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from adapters.sql.records import SearchPage, StoredVersion
from profiles.code_systems.known import KnownCodes
from profiles.code_systems.value_set import ValueSetContent
from profiles.definitions.r4 import definitions, value_sets
from profiles.outcome import OperationOutcomeError

Codes = list[tuple[str, str]]

MOST: Final = 1000
"""Codes that one search looks for."""


class Reads(Protocol):
    """Where definitions are read."""

    def read(self, kind: str, resource_id: str) -> StoredVersion | None:
        """A resource by id."""
        ...

    def search(self, kind: str, pairs: Any, *, count: int | None = None) -> SearchPage:
        """Resources by parameters."""
        ...


class StoredTerminology:
    """Lists codes for a search.

    Parameters
    ----------
    reader : Reads
    folder : Path
        Compiled code systems; need not exist.
    """

    def __init__(self, reader: Reads, folder: Path) -> None:
        self._reader = reader
        self._folder = folder

    def in_value_set(self, reference: str) -> Codes:
        """Codes of a value set given by URL, or as ``ValueSet/id``.

        Raises
        ------
        OperationOutcomeError
            ``invalid`` when it is unknown, ``not-supported`` when it cannot be listed here,
            ``too-costly`` when it has too many codes for a search.
        """
        known = self._known()
        url = reference.partition("|")[0]
        if not known.is_stored(reference):
            listed = value_sets().get(url)
            if listed is not None:
                return [
                    (system, code) for system in sorted(listed) for code in sorted(listed[system])
                ]
            closed = definitions().codes.get(url)
            if closed is not None:
                return [("", code) for code in sorted(closed)]
        resource = known.value_set(reference)
        if resource is None:
            raise OperationOutcomeError("invalid", "this value set is not known here")
        entries = ValueSetContent(known, resource).entries()
        return _few((entry.system, entry.code) for entry in entries)

    def subsumed(self, token: str, above: bool) -> Codes:
        """A code with those below it, or above it, in its code system."""
        system, bar, code = token.partition("|")
        if not bar:
            raise OperationOutcomeError("invalid", ":above and :below need system|code")
        found = self._known().system(system)
        if found is None:
            raise OperationOutcomeError("not-supported", "this code system is not known here")
        related = found.above(code) if above else found.below(code)
        return _few([(system, code), *((system, one) for one in related)])

    def _known(self) -> KnownCodes:
        return KnownCodes(
            _Current(self._reader), self._folder, datetime.now(UTC).date().isoformat()
        )


class _Current:
    """The reader as code systems are read from it."""

    def __init__(self, reader: Reads) -> None:
        self.current = reader.read
        self.search = reader.search


def _few(codes: Iterable[tuple[str, str]]) -> Codes:
    found = list(islice(codes, MOST + 1))
    if len(found) > MOST:
        raise OperationOutcomeError("too-costly", f"a search looks for {MOST} codes at most")
    return found
