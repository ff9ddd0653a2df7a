"""Dialogues with their notes or section headers: what a scribe is trained and measured on.

Two public layouts of CSV: ``dialogue`` and ``note`` (ACI-BENCH, Yim et al. 2023), and ``dialogue``,
``section_header`` and ``section_text`` (MTS-Dialog, Ben Abacha et al. 2023). The sex comes from a column
``patient_gender``, or from the ``*_metadata.csv`` beside the file.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from profiles.outcome import OperationOutcomeError

LARGEST_FIELD: Final = 10_000_000
HEADING: Final = re.compile(r"^[A-Z][A-Z &/,-]{2,}:?$")
SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
HEADINGS: Final = (
    ("examination", ("EXAM", "VITAL")),
    ("results", ("RESULT", "PROCEDURE")),
    ("assessment", ("ASSESS", "PLAN", "INSTR", "IMPRESS")),
)


@dataclass(frozen=True, slots=True)
class Example:
    """One dialogue; ``note`` or ``header`` is empty where the file has none.

    Parameters
    ----------
    name : str
    dialogue : str
    note : str
    header : str
    sex : str
    """

    name: str
    dialogue: str
    note: str = ""
    header: str = ""
    sex: str = ""


def read_examples(path: Path) -> list[Example]:
    """The dialogues of one file.

    Raises
    ------
    OperationOutcomeError
        ``value``: the file is no such table.
    """
    csv.field_size_limit(LARGEST_FIELD)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            stored = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise OperationOutcomeError("value", "A file of dialogues cannot be read.") from error
    if not stored or "dialogue" not in stored[0]:
        raise OperationOutcomeError("value", "A file of dialogues has no column dialogue.")
    sexes = _sexes(path)
    return [_example(row, number, sexes) for number, row in enumerate(stored)]


def _sexes(path: Path) -> dict[str, str]:
    beside = path.with_name(f"{path.stem}_metadata.csv")
    if not beside.is_file():
        return {}
    with beside.open(encoding="utf-8", newline="") as file:
        return {
            (row.get("encounter_id") or "").strip(): row.get("patient_gender") or ""
            for row in csv.DictReader(file)
        }


def _example(row: dict[str, str], number: int, sexes: dict[str, str]) -> Example:
    name = (row.get("encounter_id") or row.get("ID") or str(number)).strip()
    header = (row.get("section_header") or "").strip().upper()
    note = (row.get("note") or row.get("section_text") or "").strip()
    sex = (row.get("patient_gender") or sexes.get(name) or "").strip().lower()
    return Example(name, row["dialogue"] or "", note, header, sex)


def divided(note: str) -> list[tuple[str, str]]:
    """Every sentence of a note with the division that its heading stands for."""
    found: list[tuple[str, str]] = []
    division = "subjective"
    for line in note.splitlines():
        text = line.strip()
        if HEADING.match(text):
            division = next(
                (name for name, cues in HEADINGS if any(cue in text for cue in cues)), "subjective"
            )
            continue
        found += [(division, sentence) for sentence in SENTENCE_END.split(text) if sentence]
    return found
