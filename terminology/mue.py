"""Medically unlikely edits: the most units of a service on a line (MAI 1) or a day (MAI 2 and 3)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from terminology.tables.keys import code_key
from terminology.tables.release import Release, Releases

PRACTITIONER: Final = "mue-practitioner"
HOSPITAL: Final = "mue-hospital"
SUPPLIER: Final = "mue-dme"


@dataclass(frozen=True, slots=True)
class UnitEdit:
    """The most units of a service, and how they are counted (MUE adjudication indicator 1, 2 or 3)."""

    most: int
    indicator: int
    rationale: str


class UnitEdits(Release):
    """One quarterly release of the MUE of one service type."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._keys = self.file.column("key")
        self._most = self.file.column("most")
        self._indicators = self.file.column("indicator")
        self._rationales = self.file.column("rationale")
        self._texts: list[str] = self.file.header["rationales"]

    def edit(self, code: str) -> UnitEdit | None:
        """The edit of a service; None without one."""
        key = code_key(code)
        row = self.file.first("key", key)
        if key < 0 or row >= self.rows or self._keys[row] != key:
            return None
        rationale = self._texts[self._rationales[row]]
        return UnitEdit(self._most[row], self._indicators[row], rationale)


def unit_edits(folder: Path, kind: str) -> Releases[UnitEdits]:
    """The releases of one service type that a site has imported."""
    return Releases(folder, kind, UnitEdits)
