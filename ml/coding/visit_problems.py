"""Number and complexity of the problems addressed, the first element of medical decision making."""

import re
from collections.abc import Sequence
from typing import Final

from ml.coding import context
from ml.coding.visit_table import HIGH, LOW, MODERATE, STRAIGHTFORWARD, cues_of, in_list
from ml.coding.visit_text import Element, Noted, sentence_around
from profiles.coding_records import SUGGESTED, CodeSuggestion, Evidence

TAUGHT: Final = re.compile(
    r"\b(?:can|could|may|might|would|avoid\w*|risk of|advised|watch for|includ\w+)\b", re.IGNORECASE
)
"""What a patient is told about an illness is not how it is."""
LONGEST_BLOCK: Final = 1500


def problems(notes: Noted, diagnoses: Sequence[CodeSuggestion]) -> Element | None:
    """Number and complexity of the problems addressed; None when no problem is assessed."""
    found = [_problem(notes, one, diagnoses) for one in _addressed(diagnoses)]
    if not found:
        return None
    found.sort(key=lambda one: -one.level)
    best = found[0]
    chronic = [one for one in found if one.reason == "stable chronic illness"]
    minor = [one for one in found if one.level == STRAIGHTFORWARD]
    if best.level < MODERATE and len(chronic) > 1:
        evidence = tuple(one.evidence[0] for one in chronic[:3])
        return Element(MODERATE, f"{len(chronic)} stable chronic illnesses", evidence)
    if best.level == STRAIGHTFORWARD and len(minor) > 1:
        evidence = tuple(one.evidence[0] for one in minor[:3])
        return Element(LOW, f"{len(minor)} self-limited or minor problems", evidence)
    return best


def _addressed(diagnoses: Sequence[CodeSuggestion]) -> list[CodeSuggestion]:
    """Suggested diagnoses that are problems, one per category."""
    kept: dict[str, CodeSuggestion] = {}
    for one in diagnoses:
        if one.status == SUGGESTED and not in_list("no_problem", one.code):
            kept.setdefault(one.code[:3], one)
    return list(kept.values())


def _problem(
    notes: Noted, diagnosis: CodeSuggestion, diagnoses: Sequence[CodeSuggestion]
) -> Element:
    block = _block(notes, diagnosis, diagnoses)
    evidence = diagnosis.evidence[:1]
    if in_list("threat", diagnosis.code) or _says("threat", block):
        return Element(HIGH, "threat to life or bodily function", evidence)
    chronic = in_list("chronic", diagnosis.code)
    if in_list("severe", diagnosis.code) or (chronic and _says("severe", block)):
        return Element(HIGH, "chronic illness with severe exacerbation", evidence)
    if in_list("exacerbated", diagnosis.code) or (chronic and _says("worse", block)):
        return Element(MODERATE, "chronic illness that is worse or not at its goal", evidence)
    if chronic:
        return Element(LOW, "stable chronic illness", evidence)
    return _acute(diagnosis.code, block, evidence)


def _acute(code: str, block: str, evidence: tuple[Evidence, ...]) -> Element:
    if in_list("systemic", code) or _says("systemic", block):
        return Element(MODERATE, "acute illness with systemic symptoms", evidence)
    if in_list("complicated_injury", code):
        return Element(MODERATE, "acute complicated injury", evidence)
    if in_list("uncertain", code):
        return Element(MODERATE, "undiagnosed new problem with uncertain prognosis", evidence)
    if in_list("minor", code):
        return Element(STRAIGHTFORWARD, "self-limited or minor problem", evidence)
    return Element(LOW, "acute uncomplicated illness or injury", evidence)


def _block(notes: Noted, diagnosis: CodeSuggestion, others: Sequence[CodeSuggestion]) -> str:
    """The text from where a problem is named to where the next one is."""
    at = diagnosis.evidence[0]
    for note, parts in notes:
        if note.document != at.document:
            continue
        end = next((part.end for part in parts if part.start <= at.start < part.end), at.end)
        starts = [
            place.start
            for other in others
            for place in other.evidence[:1]
            if place.document == at.document and place.start > at.end
        ]
        return note.text[at.start : max(at.end, min([end, at.start + LONGEST_BLOCK, *starts]))]
    return at.text


def _says(element: str, text: str) -> bool:
    """Whether a cue of an element stands in a text without being denied."""
    for cue in cues_of(element):
        for found in cue.pattern.finditer(text):
            start, end = sentence_around(text, *found.span())
            if TAUGHT.search(text, start, found.start()):
                continue
            said = context.status(text[start:end], found.start() - start, found.end() - start)
            if said not in (context.NEGATED, context.HYPOTHETICAL, context.HISTORICAL):
                return True
    return False
