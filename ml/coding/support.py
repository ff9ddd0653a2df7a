"""What a note says elsewhere about a problem: the text that may make its code more specific."""

import re
from functools import lru_cache
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.problems import Problem
from ml.coding.sections import Section
from ml.coding.words import bag

READ: Final = frozenset(
    (
        kinds.ASSESSMENT,
        kinds.PLAN,
        kinds.PRESENT,
        kinds.RESULTS,
        kinds.EXAM,
        kinds.COMPLAINT,
        kinds.HISTORY,
        kinds.OTHER,
        kinds.PROBLEMS,
    )
)
REVEALED: Final = re.compile(
    r"\b(?:reveal\w*|show(?:s|ed|n)?|demonstrat\w*|confirm\w*|positive for|diagnos(?:ed|is|tic) "
    r"(?:with|of)|found to have|evidence of|"
    r"findings? (?:are )?(?:consistent with|of)|noted|identified)\b",
    re.IGNORECASE,
)
BARRED: Final = frozenset(
    (
        context.NEGATED,
        context.FAMILY,
        context.HYPOTHETICAL,
        context.OTHER_PERSON,
        context.HISTORICAL,
    )
)


@lru_cache(maxsize=512)
def _bag(text: str) -> frozenset[str]:
    """The words of a sentence, remembered while one note is read."""
    return bag(text)


def block_text(text: str, problem: Problem) -> str:
    """The lines that belong to a problem."""
    start, end = problem.mention.block
    return text[start:end]


def related(text: str, parts: list[Section], key: frozenset[str]) -> list[str]:
    """The sentences of a note that name a problem again.

    Parameters
    ----------
    text : str
    parts : list of Section
    key : frozenset of str
        Words that a sentence must have to be about the problem.
    """
    if not key:
        return []
    found = []
    for part in parts:
        if part.kind not in READ:
            continue
        for start, end in context.sentences(text, part.start, part.end):
            if key <= _bag(text[start:end]):
                found.append(text[start:end])
    return found


def says(sentences: list[str], pattern: re.Pattern[str]) -> bool:
    """Whether a sentence says something that matches, and does not deny it."""
    for sentence in sentences:
        for match in pattern.finditer(sentence):
            if context.status(sentence, match.start(), match.end()) not in BARRED:
                return True
    return False


def confirmed(text: str, parts: list[Section], problem: Problem) -> bool:
    """Whether an uncertain diagnosis is stated as a finding elsewhere in the note.

    An outpatient diagnosis that one line calls likely is certain when another one reports it:
    "x-rays revealed a fracture".
    """
    hard = frozenset(problem.candidate.words)
    for sentence in related(text, parts, hard):
        found = REVEALED.search(sentence)
        if found is None:
            continue
        status = context.status(sentence, min(found.end() + 1, len(sentence) - 1), len(sentence))
        if (
            status == context.PRESENT
            and context.status(sentence, found.start(), found.end()) not in BARRED
        ):
            rest = _bag(sentence[found.end() :])
            if hard <= rest:
                return True
    return False
