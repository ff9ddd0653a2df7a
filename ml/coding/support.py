"""What a note says elsewhere about a problem: the text that may make its code more specific."""

import re
from collections.abc import Set
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
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
ABOUT: Final = 40
"""Sentences about one problem that are asked."""
BARRED: Final = frozenset(
    (
        context.NEGATED,
        context.FAMILY,
        context.HYPOTHETICAL,
        context.OTHER_PERSON,
        context.HISTORICAL,
    )
)


class Sentences:
    """The sentences of one note that are about its patient now, found by their words.

    Parameters
    ----------
    text : str
    parts : list of Section
    """

    def __init__(self, text: str, parts: list[Section]) -> None:
        self._texts: list[str] = []
        self._places: dict[str, set[int]] = {}
        for part in parts:
            if part.kind in READ:
                for start, end in context.sentences(text, part.start, part.end):
                    self._add(text[start:end])

    def _add(self, sentence: str) -> None:
        for word in bag(sentence):
            self._places.setdefault(word, set()).add(len(self._texts))
        self._texts.append(sentence)

    def about(self, words: Set[str]) -> list[str]:
        """The first sentences that have all of some words."""
        if not words:
            return []
        found = set.intersection(*(self._places.get(word, set()) for word in words))
        return [self._texts[at] for at in sorted(found)[:ABOUT]]


def says(sentences: list[str], pattern: re.Pattern[str]) -> bool:
    """Whether a sentence says something that matches, and does not deny it."""
    for sentence in sentences:
        for match in pattern.finditer(sentence):
            if context.status(sentence, match.start(), match.end()) not in BARRED:
                return True
    return False


def confirmed(sentences: list[str], words: Set[str]) -> bool:
    """Whether an uncertain diagnosis is stated as a finding elsewhere in the note.

    An outpatient diagnosis that one line calls likely is certain when another one reports it:
    "x-rays revealed a fracture".

    Parameters
    ----------
    sentences : list of str
        Those that name the diagnosis.
    words : set of str
        The words that name it.
    """
    for sentence in sentences:
        found = REVEALED.search(sentence)
        if found is None or not words <= bag(sentence[found.end() :]):
            continue
        after = context.status(sentence, min(found.end() + 1, len(sentence) - 1), len(sentence))
        own = context.status(sentence, found.start(), found.end())
        if after == context.PRESENT and own not in BARRED:
            return True
    return False
