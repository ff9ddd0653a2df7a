"""Import NCCI PTP edits as CMS publishes them: parts separated by tabs (``ccipra-v322r0-f1.txt``), or CSV."""

import re
from array import array
from collections.abc import Sequence
from typing import Final

from terminology.importers import Import, Importer, Option, Table
from terminology.ncci import HOSPITAL, PRACTITIONER, pair_edits
from terminology.store_folder import TerminologyError
from terminology.tables.keys import NO_END, day_number, pair_key
from terminology.tables.release import write_release
from terminology.tables.source_files import (
    SourceText,
    cell,
    day,
    number_of,
    rows,
    texts,
)

_STEP: Final = 100_000
_VERSION: Final = re.compile(r"v(\d\d)(\d)r(\d+)", re.IGNORECASE)
KINDS: Final = {"practitioner": PRACTITIONER, "hospital": HOSPITAL}
_INDICATORS: Final = frozenset("019")


class _Pairs:
    """The columns of a table while it is read."""

    def __init__(self) -> None:
        self.key, self.begins, self.ends = array("Q"), array("I"), array("I")
        self.indicator, self.rationale = array("B"), array("B")
        self.rationales: dict[str, int] = {}

    def add(self, row: Sequence[str]) -> bool:
        """Take a row; false for one that is none of the table, such as a notice."""
        key = pair_key(number_of(row, 0), number_of(row, 1))
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

    def sorted_columns(self) -> "dict[str, array[int]]":
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


def run(wanted: Import) -> Table:
    """Compile the edits of one service type; the files are all parts of one release.

    Raises
    ------
    TerminologyError
        When a file holds no edit, or the files are parts of several releases.
    """
    pairs, sources = _Pairs(), list[SourceText]()
    for source in texts(wanted.files):
        before, lines = len(pairs.key), source.content.count("\n")
        for at, row in enumerate(rows(source.content)):
            if len(row) >= 6:
                pairs.add(row)
            if at % _STEP == 0:
                wanted.progress(at, lines, f"lines of {source.name}")
        if len(pairs.key) == before:
            raise TerminologyError(
                f"{source.name} holds no PTP edit: seven columns, column 1 code to rationale"
            )
        sources.append(SourceText(source.name, "", source.digest))
        wanted.progress(lines, lines, f"lines of {source.name}")
    return write_release(
        wanted,
        KINDS[wanted.options.get("service", "practitioner")],
        sources=sources,
        columns=pairs.sorted_columns(),
        rows=len(pairs.key),
        version=_version(sources),
        rationales=list(pairs.rationales)[:256],
    )


def _version(sources: Sequence[SourceText]) -> str:
    """Version out of the names of the files (``ccipra-v322r0-f1.txt``: 32.2, revision 0)."""
    found = {match.groups() for one in sources if (match := _VERSION.search(one.name))}
    if len(found) > 1:
        raise TerminologyError("the files are parts of several releases")
    return "".join("v{}.{}r{}".format(*one) for one in found)


IMPORTER: Final = Importer(
    "ncci",
    "NCCI PTP edits of CMS: all parts of one release, as text or ZIP",
    run,
    lambda folder: [
        one.described() for kind in KINDS.values() for one in pair_edits(folder, kind).all
    ],
    options=(Option("service", "whose edits they are", tuple(KINDS), "practitioner"),),
)
