"""Codes that a site has approved for a term, learned from its reviewers: versions of one small table.

``<data>/terminology/learned_defaults/v0001.tsv`` and so on; the highest number is in force. A version is
never changed: approving and taking back each write the next one, so what was in force when is known, and any
earlier table can come back. A term is a normalised term of the terminology, never text of a note.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Final

from terminology.store_folder import TerminologyError, compiling, replacing

FOLDER: Final = "learned_defaults"
_NAME: Final = re.compile(r"v(\d{4,9})\.tsv")
_SPACE: Final = re.compile(r"[^\w.]+")


@dataclass(frozen=True, slots=True)
class LearnedDefault:
    """One row: for this term, ``code`` in place of ``replaces``; without a code, nothing in its place.

    Parameters
    ----------
    id : str
        Of the proposal that was approved.
    term : str
        Normalised; empty when no term of the terminology had led to the code.
    system, replaces, code : str
        What the coder suggests and what stands in its place.
    version : str
        Release in which the code was chosen; it is used where it is billable on the day.
    approved_by, approved_at : str
        Who approved it, and the instant.
    decisions, persons : int
        How many decisions of how many people it was learned from.
    """

    id: str
    term: str
    system: str
    replaces: str
    code: str
    version: str
    approved_by: str
    approved_at: str
    decisions: int
    persons: int


_COLUMNS: Final = tuple(field.name for field in fields(LearnedDefault))


def normal_term(text: str) -> str:
    """A term as terms are compared: lower case, one space between words, no punctuation at the ends."""
    return _SPACE.sub(" ", text.casefold()).strip(" .")


def versions(folder: Path) -> tuple[int, ...]:
    """Numbers of the versions that are there, in order; ``folder`` is that of the code systems."""
    found = (_NAME.fullmatch(path.name) for path in (folder / FOLDER).glob("v*.tsv"))
    return tuple(sorted(int(match[1]) for match in found if match))


def learned_defaults(folder: Path, version: int | None = None) -> tuple[LearnedDefault, ...]:
    """The table in force, or a version of it; empty where nothing was ever approved.

    Raises
    ------
    TerminologyError
        The version is not there or cannot be read.
    """
    known = versions(folder)
    wanted = (known[-1] if known else 0) if version is None else version
    if wanted == 0:
        return ()
    if wanted not in known:
        raise TerminologyError(f"there is no version {wanted} of the learned defaults")
    return _read(_path(folder, wanted))


def write_defaults(folder: Path, rows: Iterable[LearnedDefault], after: int) -> int:
    """Write the next version; its number.

    Raises
    ------
    TerminologyError
        Another version was written after ``after``, on which the new table was built.
    """
    place = folder / FOLDER
    with compiling(place):
        known = versions(folder)
        if (known[-1] if known else 0) != after:
            raise TerminologyError("the learned defaults were changed meanwhile")
        text = io.StringIO()
        writer = csv.writer(text, dialect="excel-tab", lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(astuple(row) for row in rows)
        with replacing(_path(folder, after + 1)) as written:
            written.write_text(text.getvalue(), encoding="utf-8")
    return after + 1


def _path(folder: Path, version: int) -> Path:
    return folder / FOLDER / f"v{version:04d}.tsv"


@lru_cache(maxsize=8)
def _read(path: Path) -> tuple[LearnedDefault, ...]:
    """A version; it never changes, so it is read once."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, dialect="excel-tab", strict=True)
            if tuple(reader.fieldnames or ()) == _COLUMNS:
                return tuple(map(_row, reader))
    except (OSError, UnicodeDecodeError, csv.Error, TypeError, ValueError):
        pass
    raise TerminologyError(f"{path.name} is no table of learned defaults")


def _row(row: Mapping[str, str]) -> LearnedDefault:
    texts = {name: row[name] for name in _COLUMNS if name not in ("decisions", "persons")}
    return LearnedDefault(**texts, decisions=int(row["decisions"]), persons=int(row["persons"]))
