"""Import NCCI PTP edits as CMS publishes them: tab-separated parts (``ccipra-v322r0-f1.txt``), or saved as CSV."""

import re
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from terminology.ncci import HOSPITAL, PRACTITIONER
from terminology.tables.keys import NO_END, day_number, pair_key
from terminology.tables.release import write_release
from terminology.tables.source_files import (
    Progress,
    SourceError,
    SourceText,
    cell,
    day,
    rows,
    texts,
)

_STEP: Final = 100_000
_VERSION: Final = re.compile(r"v(\d\d)(\d)r(\d+)", re.IGNORECASE)
_INDICATORS: Final = frozenset("019")


class _Pairs:
    """The columns of a table while it is read."""

    def __init__(self) -> None:
        self.key, self.begins, self.ends = array("Q"), array("I"), array("I")
        self.indicator, self.rationale = array("B"), array("B")
        self.rationales: dict[str, int] = {}

    def add(self, row: Sequence[str]) -> bool:
        """Take a row; false for one that is none of the table, such as a notice."""
        key = pair_key(cell(row, 0).upper().zfill(5), cell(row, 1).upper().zfill(5))
        indicator = cell(row, 5)[:1]
        if key < 0 or indicator not in _INDICATORS or not indicator:
            return False
        begins, ends = day_number(day(cell(row, 3))), day_number(day(cell(row, 4)))
        reason = self.rationales.setdefault(cell(row, 6)[:120], len(self.rationales))
        self.key.append(key)
        self.begins.append(begins)
        self.ends.append(ends or NO_END)
        self.indicator.append(int(indicator))
        self.rationale.append(min(reason, 255))
        return True

    def sorted_columns(self) -> dict[str, array[int]]:
        """The columns in the order of their keys, the oldest edit of a pair first."""
        import numpy as np

        given = {
            "key": self.key,
            "begins": self.begins,
            "ends": self.ends,
            "indicator": self.indicator,
            "rationale": self.rationale,
        }
        columns = {name: np.frombuffer(one, dtype=one.typecode) for name, one in given.items()}
        order = np.lexsort((columns["begins"], columns["key"]))
        return {
            name: array(given[name].typecode, one[order].tobytes()) for name, one in columns.items()
        }


def import_ncci_practitioner(
    files: Sequence[Path], folder: Path, begins: str = "", progress: Progress | None = None
) -> Path:
    """Compile the practitioner edits; ``files`` are all parts of one release."""
    return _import(PRACTITIONER, files, folder, begins, progress)


def import_ncci_hospital(
    files: Sequence[Path], folder: Path, begins: str = "", progress: Progress | None = None
) -> Path:
    """Compile the outpatient hospital edits; ``files`` are all parts of one release."""
    return _import(HOSPITAL, files, folder, begins, progress)


def _import(
    kind: str, files: Sequence[Path], folder: Path, begins: str, progress: Progress | None
) -> Path:
    pairs, sources = _Pairs(), []
    for source in texts(files):
        before = len(pairs.key)
        for at, row in enumerate(rows(source.content)):
            if len(row) >= 6:
                pairs.add(row)
            if progress is not None and at % _STEP == 0:
                progress(len(pairs.key), 0, "pairs")
        if len(pairs.key) == before:
            raise SourceError(
                f"{source.name} holds no PTP edit: seven columns, column 1 code to rationale"
            )
        sources.append(SourceText(source.name, "", source.digest))
    version, starts = release_of(sources)
    facts: dict[str, Any] = {"rationales": list(pairs.rationales)[:256]}
    return write_release(
        folder,
        kind,
        version=version or begins or sources[0].digest[:12],
        begins=begins or starts,
        sources=sources,
        columns=pairs.sorted_columns(),
        rows=len(pairs.key),
        **facts,
    )


def release_of(sources: Sequence[SourceText]) -> tuple[str, str]:
    """Version and first day out of the names of the files: ``v322r0`` is the third quarter of 2026.

    Raises
    ------
    SourceError
        When the files are of several releases.
    """
    found = {match.groups() for one in sources if (match := _VERSION.search(one.name))}
    if len(found) > 1:
        raise SourceError("the files are parts of several releases")
    if not found:
        return "", ""
    year, quarter, revision = next(iter(found))
    day_one = f"{1994 + int(year)}-{1 + 3 * int(quarter):02d}-01" if int(quarter) < 4 else ""
    return f"v{year}.{quarter}r{revision}", day_one
