"""NCCI procedure-to-procedure edits: which two services are not paid together, and whether a modifier helps.

Each pair carries its own days of effect and deletion, so the last release answers for every day before it.
CMS, National Correct Coding Initiative, PTP edits: columns 1 and 2, modifier indicator 0 not allowed, 1
allowed, 9 not applicable.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from terminology.tables.keys import day_number, pair_key
from terminology.tables.release import Release, Releases

PRACTITIONER: Final = "ncci-practitioner"
HOSPITAL: Final = "ncci-hospital"


@dataclass(frozen=True, slots=True)
class PairEdit:
    """One edit: the column 2 service is not paid beside that of column 1.

    Parameters
    ----------
    indicator : str
        ``0`` no modifier allows both, ``1`` an NCCI modifier does.
    rationale : str
        CMS's reason.
    """

    indicator: str
    rationale: str


class PairEdits(Release):
    """One release of the PTP edits of one service type."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._keys = self.file.column("key")
        self._begins = self.file.column("begins")
        self._ends = self.file.column("ends")
        self._indicators = self.file.column("indicator")
        self._rationales = self.file.column("rationale")
        self._texts: list[str] = self.file.header["rationales"]

    def edit(self, column1: str, column2: str, day: str) -> PairEdit | None:
        """The edit of an ordered pair that is in force on a day (ISO); None without one."""
        key = pair_key(column1, column2)
        if key < 0:
            return None
        when = day_number(day)
        for row in self._rows(key):
            if self._begins[row] <= when <= self._ends[row]:
                indicator = str(self._indicators[row])
                if indicator != "9":
                    return PairEdit(indicator, self._texts[self._rationales[row]])
        return None

    def _rows(self, key: int) -> Iterator[int]:
        row = self.file.first("key", key)
        while row < self.rows and self._keys[row] == key:
            yield row
            row += 1


def pair_edits(folder: Path, kind: str) -> Releases[PairEdits]:
    """The releases of one service type that a site has imported."""
    return Releases(folder, kind, PairEdits)
