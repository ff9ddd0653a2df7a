"""HCPCS Level II and the site's CPT numbers as code systems of the FHIR operations.

A flat list: no code stands above another. A CPT number without a label of the site's own has itself as its
display, as descriptors are not ours to give.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from terminology.code_system import (
    Concept,
    Designation,
    FlatHierarchy,
    Property,
    Provider,
)
from terminology.procedures import (
    CPT_KIND,
    HCPCS_KIND,
    ProcedureCode,
    ProcedureRelease,
    procedure_codes,
)
from terminology.systems import CPT, HCPCS
from terminology.tables.release import Releases

_NAMES: Final = {HCPCS: "HCPCS Level II", CPT: "CPT numbers"}


class ProcedureSystem(FlatHierarchy):
    """One release behind the protocol of code systems.

    Parameters
    ----------
    release : ProcedureRelease
    when : str
        Date of service (ISO 8601), on which a code may be inactive; empty for the release's first day.
    """

    complete: Final = True
    listed: Final = True
    has_inactive: Final = True

    def __init__(self, release: ProcedureRelease, when: str) -> None:
        self._release = release
        self._when = when or release.begins
        self.system = release.system
        self.version = release.version
        self.name = _NAMES[release.system]
        names = release.file.header["properties"]
        self.property_codes = ("inactive", "effectiveDate", "expirationDate", *names)

    def covers(self, when: str) -> bool:
        """Whether the release holds on a date of service."""
        ends = self._release.ends or "9999-12-31"
        return self._release.begins <= when[:10] <= ends

    def concept(self, code: str) -> Concept | None:
        """A code by its characters."""
        found = self._release.get(code) if code.isascii() else None
        if found is None or found.code != code:
            return None
        short = (Designation(found.short, "short description"),) if found.short else ()
        inactive = not found.holds_on(self._when[:10])
        return Concept(
            found.code,
            found.display or found.short or found.code,
            inactive=inactive,
            designations=short,
            properties=(Property("inactive", "boolean", inactive), *_properties(found)),
        )

    def has(self, code: str, name: str, value: str) -> bool:
        """Whether a code has a property of a value."""
        found = self.concept(code)
        return found is not None and any(
            p.code == name and str(p.value).lower() == value.lower() for p in found.properties
        )

    def codes(self) -> Iterator[str]:
        """Every code."""
        return (one.code for one in self._release)

    def search(self, text: str, limit: int) -> list[str]:
        """Codes that begin with the text or whose descriptions have its words."""
        return [code.code for code, _ in self._release.search(text, limit)]


def _properties(found: ProcedureCode) -> Iterator[Property]:
    if found.begins:
        yield Property("effectiveDate", "dateTime", found.begins)
    if found.ends:
        yield Property("expirationDate", "dateTime", found.ends)
    for name, value in found.properties:
        yield Property(name, "string", value)


@cache
def _releases(folder: Path, kind: str) -> Releases[ProcedureRelease]:
    return procedure_codes(folder, kind)


def _provider(system: str, kind: str) -> Provider:
    def versions(folder: Path) -> tuple[str, ...]:
        return tuple(one.version for one in _releases(folder, kind).all)

    def opened(folder: Path, version: str, when: str) -> ProcedureSystem | None:
        releases = _releases(folder, kind)
        if version:
            fitting = [one for one in releases.all if one.version == version]
        else:
            begun = [one for one in releases.all if not when or one.begins <= when[:10]]
            fitting = begun or list(releases.all[:1])
        return ProcedureSystem(fitting[-1], when) if fitting else None

    return Provider(system, versions, opened)


HCPCS_PROVIDER: Final = _provider(HCPCS, HCPCS_KIND)
CPT_PROVIDER: Final = _provider(CPT, CPT_KIND)
