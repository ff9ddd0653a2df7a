"""References and hypotheses out of files: tables, JSON lines, and folders of texts and transcripts.

A table (``.csv``, ``.tsv``) and JSON lines (``.jsonl``, ``.ndjson``) hold ``reference`` and ``hypothesis``,
and ``id`` where there is one. A file beside a file, or a folder beside a folder, holds plain text (``.txt``),
WebVTT (``.vtt``) or our transcript as JSON (``.json``); in folders, names without endings belong together.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.speech.transcript_json import transcript_of_json
from adapters.speech.webvtt import cues
from profiles.outcome import OperationOutcomeError

REFERENCE: Final = "reference"
HYPOTHESIS: Final = "hypothesis"
COLUMNS: Final = (REFERENCE, HYPOTHESIS)
TABLES: Final = {".csv": ",", ".tsv": "\t"}
LINES: Final = (".jsonl", ".ndjson")
TEXTS: Final = (".txt", ".vtt", ".json")


@dataclass(frozen=True, slots=True)
class Pair:
    """A text as it was said and as it was recognised."""

    name: str
    reference: str
    hypothesis: str


def read_pairs(file: Path) -> Iterator[Pair]:
    """Pairs of one file, by its ending.

    Raises
    ------
    ValueError
        For another ending, and with the line where a column or a member is absent.
    """
    ending = file.suffix.lower()
    if ending in LINES:
        yield from _of_lines(file)
    elif ending in TABLES:
        yield from _of_table(file, TABLES[ending])
    else:
        known = ", ".join((*TABLES, *LINES))
        raise ValueError(f"{file.name} does not end with one of {known}")


def pairs_beside(references: Sequence[Path], hypotheses: Sequence[Path]) -> Iterator[Pair]:
    """Pairs of files in the same order; of folders, those of the same name.

    Raises
    ------
    ValueError
        When there are not as many of both, when a folder has no partner for a file, and for a file that is
        not of its format.
    """
    if len(references) != len(hypotheses):
        raise ValueError("as many --reference as --hypothesis are needed")
    for said, heard in zip(references, hypotheses, strict=True):
        if said.is_dir() and heard.is_dir():
            yield from _of_folders(said, heard)
        else:
            yield Pair(said.name, read_text(said), read_text(heard))


def read_text(file: Path) -> str:
    """The words of a file; each turn whose speaker is known on a line that begins with him."""
    ending = file.suffix.lower()
    try:
        if ending == ".vtt":
            return "\n".join(_turn(one[2], one[3]) for one in cues(_plain(file)))
        if ending == ".json":
            transcript = transcript_of_json(file.read_bytes(), REFERENCE)
            return "\n".join(_turn(one.role, one.text) for one in transcript.segments)
    except OperationOutcomeError as error:
        raise ValueError(f"{file.name}: {error.diagnostics}") from None
    return _plain(file)


def _turn(speaker: str, words: str) -> str:
    return f"[{speaker}] {words}" if speaker else words


def _plain(file: Path) -> str:
    text = file.read_text(encoding="utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _of_folders(said: Path, heard: Path) -> Iterator[Pair]:
    references, hypotheses = (_texts(folder) for folder in (said, heard))
    lonely = sorted(references.keys() ^ hypotheses.keys())
    if lonely or not references:
        what = f"no partner for {lonely[0]}" if lonely else f"no file with {', '.join(TEXTS)}"
        raise ValueError(f"{said.name} and {heard.name}: {what}")
    for name in sorted(references):
        yield Pair(name, read_text(references[name]), read_text(hypotheses[name]))


def _texts(folder: Path) -> dict[str, Path]:
    """The texts of a folder by their names; two of one name are one too many."""
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in TEXTS and found.setdefault(file.stem, file) is not file:
            raise ValueError(f"{folder.name} has two files of the name {file.stem}")
    return found


def _of_table(file: Path, delimiter: str) -> Iterator[Pair]:
    csv.field_size_limit(1 << 27)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = csv.DictReader(opened, delimiter=delimiter)
        absent = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if absent:
            raise ValueError(f"{file.name} has no column {' or '.join(absent)}")
        for number, row in enumerate(rows, 1):
            texts = [row[name] or "" for name in COLUMNS]
            yield Pair(row.get("id") or str(number), *texts)


def _of_lines(file: Path) -> Iterator[Pair]:
    with file.open(encoding="utf-8-sig") as opened:
        for number, line in enumerate(opened, 1):
            if line.strip():
                yield _of_object(_parsed(line, f"{file.name}, line {number}"), number, file)


def _of_object(row: Any, number: int, file: Path) -> Pair:
    given = row if isinstance(row, dict) else {}
    texts = [text for name in COLUMNS if isinstance(text := given.get(name), str)]
    if len(texts) != len(COLUMNS):
        where = f"{file.name}, line {number}"
        raise ValueError(f"{where}: {' and '.join(COLUMNS)} are texts of an object")
    return Pair(str(given.get("id") or number), *texts)


def _parsed(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError(f"{where} is no JSON") from None
