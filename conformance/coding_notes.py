"""Notes and code lists as the public coding corpora publish them.

Notes are a CSV with a ``note`` column and ``encounter_id`` (ACI-BENCH, Yim et al. 2023) or ``id``. Codes are
lines ``NNN CODE CODE ...``, with or without the dot; a line without codes is an encounter that has none.
Neither need cover the other: what has no counterpart is counted on standard error and left out.
"""

import csv
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from profiles.outcome import OperationOutcomeError

Codes = Mapping[str, frozenset[str]]
"""Codes per encounter, in capitals and without the dot."""

LARGEST_FIELD: Final = 1 << 26
ID_COLUMNS: Final = ("encounter_id", "id")
_SEPARATORS: Final = re.compile(r"[,;:\t]")
_CODE: Final = re.compile(r"[A-Z]\d[0-9A-Z]{1,5}")
"""Shape of an ICD-10-CM code without its dot."""
_TRAILING: Final = re.compile(r"(\d+)\D*$")


@dataclass(frozen=True, slots=True)
class Encounter:
    """One note to be coded; ``key`` is the name under which the labels know it."""

    key: str
    text: str


def normal(code: str) -> str:
    """A code as it is compared: in capitals and without the dot."""
    return code.strip().upper().replace(".", "")


def read_notes(files: Sequence[Path]) -> list[tuple[str, str]]:
    """Id and text of every note, in the order of the files.

    Raises
    ------
    OperationOutcomeError
        A file has no column for the note or its id, or has none at all.
    """
    csv.field_size_limit(LARGEST_FIELD)
    found: list[tuple[str, str]] = []
    for file in files:
        with _opened(file) as lines:
            try:
                found += _rows(csv.DictReader(lines), file.name)
            except csv.Error as error:
                raise OperationOutcomeError("structure", f"{file.name}: {error}") from None
    if not found:
        raise OperationOutcomeError("required", "there is no note to code")
    return found


def _rows(reader: "csv.DictReader[str]", file: str) -> list[tuple[str, str]]:
    columns = reader.fieldnames or ()
    named = next((name for name in ID_COLUMNS if name in columns), None)
    if named is None or "note" not in columns:
        raise OperationOutcomeError(
            "structure", f"{file} needs the columns note and encounter_id or id"
        )
    return [(str(row[named]).strip(), str(row["note"] or "")) for row in reader]


def read_codes(file: Path) -> dict[str, frozenset[str]]:
    """Codes of every line by its first word.

    Raises
    ------
    OperationOutcomeError
        A line names an encounter that an earlier line has named.
    """
    codes: dict[str, frozenset[str]] = {}
    strange = 0
    with _opened(file) as lines:
        for number, line in enumerate(lines, 1):
            words = _SEPARATORS.sub(" ", line).split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] in codes:
                raise OperationOutcomeError(
                    "duplicate", f"line {number} of {file.name} names an encounter again"
                )
            named = [normal(word) for word in words[1:]]
            codes[words[0]] = frozenset(filter(_CODE.fullmatch, named))
            strange += sum(_CODE.fullmatch(word) is None for word in named)
    if not codes:
        raise OperationOutcomeError("required", f"{file.name} names no encounter")
    if strange:
        sys.stderr.write(f"{file.name}: {strange} words are no ICD-10-CM codes and are left out\n")
    return codes


def named_as_labels(notes: Sequence[tuple[str, str]], labels: Codes) -> list[Encounter]:
    """Notes under the names that the labels use: their id, the digits at its end, or their number.

    The first of the three under which every labelled encounter has exactly one note is used for all; where
    there is none, the first under which any has.

    Raises
    ------
    OperationOutcomeError
        No labelled encounter has exactly one note.
    """
    wanted = {_name(key) for key in labels}
    ids = [name for name, _ in notes]
    ends = [match[1] if (match := _TRAILING.search(name)) else name for name in ids]
    running = [str(number) for number in range(1, len(notes) + 1)]
    ways = [[_name(key) for key in keys] for keys in (ids, ends, running)]
    clear = [names for names in ways if len(set(names)) == len(names)]
    whole = [names for names in clear if wanted <= set(names)]
    some = [names for names in clear if wanted & set(names)]
    for names in (*whole, *some):
        return [Encounter(name, text) for name, (_, text) in zip(names, notes, strict=True)]
    raise OperationOutcomeError(
        "not-found", "no encounter that the labels name has a note of its own"
    )


def with_notes(codes: Codes, encounters: Sequence[Encounter]) -> dict[str, frozenset[str]]:
    """Code lists of the encounters that have a note."""
    known = {encounter.key for encounter in encounters}
    return {key: named for key, named in codes.items() if key in known}


def by_name(codes: Codes) -> dict[str, frozenset[str]]:
    """Code lists under the names that ``named_as_labels`` gives."""
    return {_name(key): value for key, value in codes.items()}


def _name(key: str) -> str:
    """A number without its leading zeros; any other name as it is."""
    return str(int(key)) if key.isascii() and key.isdigit() else key


def _opened(file: Path) -> TextIO:
    try:
        return file.open(encoding="utf-8-sig", errors="replace", newline="")
    except OSError as error:
        raise OperationOutcomeError(
            "not-found", f"{file.name} cannot be read: {error.strerror}"
        ) from error
