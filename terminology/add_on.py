"""Add-on codes: services that are paid only beside their primary service (NCCI add-on code edits)."""

from array import array
from itertools import islice
from pathlib import Path
from typing import Final

from terminology.importers import Import, Importer, Table
from terminology.store_folder import TerminologyError
from terminology.tables.keys import NO_END, day_number, key_code, pair_key
from terminology.tables.release import Release, Releases, write_release
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

KIND: Final = "add-on"
_SPAN: Final = 36**5
_COLUMNS: Final = {
    "code": ("add on code", "addon code", "add on", "addon"),
    "primary": ("primary code", "primary"),
    "begins": ("aoc edit eff", "effective", "begins"),
    "ends": ("aoc edit del", "deletion", "ends"),
}


class AddOnCodes(Release):
    """One release of add-on codes and the primary codes of each."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._keys = self.file.column("key")
        self._begins = self.file.column("begins")
        self._ends = self.file.column("ends")

    def primaries(self, code: str, day: str) -> frozenset[str]:
        """The services beside which an add-on code is paid on a day; empty for any other code."""
        low = pair_key(code, "00000")
        if low < 0:
            return frozenset()
        when, row, found = day_number(day), self.file.first("key", low), set()
        while row < self.rows and self._keys[row] < low + _SPAN:
            if self._begins[row] <= when <= self._ends[row]:
                found.add(key_code(5 * 36**7 + self._keys[row] % _SPAN))
            row += 1
        return frozenset(found)


def add_on_codes(folder: Path) -> Releases[AddOnCodes]:
    """The releases that a site has imported."""
    return Releases(folder, KIND, AddOnCodes)


def run(wanted: Import) -> Table:
    """Compile pairs of add-on and primary code; types without listed primary codes make no pair.

    Raises
    ------
    TerminologyError
        When a file has no such columns or no pair.
    """
    pairs, sources = dict[int, tuple[int, int]](), list[SourceText]()
    for source in texts(wanted.files):
        pairs |= _pairs(source)
        sources.append(source)
    ordered = sorted(pairs)
    wanted.progress(len(ordered), len(ordered), "pairs")
    return write_release(
        wanted,
        KIND,
        sources=sources,
        columns={
            "key": array("Q", ordered),
            "begins": array("I", (pairs[key][0] for key in ordered)),
            "ends": array("I", (pairs[key][1] for key in ordered)),
        },
        rows=len(ordered),
    )


def _pairs(source: SourceText) -> dict[int, tuple[int, int]]:
    table = rows(source.content)
    for row in islice(table, MOST_PREAMBLE):
        at = columns_of(row, _COLUMNS)
        if {"code", "primary"} <= set(at):
            break
    else:
        raise TerminologyError(f"{source.name} has no columns for add-on code and primary code")
    found = {}
    for row in table:
        code, primary = (number_of(row, at[name]) for name in ("code", "primary"))
        if primary != "CCCCC" and pair_key(code, primary) >= 0:
            days = [day_number(day(cell(row, at.get(name)))) for name in ("begins", "ends")]
            found[pair_key(code, primary)] = (days[0], days[1] or NO_END)
    if not found:
        raise TerminologyError(f"{source.name} holds no pair of add-on code and primary code")
    return found


IMPORTER: Final = Importer(
    KIND,
    "add-on code edits of CMS, or the site's own list of add-on and primary codes, as CSV",
    run,
    lambda folder: [one.described() for one in add_on_codes(folder).all],
)
