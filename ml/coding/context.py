"""What a note says about a mention: present, negated, uncertain, historical, somebody else's, only possible.

The idea is ConText's (Harkema et al. 2009, Journal of Biomedical Informatics 42:839): a cue changes the
mentions in its scope,
the scope ends at a termination. The cues, the scopes and the code are our own. Sentences are split here
too, since most
errors of such rules are errors of sentence ends ("No X. 1+ Y").
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from ml.coding.tables import rows

PRESENT: Final = "present"
NEGATED: Final = "negated"
UNCERTAIN: Final = "uncertain"
HISTORICAL: Final = "historical"
FAMILY: Final = "family"
HYPOTHETICAL: Final = "hypothetical"
OTHER_PERSON: Final = "other-person"

FORWARD: Final = "forward"
BACKWARD: Final = "backward"

SENTENCE: Final = re.compile(
    r"(?<=[.!?;])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9\u2022*-])|\n\s*\n|\n(?=\s*[-\u2022*#\d])|\n"
)
ABBREVIATED: Final = re.compile(
    r"\b(?:dr|mr|mrs|ms|vs|st|no|approx|fig|dept|pt|prof|jr|sr|e\.g|i\.e|p\.o|q\.d|b\.i\.d|t\.i\.d|"
    r"inc|mg|ml|a\.m|p\.m)\.$",
    re.IGNORECASE,
)
LONGEST: Final = 600
"""Characters of a sentence; what is longer has lost its full stops."""
SCOPE: Final = 14
SCOPE_BACK: Final = 8
ORDER: Final = (FAMILY, OTHER_PERSON, NEGATED, HYPOTHETICAL, UNCERTAIN, HISTORICAL)


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue that was found: what it does, which way, and where it stands."""

    status: str
    direction: str
    start: int
    end: int


@cache
def _pattern(status: str, direction: str = "") -> re.Pattern[str]:
    """The cues of one status and direction, on word borders."""
    words = "|".join(row[2] for row in rows("context_cues") if row[:2] == (status, direction))
    return re.compile(rf"(?<![\w-])(?:{words})(?!\w)", re.IGNORECASE)


@cache
def _kinds() -> tuple[tuple[str, str], ...]:
    """Every status with its direction that has cues."""
    named = ((row[0], row[1]) for row in rows("context_cues"))
    return tuple(dict.fromkeys(kind for kind in named if kind[1]))


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Start and end of every sentence between two offsets; one without an end is cut."""
    stop = len(text) if end is None else end
    found: list[tuple[int, int]] = []
    begin = start
    for match in SENTENCE.finditer(text, start, stop):
        if ABBREVIATED.search(text, max(begin, match.start() - 6), match.start()):
            continue
        found += _bounded(text, begin, match.start())
        begin = match.end()
    return found + _bounded(text, begin, stop)


def _bounded(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A sentence in parts of a length that can be read."""
    found = []
    while end - start > LONGEST:
        cut = text.rfind(" ", start + 1, start + LONGEST)
        cut = cut if cut > start else start + LONGEST
        found.append((start, cut))
        start = cut
    return [*found, (start, end)] if end > start else found


def cues(sentence: str) -> list[Cue]:
    """Every cue of one sentence, without those that stand inside a pseudo cue or a longer cue."""
    pseudo = [match.span() for match in _pattern("pseudo").finditer(sentence)]
    found = [
        Cue(status, way, *match.span())
        for status, way in _kinds()
        for match in _pattern(status, way).finditer(sentence)
    ]
    kept = []
    for cue in found:
        inside = any(a <= cue.start and cue.end <= b for a, b in pseudo)
        longer = any(
            other is not cue
            and other.start <= cue.start
            and cue.end <= other.end
            and (other.end - other.start) > (cue.end - cue.start)
            for other in found
        )
        if not inside and not longer:
            kept.append(cue)
    return kept


def _between(sentence: str, start: int, end: int) -> tuple[int, bool]:
    """Words between two offsets, and whether a termination stands there."""
    part = sentence[start:end]
    return len(part.split()), ";" in part or _pattern("end").search(part) is not None


def statuses(sentence: str, start: int, end: int, found: list[Cue] | None = None) -> list[Cue]:
    """The cues that reach one mention of a sentence.

    Parameters
    ----------
    sentence : str
    start, end : int
        Offsets of the mention in the sentence.
    found : list of Cue, optional
        The sentence's cues, when they are known.
    """
    reached = []
    for cue in cues(sentence) if found is None else found:
        if cue.direction == FORWARD and cue.end <= start:
            words, ended = _between(sentence, cue.end, start)
            limit = SCOPE * 3 if cue.status in (NEGATED, FAMILY, HYPOTHETICAL) else SCOPE
        elif cue.direction == BACKWARD and cue.start >= end:
            words, ended = _between(sentence, end, cue.start)
            limit = SCOPE_BACK
            ended = ended or "," in sentence[end : cue.start]
        else:
            continue
        if not ended and words <= limit:
            reached.append(cue)
    return reached


def status(sentence: str, start: int, end: int, found: list[Cue] | None = None) -> str:
    """What a sentence says about one mention: one of the constants above."""
    said = {cue.status for cue in statuses(sentence, start, end, found)}
    return next((name for name in ORDER if name in said), PRESENT)
