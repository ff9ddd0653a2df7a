"""The codes of procedures that may be used on a day: the site's list of CPT numbers, and HCPCS Level II."""

from pathlib import Path
from typing import Protocol

from terminology.ncci import PRACTITIONER, pair_edits
from terminology.procedures import (
    CPT_KIND,
    HCPCS_KIND,
    ProcedureCode,
    ProcedureRelease,
    procedure_codes,
)
from terminology.systems import CPT, HCPCS


class ProcedureCodes(Protocol):
    """What the coder of procedures asks."""

    has_cpt: bool
    """Whether the site supplied a list of CPT numbers for the day."""
    has_hcpcs: bool

    def get(self, code: str) -> ProcedureCode | None:
        """A code that may be used on the day, else None."""

    def release_of(self, code: str) -> tuple[str, str]:
        """System and version of a code."""

    def search(self, text: str, limit: int) -> list[ProcedureCode]:
        """HCPCS codes by words of their public descriptions, best first."""

    def edit(self, first: str, second: str) -> str:
        """Modifier indicator of the NCCI edit of a pair; empty when there is none."""


class SiteCodes:
    """The releases in force on a day.

    Parameters
    ----------
    terminology : Path
        Folder of the compiled code systems.
    service_date : str
        ISO date.
    """

    def __init__(self, terminology: Path, service_date: str) -> None:
        self._day = service_date
        self._cpt = procedure_codes(terminology, CPT_KIND).on(service_date)
        self._hcpcs = procedure_codes(terminology, HCPCS_KIND).on(service_date)
        self._pairs = pair_edits(terminology, PRACTITIONER).on(service_date)
        self.has_cpt = self._cpt is not None
        self.has_hcpcs = self._hcpcs is not None

    def get(self, code: str) -> ProcedureCode | None:
        """A code that may be used on the day, else None."""
        release = self._release(code)
        found = release.get(code) if release else None
        return found if found is not None and found.holds_on(self._day) else None

    def release_of(self, code: str) -> tuple[str, str]:
        """System and version of a code."""
        release = self._release(code)
        return (HCPCS if code[0].isalpha() else CPT), (release.version if release else "")

    def search(self, text: str, limit: int) -> list[ProcedureCode]:
        """HCPCS codes by words of their public descriptions, best first."""
        if self._hcpcs is None:
            return []
        hits = self._hcpcs.search(text, limit)
        return [code for code, _ in hits if code.holds_on(self._day)]

    def edit(self, first: str, second: str) -> str:
        """Modifier indicator of the NCCI edit of a pair; empty when there is none."""
        found = self._pairs.edit(first, second, self._day) if self._pairs else None
        return found.indicator if found else ""

    def _release(self, code: str) -> ProcedureRelease | None:
        return self._hcpcs if code[:1].isalpha() else self._cpt
