"""Procedures, tests, imaging and injections that a note documents as done at this visit."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.documented import DONE, NAMED, PAST, RESULT, UNREAD, Setting, status_of
from ml.coding.procedure_details import details_of, side_of
from ml.coding.procedure_table import Concept, concepts
from ml.coding.sections import Section
from profiles.coding_records import Evidence, Note

HERE: Final = re.compile(
    r"\btoday\b|\b(?:in|at) (?:the |our |my |this )?(?:office|clinic|exam room)\b|\bin-office\b|"
    r"point[- ]of[- ]care|finger-?stick",
    re.IGNORECASE,
)
APART: Final = re.compile(
    r"[.;:]|\b(?:show\w*|reveal\w*|demonstrat\w*|which|but|because|due to|for|to|with|who|were|"
    r"was|and)\b",
    re.IGNORECASE,
)
"""What parts a region from imaging that is not about it."""
SCORE: Final = re.compile(r"\b(?:score\w*|scored)\b|(?:was|is|of|:|=)\s*\d", re.IGNORECASE)
FARTHEST: Final = 120
AROUND: Final = 2
SURE: Final = 0.85
DONE_SOMEWHERE: Final = 0.6
IMPLIED: Final = 0.4
OFFICE: Final = 0.55


@dataclass(frozen=True, slots=True)
class Performed:
    """A concept that was done, with what the text around it says.

    Parameters
    ----------
    concept : Concept
    evidence : Evidence
        The sentence that says so.
    score : float
    here : bool
        Whether the sentence says that it was at this place and visit.
    side : str
        ``right``, ``left``, ``both`` or empty.
    details : dict
        By the names of ``concept.details``; empty text for what is not documented.
    texts : tuple of str
        The sentence, the sentences around it, the section.
    """

    concept: Concept
    evidence: Evidence
    score: float
    here: bool
    side: str
    details: dict[str, str]
    texts: tuple[str, ...]


def performed(note: Note, parts: Sequence[Section], setting: Setting) -> list[Performed]:
    """What was done, once per concept and side, the surest sentence of each.

    Parameters
    ----------
    note : Note
    parts : sequence of Section
        Its sections.
    setting : Setting
        Where and when it was written.
    """
    read = note.text[: parts[-1].end] if parts else ""
    named = _named(read)
    found = [one for part in parts for one in _of_section(note, part, named, setting)]
    best: dict[tuple[str, str], Performed] = {}
    for one in sorted(found, key=lambda one: -one.score):
        # Each injection of a drug counts, every other concept once per side.
        place = str(one.evidence.start) if "shot" in one.concept.flags else one.side
        best.setdefault((one.concept.name, place), one)
    sided = {name for name, side in best if side}
    # The side that one sentence names is meant where another names none.
    return [one for (name, side), one in best.items() if side or name not in sided]


def _named(text: str) -> list[Concept]:
    """The concepts whose words all stand somewhere in a text; most share their first part."""
    seen: dict[re.Pattern[str], bool] = {}

    def stands(part: re.Pattern[str]) -> bool:
        if part not in seen:
            seen[part] = part.search(text) is not None
        return seen[part]

    return [
        concept
        for concept in concepts()
        if any(all(stands(part) for part in parts) for parts in concept.words)
    ]


def _of_section(
    note: Note, part: Section, named: Sequence[Concept], setting: Setting
) -> Iterator[Performed]:
    if part.kind in UNREAD:
        return
    spans = context.sentences(note.text, part.start, part.end)
    for at, (start, end) in enumerate(spans):
        sentence = note.text[start:end]
        around = note.text[
            spans[max(0, at - AROUND)][0] : spans[min(len(spans) - 1, at + AROUND)][1]
        ]
        texts = (sentence, around, note.text[part.start : part.end])
        for concept in named:
            for place in _places(concept, sentence):
                score = _score(concept, sentence, place, part.kind, setting)
                if score:
                    evidence = Evidence(note.document, start, end, sentence, part.kind)
                    yield _performed(concept, evidence, score, texts, place)


def _performed(
    concept: Concept,
    evidence: Evidence,
    score: float,
    texts: tuple[str, ...],
    place: tuple[int, int],
) -> Performed:
    side = ""
    if concept.flags & {"sided", "counted"}:
        near = texts[0][max(0, place[0] - 40) : place[1] + 40]
        side = next((said for text in (near, *texts) if (said := side_of(text))), "")
    details = details_of(concept.details, texts)
    if "side" in details and side:
        details["side"] = "both" if side == "both" else "one"
    here = bool(HERE.search(texts[0]))
    return Performed(concept, evidence, score, here, side, details, texts)


def _places(concept: Concept, sentence: str) -> Iterator[tuple[int, int]]:
    """Where a sentence names a concept: from its first part to its last."""
    for parts in concept.words:
        first = parts[0].search(sentence)
        if first is None:
            continue
        if len(parts) == 1:
            yield first.span()
            return
        for found in parts[1].finditer(sentence):
            start, end = min(first.start(), found.start()), max(first.end(), found.end())
            between = sentence[min(first.end(), found.end()) : max(first.start(), found.start())]
            if end - start <= FARTHEST and not (_is_imaging(concept) and APART.search(between)):
                yield start, end
                return


def _is_imaging(concept: Concept) -> bool:
    return concept.kind in ("imaging", "remote")


def _score(
    concept: Concept, sentence: str, place: tuple[int, int], section: str, setting: Setting
) -> float:
    """How sure it is that it was done at this visit; zero when it was not, or not here."""
    status = status_of(sentence, *place, section, setting)
    here = bool(HERE.search(sentence))
    if status == DONE:
        return _done(concept, here, section)
    if status == PAST or concept.kind == "remote":
        return 0.0
    if concept.kind == "counselling":
        return SURE if re.search(r"\d+[- ]?min", sentence) else 0.0
    if "scored" in concept.flags and status in (RESULT, NAMED) and SCORE.search(sentence):
        return OFFICE
    if status == RESULT:
        if "office" in concept.flags:
            return OFFICE
        return IMPLIED if concept.kind in ("imaging", "test") else 0.0
    return 0.0


def _done(concept: Concept, here: bool, section: str) -> float:
    own = here or section == kinds.PROCEDURE
    if concept.kind == "remote" and not own:
        return 0.0
    if concept.kind == "lab" and "office" not in concept.flags and not own:
        return 0.0  # drawn here, made in a laboratory that bills it
    if concept.kind in ("imaging", "test") and not own:
        return DONE_SOMEWHERE
    return SURE
