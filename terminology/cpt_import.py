"""Import the CPT numbers that a site may use, from a file of the site; never a description of the AMA.

Three forms: one number a line; a CSV with a header (``code``, and ``label``, ``begins``, ``ends``,
``time based``, ``bilateral``, ``pctc``, ``global`` as far as the site knows them); and the relative value
file of the Medicare Physician Fee Schedule (``PPRRVU…csv``), of which no description is kept.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from terminology.importers import Import, Importer, Table
from terminology.procedures import CPT_KIND, ProcedureCode, found, procedure_codes, write_procedures
from terminology.store_folder import TerminologyError
from terminology.tables.keys import code_key
from terminology.tables.source_files import (
    MOST_PREAMBLE,
    SourceText,
    cell,
    columns_of,
    day,
    number_of,
    rows,
    texts,
)

_COLUMNS: Final = {
    "code": ("hcpcs", "cpt", "code", "number"),
    "modifier": ("mod",),
    "label": ("label",),
    "begins": ("begins", "effective", "start"),
    "ends": ("ends", "termination", "end"),
    "time-based": ("time based", "timed"),
    "bilateral": ("bilateral", "bilat surg", "bilat"),
    "pctc": ("pctc", "pc tc"),
    "global": ("global", "glob days", "glob"),
    "status": ("status",),
}
_KEPT: Final = ("time-based", "bilateral", "pctc", "global", "status")
_HEADER_LINES: Final = 4
"""Lines over which the fee schedule spreads the names of its columns."""


def run(wanted: Import) -> Table:
    """Compile a site's list of numbers.

    Raises
    ------
    TerminologyError
        When a file holds no number of five characters.
    """
    codes, sources = dict[str, ProcedureCode](), list[SourceText]()
    for source in texts(wanted.files, r"(PPRRVU[^/]*|cpt[^/]*)\.(txt|csv)$"):
        read = {one.code: one for one in _codes(source)}
        if not read:
            raise TerminologyError(f"{source.name} holds no CPT number")
        codes |= read
        sources.append(source)
    wanted.progress(len(codes), len(codes), "numbers")
    return write_procedures(wanted, CPT_KIND, codes, sources)


def _codes(source: SourceText) -> Iterator[ProcedureCode]:
    """The numbers of a text; of a number with modifiers the line without one."""
    table = rows(source.content)
    seen: list[list[str]] = []
    at: dict[str, int] = {}
    for row in islice(table, MOST_PREAMBLE):
        seen.append(row)
        at = columns_of(row, _COLUMNS)
        if "code" in at:
            break
    if "code" not in at:
        yield from _bare(seen)
        yield from _bare(table)
        return
    at = {**columns_of(_spread(seen[-_HEADER_LINES:]), _COLUMNS), **at}
    for row in table:
        code = number_of(row, at["code"])
        if _is_number(code) and not cell(row, at.get("modifier")):
            kept = ((name, cell(row, at.get(name))) for name in _KEPT if name in at)
            first, last = (day(cell(row, at.get(name))) for name in ("begins", "ends"))
            label = cell(row, at.get("label"))[:200]
            yield ProcedureCode(code, label, "", first, last, tuple(one for one in kept if one[1]))


def _bare(table: Iterator[list[str]] | list[list[str]]) -> Iterator[ProcedureCode]:
    """Numbers that stand alone on their lines."""
    for row in table:
        code = number_of(row, 0)
        if len(row) == 1 and _is_number(code):
            yield ProcedureCode(code, "", "", "", "", ())


def _is_number(code: str) -> bool:
    """Whether a text has the form of a CPT number: four digits, then a digit or a category's letter."""
    form = len(code) == 5 and code_key(code) >= 0 and code[:4].isdigit()
    return form and (code[4].isdigit() or code[4] in "AFMTU")


def _spread(lines: Sequence[Sequence[str]]) -> list[str]:
    """Names of columns that several lines share, joined from above."""
    width = max(map(len, lines))
    return [" ".join(cell(line, at) for line in lines) for at in range(width)]


IMPORTER: Final = Importer(
    "cpt",
    "the CPT numbers that the site may use: a list, a CSV, or the fee schedule's PPRRVU file",
    run,
    lambda folder: [one.described() for one in procedure_codes(folder, CPT_KIND).all],
    lambda folder, text, when, limit: found(folder, CPT_KIND, text, when, limit),
)
