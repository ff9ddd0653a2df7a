"""Files as they are published: CSV, tabs or fixed width, plain or inside the ZIP that they came in."""

import csv
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from terminology.store_folder import TerminologyError

MOST_BYTES: Final = 1_000_000_000
"""What one text may come to, unpacked; the largest of CMS (NCCI PTP) is about a tenth of it."""
MOST_PREAMBLE: Final = 60
"""Lines of notices before the header; CMS has about ten."""

LONGEST_NAME: Final = 60
csv.field_size_limit(1_000_000)


@dataclass(frozen=True, slots=True)
class SourceText:
    """One text: its name, its content, and the SHA-256 of that."""

    name: str
    content: str
    digest: str


def texts(files: Sequence[Path], wanted: str = r"\.(txt|csv|tsv)$") -> Iterator[SourceText]:
    """The texts of some files; of a ZIP those members whose name fits.

    Raises
    ------
    TerminologyError
        When a file cannot be read, holds nothing that fits, or is larger than any that is published.
    """
    for file in files:
        try:
            if zipfile.is_zipfile(file) and file.suffix.lower() != ".xlsx":
                yield from _members(file, wanted)
            else:
                yield _text(file.name, _bounded(file.read_bytes(), file.name))
        except OSError as error:
            raise TerminologyError(f"{file.name} cannot be read: {error.strerror}") from None


def _members(file: Path, wanted: str) -> Iterator[SourceText]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = [one for one in archive.namelist() if re.search(wanted, one, re.IGNORECASE)]
            for name in names:
                with archive.open(name) as member:
                    content = member.read(MOST_BYTES + 1)
                yield _text(Path(name).name, _bounded(content, name))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise TerminologyError(f"{file.name} cannot be unpacked: {error}") from None
    if not names:
        raise TerminologyError(f"{file.name} holds no text file of this kind")


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > MOST_BYTES:
        raise TerminologyError(f"{name} is larger than any file that is published")
    if content[:2] == b"PK" or content[:4] == b"\xd0\xcf\x11\xe0":
        raise TerminologyError(f"{name} is a spreadsheet: save it as CSV, or import the text file")
    return content


def _text(name: str, content: bytes) -> SourceText:
    digest = hashlib.sha256(content).hexdigest()
    try:
        return SourceText(name, content.decode("utf-8-sig"), digest)
    except UnicodeDecodeError:
        return SourceText(name, content.decode("cp1252", "replace"), digest)


def rows(text: str) -> Iterator[list[str]]:
    """The rows of a text that is separated by tabs or by commas, whichever it has more of."""
    head = text[:20_000]
    delimiter = "\t" if head.count("\t") > head.count(",") else ","
    try:
        yield from csv.reader(_lines(text), delimiter=delimiter)
    except csv.Error as error:
        raise TerminologyError(f"the text is no table: {error}") from None


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, one at a time: a file may have millions."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


@lru_cache(maxsize=8192)
def day(value: str) -> str:
    """ISO date of ``YYYYMMDD``, ``YYYY-MM-DD``, ``M/D/YYYY`` or ``YYYYDDD``; empty for no date (``*``).

    Raises
    ------
    TerminologyError
        For anything else.
    """
    text = value.strip().removesuffix(".0")
    if text.strip("*0") == "":
        return ""
    given = re.fullmatch(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[T ].*)?", text)
    parts = given.groups() if given else ()
    if not parts and (other := re.fullmatch(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4})", text)):
        parts = (other[3], other[1], other[2])
    try:
        if re.fullmatch(r"[0-9]{7}", text):
            return datetime.strptime(text, "%Y%j").date().isoformat()  # noqa: DTZ007 - a day
        year, month, number = map(int, parts)
        return date(year, month, number).isoformat()
    except ValueError:
        raise TerminologyError("a date is neither YYYYMMDD nor M/D/YYYY") from None


def number_of(row: Sequence[str], at: int) -> str:
    """A procedure code out of a cell; leading zeros that a spreadsheet took away come back."""
    text = cell(row, at).upper()
    return text.zfill(5) if text.isdigit() else text


def normal(name: str) -> str:
    """A column's name without case, line breaks and punctuation."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", name.lower()).split())


def columns_of(header: Iterable[str], wanted: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Where the columns stand that were found; ``wanted`` gives beginnings of their names."""
    names = [normal(one) for one in header]
    found: dict[str, int] = {}
    for key, beginnings in wanted.items():
        for beginning in beginnings:
            fits = (n for n, name in enumerate(names) if _names_column(name, beginning))
            at = next(fits, None)
            if at is not None:
                found.setdefault(key, at)
    return found


def _names_column(name: str, beginning: str) -> bool:
    """Whether a cell is a column's name; a notice may begin with the same word, and is longer."""
    return name.startswith(beginning) and len(name) <= LONGEST_NAME


def cell(row: Sequence[str], at: int | None) -> str:
    """A cell without the white space around it; empty where the row is too short."""
    return row[at].strip() if at is not None and at < len(row) else ""
