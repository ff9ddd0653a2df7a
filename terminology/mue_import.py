"""Import medically unlikely edits as CMS publishes them, quarterly (``MCR_MUE_…_Eff_10-01-2026.csv``)."""

import re
from array import array
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from terminology.mue import HOSPITAL, PRACTITIONER, SUPPLIER
from terminology.tables.keys import code_key
from terminology.tables.release import write_release
from terminology.tables.source_files import (
    MOST_PREAMBLE,
    Progress,
    SourceError,
    SourceText,
    cell,
    columns_of,
    day,
    rows,
    texts,
)

_COLUMNS: Final = {
    "code": ("hcpcs cpt code", "cpt code", "hcpcs code", "code"),
    "most": (
        "practitioner services mue value",
        "outpatient hospital services mue value",
        "facility outpatient services mue value",
        "dme supplier services mue value",
        "mue value",
    ),
    "indicator": ("mue adjudication indicator", "mai"),
    "rationale": ("mue rationale", "rationale"),
}
_BEGINS: Final = re.compile(r"(\d{1,2}-\d{1,2}-\d{4})")


def import_mue_practitioner(
    files: Sequence[Path], folder: Path, begins: str = "", progress: Progress | None = None
) -> Path:
    """Compile a release for practitioners."""
    return _import(PRACTITIONER, files, folder, begins, progress)


def import_mue_hospital(
    files: Sequence[Path], folder: Path, begins: str = "", progress: Progress | None = None
) -> Path:
    """Compile a release for outpatient hospitals."""
    return _import(HOSPITAL, files, folder, begins, progress)


def import_mue_dme(
    files: Sequence[Path], folder: Path, begins: str = "", progress: Progress | None = None
) -> Path:
    """Compile a release for suppliers of durable medical equipment."""
    return _import(SUPPLIER, files, folder, begins, progress)


def _import(
    kind: str, files: Sequence[Path], folder: Path, begins: str, progress: Progress | None
) -> Path:
    sources, edits = [], dict[int, tuple[int, int, str]]()
    for source in texts(files):
        edits |= _edits(source)
        sources.append(source)
        begins = begins or _begins(source.name)
    if not begins:
        raise SourceError("an MUE file has no dates: say from which day it holds")
    ordered = sorted(edits)
    rationales = {text: at for at, text in enumerate(sorted({one[2] for one in edits.values()}))}
    if progress is not None:
        progress(len(ordered), len(ordered), "codes")
    return write_release(
        folder,
        kind,
        version=begins,
        begins=begins,
        sources=sources,
        columns={
            "key": array("Q", ordered),
            "most": array("I", (edits[key][0] for key in ordered)),
            "indicator": array("B", (edits[key][1] for key in ordered)),
            "rationale": array("H", (rationales[edits[key][2]] for key in ordered)),
        },
        rows=len(ordered),
        rationales=list(rationales),
    )


def _edits(source: SourceText) -> dict[int, tuple[int, int, str]]:
    """Units, indicator and rationale of every code of a text."""
    lines = rows(source.content)
    at: dict[str, int] = {}
    for row in islice(lines, MOST_PREAMBLE):
        at = columns_of(row, _COLUMNS)
        if {"code", "most", "indicator"} <= set(at):
            break
    else:
        raise SourceError(
            f"{source.name} has no header with code, MUE value and MUE adjudication indicator"
        )
    found = {}
    for row in lines:
        key = code_key(cell(row, at["code"]).upper())
        most, indicator = cell(row, at["most"]), cell(row, at["indicator"])[:1]
        if key >= 0 and re.fullmatch(r"[0-9]{1,9}", most) and indicator in {"1", "2", "3"}:
            reason = cell(row, at.get("rationale"))[:120]
            found[key] = (int(most), int(indicator), reason)
    if not found:
        raise SourceError(f"{source.name} holds no edit")
    return found


def _begins(name: str) -> str:
    found = _BEGINS.search(name)
    return "" if found is None else day(found[1])
