"""Import HCPCS Level II as CMS publishes it each quarter: the fixed-width text or the sheet saved as CSV.

Record layout of ``HCPC20xx_*_ANWEB.txt``, positions from 1: code 1-5 (a modifier in 4-5), sequence 6-10,
record identification 11 (3 and 7 first line of a code or modifier, 4 and 8 further lines of its description),
long description 12-91, short description 92-119, pricing 120-127, coverage 230, added 269-276, action
effective 277-284, termination 285-292, action code 293.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from terminology.importers import Import, Importer, Table
from terminology.procedures import (
    HCPCS_KIND,
    ProcedureCode,
    found,
    procedure_codes,
    write_procedures,
)
from terminology.store_folder import TerminologyError
from terminology.tables.keys import code_key
from terminology.tables.source_files import (
    MOST_PREAMBLE,
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


@dataclass(slots=True)
class _Entry:
    """A code while the lines of its description are read."""

    fields: dict[str, str]
    long: list[str]


def run(wanted: Import) -> Table:
    """Compile a quarterly release; from the ZIP of CMS the text file is taken.

    Raises
    ------
    TerminologyError
        When a file has another layout.
    """
    entries, sources = dict[str, _Entry](), list[SourceText]()
    for source in texts(wanted.files, r"ANWEB[^/]*\.(txt|csv)$"):
        before = len(entries)
        for fields in _records(source):
            _add(entries, fields)
        if len(entries) == before:
            raise TerminologyError(f"{source.name} holds no HCPCS record")
        sources.append(source)
    codes = {code: _code(code, entry) for code, entry in entries.items()}
    wanted.progress(len(codes), len(codes), "codes")
    return write_procedures(wanted, HCPCS_KIND, codes, sources)


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
        raise TerminologyError(
            f"{source.name} is neither the fixed-width file nor the sheet of HCPCS"
        )
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


IMPORTER: Final = Importer(
    "hcpcs",
    "HCPCS Level II of CMS: the quarterly text, its ZIP, or its sheet as CSV",
    run,
    lambda folder: [one.described() for one in procedure_codes(folder, HCPCS_KIND).all],
    lambda folder, text, when, limit: found(folder, HCPCS_KIND, text, when, limit),
)
