"""The three elements of medical decision making, each with its level and the text that speaks for it."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.sections import Section
from ml.coding.visit_table import (
    HIGH,
    LOW,
    MODERATE,
    STRAIGHTFORWARD,
    Cue,
    cues_of,
    in_list,
    tests,
)
from profiles.coding_records import SUGGESTED, CodeSuggestion, Evidence, Note

Noted = Sequence[tuple[Note, Sequence[Section]]]
"""The notes of a visit, each with its sections."""

MANAGED: Final = frozenset({kinds.ASSESSMENT, kinds.PLAN, kinds.INSTRUCTIONS, kinds.PROCEDURE})
TOLD: Final = frozenset({*MANAGED, kinds.PRESENT, kinds.RESULTS, kinds.OTHER, kinds.COMPLAINT})
ORDER: Final = re.compile(
    r"\b(?:order\w*|obtain\w*|check\w*|get|send|sent|repeat\w*|schedul\w+|recommend\w*|perform\w*|"
    r"recheck\w*|refer\w*|need\w*|draw\w*|"
    r"will (?:also )?(?:do|have)|would like|review\w*|show\w*|reveal\w*|demonstrat\w*)\b",
    re.IGNORECASE,
)
CONDITIONAL: Final = re.compile(r"\b(?:if|consider\w*|may|might|could)\b", re.IGNORECASE)
TAUGHT: Final = re.compile(
    r"\b(?:can|could|may|might|would|avoid\w*|risk of|advised|watch for|includ\w+)\b", re.IGNORECASE
)
"""What a patient is told about an illness is not how it is."""
LONGEST_BLOCK: Final = 1500
LONGEST_SENTENCE: Final = 500
ENDS: Final = (". ", "\n")
DOSE_NEAR: Final = 70
ITEMS_LOW: Final = 2
ITEMS_MODERATE: Final = 3


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its level, why, and where that stands."""

    level: int
    reason: str
    evidence: tuple[Evidence, ...] = ()


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


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the sentence, or the line, that holds a place."""
    low, high = max(0, start - LONGEST_SENTENCE), min(len(text), end + LONGEST_SENTENCE)
    begins = [place + len(mark) for mark in ENDS if (place := text.rfind(mark, low, start)) >= 0]
    ends = [place for mark in ENDS if (place := text.find(mark, end, high)) >= 0]
    return max(begins, default=low), min(ends, default=high)


@dataclass(frozen=True, slots=True)
class _Sentence:
    note: Note
    start: int
    end: int
    section: str

    @property
    def text(self) -> str:
        return self.note.text[self.start : self.end]

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.note.document, self.start, self.end, self.text, self.section)


def _sentences(notes: Noted, wanted: Collection[str]) -> Iterator[_Sentence]:
    for note, parts in notes:
        for part in parts:
            if part.kind in wanted:
                for start, end in context.sentences(note.text, part.start, part.end):
                    yield _Sentence(note, start, end, part.kind)


def data(notes: Noted, reported: Collection[str]) -> Element:
    """Amount and complexity of data.

    Parameters
    ----------
    notes : sequence
    reported : collection of str
        Names of tests that are lines of their own: neither they nor their reading count again.
    """
    items = _tests(notes, reported) | _cued(notes, "external")
    historian = _cued(notes, "historian")
    reading = {} if _reads_own(reported) else _cued(notes, "interpretation")
    talk = _cued(notes, "discussion")
    categories = [len(items) + len(historian) >= ITEMS_MODERATE, bool(reading), bool(talk)]
    level = STRAIGHTFORWARD
    if sum(categories) > 1:
        level = HIGH
    elif any(categories):
        level = MODERATE
    elif len(items) >= ITEMS_LOW or historian:
        level = LOW
    said = [*items, *historian, *reading, *talk]
    reason = f"{', '.join(said)}" if said else "minimal or none"
    evidence = [*items.values(), *historian.values(), *reading.values(), *talk.values()]
    return Element(level, reason, tuple(dict.fromkeys(evidence))[:6])


def _reads_own(reported: Collection[str]) -> bool:
    return any(name.endswith("x-ray") or name == "electrocardiogram" for name in reported)


def _tests(notes: Noted, reported: Collection[str]) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for sentence in _sentences(notes, {*MANAGED, kinds.RESULTS}):
        text = sentence.text
        acts = sentence.section == kinds.RESULTS or ORDER.search(text)
        if not acts or (sentence.section != kinds.RESULTS and CONDITIONAL.search(text)):
            continue
        for name, parts in tests():
            if (
                name not in reported
                and name not in found
                and all(one.search(text) for one in parts)
            ):
                found[name] = sentence.evidence
    return found


def _cued(notes: Noted, element: str) -> dict[str, Evidence]:
    """The first sentence that a cue of an element stands in, by our word for the element."""
    for sentence in _sentences(notes, TOLD):
        for cue in cues_of(element):
            found = cue.pattern.search(sentence.text)
            if found and context.status(sentence.text, *found.span()) != context.NEGATED:
                return {_WORDS[element]: sentence.evidence}
    return {}


_WORDS: Final = {
    "external": "note of an external source",
    "historian": "independent historian",
    "interpretation": "independent interpretation of a test",
    "discussion": "discussion with an external professional",
}


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
    for sentence in _sentences(notes, MANAGED - {kinds.PROCEDURE}):
        for found in _risks(sentence):
            if found.level > best.level:
                best = found
    return best


def _risks(sentence: _Sentence) -> Iterator[Element]:
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
    (act,), (drug,) = cues_of("drug-act"), cues_of("drug")
    for done in act.pattern.finditer(text):
        start, end = max(0, done.start() - DOSE_NEAR), min(len(text), done.end() + DOSE_NEAR)
        named = drug.pattern.search(text, done.end(), end) or drug.pattern.search(
            text, start, done.start()
        )
        if named and context.status(text, *done.span()) != context.NEGATED:
            return not CONDITIONAL.search(text[: done.start()])
    return False
