"""Import HCPCS Level II as CMS publishes it each quarter: the fixed-width text or the sheet saved as CSV.

Record layout of ``HCPC20xx_*_ANWEB.txt`` (positions from 1): code 1-5 (a modifier stands in 4-5), sequence 6-10,
record identification 11 (3 and 7 first line of a code or modifier, 4 and 8 further lines of the long description),
long description 12-91, short description 92-119, pricing 120-127, coverage 230, added 269-276, action effective
277-284, termination 285-292, action code 293.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from terminology.procedures import HCPCS_KIND, ProcedureCode, write_procedures
from terminology.tables.keys import code_key
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
    "code": ("hcpc",),
    "record": ("recid",),
    "long": ("long description",),
    "short": ("short description",),
    "price": ("price1", "price"),
    "coverage": ("cov",),
    "added": ("add dt", "add"),
    "acted": ("act eff dt", "act eff"),
    "ended": ("term dt", "term"),
    "action": ("action cd", "action"),
}
_POSITIONS: Final = {
    "code": (0, 5),
    "record": (10, 11),
    "long": (11, 91),
    "short": (91, 119),
    "price": (119, 121),
    "coverage": (229, 230),
    "added": (268, 276),
    "acted": (276, 284),
    "ended": (284, 292),
    "action": (292, 293),
}
_RECORD: Final = re.compile(r"(?:[A-Z][0-9]{4}|   [0-9A-Z]{2})[0-9]{5}[3478]")
_MONTHS: Final = ("JAN", "APR", "JUL", "OCT")
_NAME: Final = re.compile(r"HCPC(\d{4})_([A-Z]{3})", re.IGNORECASE)


@dataclass(slots=True)
class _Entry:
    """A code while the lines of its description are read."""

    fields: dict[str, str]
    long: list[str]


def import_hcpcs(
    files: Sequence[Path], folder: Path, begins: str = "", progress: Progress | None = None
) -> Path:
    """Compile a quarterly release; from the ZIP of CMS the text file is taken.

    Raises
    ------
    SourceError
        When a file has another layout, or neither it nor the caller says the release's first day.
    """
    entries, sources = dict[str, _Entry](), []
    for source in texts(files, r"ANWEB[^/]*\.(txt|csv)$"):
        before = len(entries)
        for fields in _records(source):
            _add(entries, fields)
        if len(entries) == before:
            raise SourceError(f"{source.name} holds no HCPCS record")
        begins = begins or _begins(source.name)
        sources.append(source)
    if not begins:
        raise SourceError(
            "the name of the file does not say the quarter: say from which day it holds"
        )
    codes = {code: _code(code, entry) for code, entry in entries.items()}
    if progress is not None:
        progress(len(codes), len(codes), "codes")
    return write_procedures(
        folder, HCPCS_KIND, codes, version=begins, begins=begins, sources=sources
    )


def _records(source: SourceText) -> Iterator[dict[str, str]]:
    """The fields of every record of a text, whichever of the two forms it has."""
    first = next((line for line in source.content.splitlines() if line.strip()), "")
    if _RECORD.match(first):
        for line in source.content.splitlines():
            if _RECORD.match(line):
                yield {name: line[a:b] for name, (a, b) in _POSITIONS.items()}
        return
    table = rows(source.content)
    for row in islice(table, MOST_PREAMBLE):
        at = columns_of(row, _COLUMNS)
        if {"code", "long"} <= set(at):
            break
    else:
        raise SourceError(f"{source.name} is neither the fixed-width file nor the sheet of HCPCS")
    for row in table:
        yield {name: cell(row, place) for name, place in at.items()}


def _add(entries: dict[str, _Entry], fields: dict[str, str]) -> None:
    """Take a record: the first of a code, or a further line of its description."""
    code = fields["code"].strip().upper()
    if code_key(code) < 0 or len(code) not in (2, 5):
        return
    if fields.get("record", "3").strip() in ("4", "8") and code in entries:
        entries[code].long.append(fields["long"])
    else:
        entries[code] = _Entry(fields, [fields["long"]])


def _code(code: str, entry: _Entry) -> ProcedureCode:
    fields = entry.fields
    added, ended = day(fields.get("added", "")), day(fields.get("ended", ""))
    acted, action = day(fields.get("acted", "")), fields.get("action", "").strip()
    if ended and acted > ended and action in ("A", "R"):
        # The end of an earlier life of a code that was added or activated again since.
        added, ended = acted, ""
    said = " ".join(" ".join(entry.long).split())
    properties = (
        ("action", action),
        ("coverage", fields.get("coverage", "").strip()),
        ("pricing", fields.get("price", "").strip()),
    )
    return ProcedureCode(
        code, said, " ".join(fields.get("short", "").split()), added, ended, properties
    )


def _begins(name: str) -> str:
    """First day of the quarter that a file's name says (``HCPC2026_OCT_ANWEB``)."""
    found = _NAME.search(name)
    if found is None or found[2].upper() not in _MONTHS:
        return ""
    return f"{found[1]}-{1 + 3 * _MONTHS.index(found[2].upper()):02d}-01"
