"""Problems that running text names: default terms, with what their sentence says about them.

Used where a note has no list of problems, and as candidates below the threshold where it has one.
"""

from functools import cache
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.match import BONUS, DEFAULT, SOFT, Candidate, defaults
from ml.coding.mentions import NARRATIVE, Mention
from ml.coding.problems import Problem
from ml.coding.sections import Section
from ml.coding.tables import words_named
from ml.coding.words import SIDES, STOP, Token, tokens
from terminology.default_terms import DefaultTerm

WINDOW: Final = 6
MENTIONS: Final = 200
PLAIN: Final = frozenset(words_named("plain").split())


@cache
def _starts() -> frozenset[str]:
    """Words that some default term has; other words cannot begin one."""
    return frozenset(word for key in defaults() for word in key)


def _longest(read: list[Token], at: int) -> tuple[int, DefaultTerm, frozenset[str]] | None:
    """The longest default term that begins at a word: its end, its row and its words."""
    words: list[str] = []
    best = None
    for end in range(at, min(len(read), at + WINDOW)):
        token = read[end]
        if token.raw in STOP or token.raw in SIDES:
            if end == at:
                return None
            continue
        if not all(word in _starts() for word in token.words):
            break
        words += token.words
        row = defaults().get(frozenset(words))
        if row is not None:
            best = (end + 1, row, frozenset(words))
    return best


def narrative(text: str, part: Section) -> list[Problem]:
    """The problems that the sentences of one section name.

    Parameters
    ----------
    text : str
    part : Section
    """
    found: list[Problem] = []
    for start, end in context.sentences(text, part.start, part.end):
        read = tokens(text, start, end)
        cues = None
        at = 0
        while at < len(read) and len(found) < MENTIONS:
            hit = _longest(read, at)
            if hit is None or hit[2] <= (SOFT | PLAIN):
                at += 1
                continue
            stop, row, words = hit
            cues = context.cues(text[start:end]) if cues is None else cues
            begin, last = read[at].start, read[stop - 1].end
            status = context.status(text[start:end], begin - start, last - start, cues)
            mention = Mention(begin, last, part.kind, NARRATIVE, (start, end))
            candidate = Candidate(row.code, DEFAULT, 1.0 + BONUS, 1.0, 1.0, -1, row, words)
            found.append(Problem(mention, begin, last, tuple(words), status, "", candidate))
            at = stop
    return found


RANK: Final = {
    kinds.ASSESSMENT: 1.0,
    kinds.PLAN: 1.0,
    kinds.COMPLAINT: 0.85,
    kinds.PRESENT: 0.8,
    kinds.OTHER: 0.85,
    kinds.PROBLEMS: 0.8,
    kinds.HISTORY: 0.6,
}
"""How much a section counts as a place where a problem is named."""
