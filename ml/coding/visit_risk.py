"""Risk of what was decided for the patient, the third element of medical decision making."""

import re
from collections.abc import Iterator
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.visit_table import (
    CONDITIONAL,
    HIGH,
    LOW,
    MODERATE,
    STRAIGHTFORWARD,
    Cue,
    cues_of,
)
from ml.coding.visit_text import MANAGED, Element, Noted, Sentence, sentences

DOSE_NEAR: Final = 70


def risk(notes: Noted, *, minor_procedure: bool) -> Element:
    """Risk of what was decided for the patient.

    Parameters
    ----------
    notes : sequence
    minor_procedure : bool
        Whether a minor procedure is a line of its own: deciding on it is at least low risk.
    """
    best = (
        Element(LOW, "minor procedure") if minor_procedure else Element(STRAIGHTFORWARD, "minimal")
    )
    # What a procedure itself uses is part of it.
    for sentence in sentences(notes, MANAGED - {kinds.PROCEDURE}):
        for found in _risks(sentence):
            if found.level > best.level:
                best = found
    return best


def _risks(sentence: Sentence) -> Iterator[Element]:
    text = sentence.text
    for cue in cues_of("risk"):
        found = cue.pattern.search(text)
        if found and not _denied(cue, text, found):
            reason = {
                HIGH: "escalation of care, or a decision of that weight",
                MODERATE: "major surgery, or limits of living conditions",
            }
            yield Element(
                cue.level, reason.get(cue.level, "low risk of treatment"), (sentence.evidence,)
            )
    if _manages_drug(text):
        yield Element(MODERATE, "prescription drug management", (sentence.evidence,))


def _denied(cue: Cue, text: str, found: re.Match[str]) -> bool:
    said = context.status(text, *found.span())
    if said in (context.NEGATED, context.HISTORICAL):
        return True
    return cue.level > LOW and (said == context.HYPOTHETICAL or bool(CONDITIONAL.search(text)))


def _manages_drug(text: str) -> bool:
    """Whether a sentence starts, changes or continues a drug that needs a prescription."""
    (act,) = cues_of("drug-act")
    for done in act.pattern.finditer(text):
        start, end = max(0, done.start() - DOSE_NEAR), min(len(text), done.end() + DOSE_NEAR)
        named = _drug(text, done.end(), end) or _drug(text, start, done.start())
        if named and context.status(text, *done.span()) != context.NEGATED:
            return not CONDITIONAL.search(text[: done.start()])
    return False


def _drug(text: str, start: int, end: int) -> bool:
    """Whether a stretch of text names a drug of prescription; a dose of one sold without is none."""
    (drug,), (free,) = cues_of("drug"), cues_of("otc-drug")
    names = [found[0] for found in drug.pattern.finditer(text, start, end)]
    if names and free.pattern.search(text, start, end):
        names = [name for name in names if not name[0].isdigit()]
    return bool(names)
