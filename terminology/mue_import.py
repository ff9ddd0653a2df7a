"""Import medically unlikely edits as CMS publishes them, quarterly (``MCR_MUE_…_Eff_10-01-2026.csv``)."""

import re
from array import array
from itertools import islice
from typing import Final

from terminology.importers import Import, Importer, Option, Table
from terminology.mue import HOSPITAL, PRACTITIONER, SUPPLIER, unit_edits
from terminology.store_folder import TerminologyError
from terminology.tables.keys import code_key
from terminology.tables.release import write_release
from terminology.tables.source_files import (
    MOST_PREAMBLE,
    SourceText,
    cell,
    columns_of,
    number_of,
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
KINDS: Final = {"practitioner": PRACTITIONER, "hospital": HOSPITAL, "dme": SUPPLIER}


def run(wanted: Import) -> Table:
    """Compile a quarterly release of one service type.

    Raises
    ------
    TerminologyError
        When a file has no header with its columns, or holds no edit.
    """
    sources, edits = list[SourceText](), dict[int, tuple[int, int, str]]()
    for source in texts(wanted.files):
        edits |= _edits(source)
        sources.append(source)
    ordered = sorted(edits)
    rationales = {text: at for at, text in enumerate(sorted({one[2] for one in edits.values()}))}
    wanted.progress(len(ordered), len(ordered), "codes")
    return write_release(
        wanted,
        KINDS[wanted.options.get("service", "practitioner")],
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
        raise TerminologyError(
            f"{source.name} has no header with code, MUE value and MUE adjudication indicator"
        )
    found = {}
    for row in lines:
        key = code_key(number_of(row, at["code"]))
        most, indicator = cell(row, at["most"]), cell(row, at["indicator"])[:1]
        if key >= 0 and re.fullmatch(r"[0-9]{1,9}", most) and indicator in {"1", "2", "3"}:
            reason = cell(row, at.get("rationale"))[:120]
            found[key] = (int(most), int(indicator), reason)
    if not found:
        raise TerminologyError(f"{source.name} holds no edit")
    return found


IMPORTER: Final = Importer(
    "mue",
    "medically unlikely edits of CMS: the quarterly CSV of one service type",
    run,
    lambda folder: [
        one.described() for kind in KINDS.values() for one in unit_edits(folder, kind).all
    ],
    options=(Option("service", "whose edits they are", tuple(KINDS), "practitioner"),),
)
