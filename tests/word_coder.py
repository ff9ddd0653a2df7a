"""A coder without rules for tests about the way of a note: a few words, each with its code."""

import re
from pathlib import Path

from ml.worker import Places, Progress, Spec
from profiles.coding_records import (
    BELOW_THRESHOLD,
    SUGGESTED,
    CodeSuggestion,
    CodingRequest,
    CodingResult,
    Evidence,
    Note,
    RuleCitation,
)
from terminology.systems import ICD_10_CM

SPEC = Spec("code", "1", "DocumentReference", CodingRequest, CodingResult, "coding", 60.0)
WORDS = {
    "hypertension": ("I10", "Essential (primary) hypertension", 0.9),
    "knee pain": ("M25.569", "Pain in unspecified knee", 0.8),
    "fatigue": ("R53.83", "Other fatigue", 0.3),
}


def load(places: Places) -> dict[str, tuple[str, str, float]]:
    """The words; no folder is looked at."""
    del places
    return WORDS


def run(
    model: dict[str, tuple[str, str, float]], given: CodingRequest, progress: Progress
) -> CodingResult:
    """A code for every word of the notes, with each of its places."""
    progress(len(given.notes), len(given.notes), "notes")
    bound = 0.5 if given.threshold is None else given.threshold
    suggestions = []
    for word, (code, display, score) in model.items():
        spans = tuple(
            Evidence(note.document, found.start(), found.end(), found[0])
            for note in given.notes
            for found in re.finditer(word, note.text, re.IGNORECASE)
        )
        if spans:
            status = SUGGESTED if score >= bound else BELOW_THRESHOLD
            rule = (RuleCitation("words", "A word of the list.", "tests"),)
            suggestions.append(
                CodeSuggestion(ICD_10_CM, "2026", code, display, score, status, spans, rule)
            )
    return CodingResult("words", "1", tuple(suggestions))


def example(folder: Path) -> CodingRequest:
    """One short note."""
    del folder
    return CodingRequest((Note("DocumentReference/1", "Hypertension."),), "2026-03-02")
