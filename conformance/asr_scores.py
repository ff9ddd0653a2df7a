"""Word errors: how many words of a reference a hypothesis has wrong, lacks or has invented.

The word error rate is (substitutions + deletions + insertions) / words of the reference, by the alignment
with the fewest errors (Levenshtein 1966). The rate of terms is the share of the reference's words within
a term (a drug, a symptom) that are not the same word in the hypothesis; terms that the hypothesis has and
the reference has not are counted beside it. cpWER (Watanabe et al. 2020) joins what each speaker says and
takes the assignment of speakers with the fewest errors.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Final

import numpy as np

MOST_SPEAKERS: Final = 6
"""Assignments are tried one after the other: 720 of six."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """An alignment.

    Parameters
    ----------
    pairs : tuple of (int or None, int or None)
        Numbers of a reference's and a hypothesis' word; None for what the other one lacks.
    substitutions, deletions, insertions : int
    """

    pairs: tuple[tuple[int | None, int | None], ...]
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """All three together."""
        return self.substitutions + self.deletions + self.insertions


@dataclass(slots=True)
class TermErrors:
    """Errors on the words of terms.

    Parameters
    ----------
    words, missed : int
        Words of the reference within a term, and those that the hypothesis has not.
    invented : int
        Terms of the hypothesis in no place of which the reference has the same words.
    missed_terms : Counter of str
        How often each term was not fully there.
    """

    words: int = 0
    missed: int = 0
    invented: int = 0
    missed_terms: Counter[str] = field(default_factory=Counter)

    def add(self, other: "TermErrors") -> None:
        """Add another text's errors."""
        self.words += other.words
        self.missed += other.missed
        self.invented += other.invented
        self.missed_terms.update(other.missed_terms)


def distances(reference: Sequence[str], hypothesis: Sequence[str]) -> np.ndarray:
    """Fewest errors between every two beginnings; (words + 1, words + 1), for at most 16,000 words."""
    numbers: dict[str, int] = {}
    one, other = (
        np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int32)
        for words in (reference, hypothesis)
    )
    steps = np.arange(other.size + 1, dtype=np.int16)
    table = np.empty((one.size + 1, other.size + 1), np.int16)
    table[0] = steps
    for row, word in enumerate(one, 1):
        before = table[row - 1]
        best = before + 1
        best[1:] = np.minimum(best[1:], before[:-1] + (other != word))
        # An insertion follows its left neighbour: the least of all neighbours, each with its distance.
        table[row] = np.minimum.accumulate(best - steps) + steps
    return table


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> Aligned:
    """The alignment with the fewest errors."""
    table = distances(reference, hypothesis)
    i, j = len(reference), len(hypothesis)
    pairs: list[tuple[int | None, int | None]] = []
    counts = [0, 0, 0]
    while i or j:
        here = table[i, j]
        differs = bool(i and j) and reference[i - 1] != hypothesis[j - 1]
        if i and j and here == table[i - 1, j - 1] + differs:
            i, j = i - 1, j - 1
            pairs.append((i, j))
            counts[0] += differs
        elif i and here == table[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
            counts[1] += 1
        else:
            j -= 1
            pairs.append((None, j))
            counts[2] += 1
    return Aligned(tuple(reversed(pairs)), *counts)


def occurrences(words: Sequence[str], terms: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Where terms stand, the longest at each place: first word, behind the last word, name.

    Parameters
    ----------
    words : sequence of str
    terms : mapping of str to str
        Words of a term, joined by blanks, to its name.
    """
    longest = max((term.count(" ") + 1 for term in terms), default=0)
    found, at = [], 0
    while at < len(words):
        for size in range(longest, 0, -1):
            name = terms.get(" ".join(words[at : at + size]))
            if name is not None and at + size <= len(words):
                found.append((at, at + size, name))
                at += size
                break
        else:
            at += 1
    return found


def term_errors(
    reference: Sequence[str], hypothesis: Sequence[str], aligned: Aligned, terms: Mapping[str, str]
) -> TermErrors:
    """Errors on the words of terms."""
    right = {i: j for i, j in aligned.pairs if _same(reference, hypothesis, i, j)}
    there = set(right.values())
    found = TermErrors()
    for start, end, name in occurrences(reference, terms):
        missed = sum(number not in right for number in range(start, end))
        found.words += end - start
        found.missed += missed
        if missed:
            found.missed_terms[name] += 1
    for start, end, _ in occurrences(hypothesis, terms):
        found.invented += not any(number in there for number in range(start, end))
    return found


def _same(
    reference: Sequence[str], hypothesis: Sequence[str], i: int | None, j: int | None
) -> bool:
    return i is not None and j is not None and reference[i] == hypothesis[j]


def speaker_errors(
    reference: Mapping[str, Sequence[str]], hypothesis: Mapping[str, Sequence[str]]
) -> int | None:
    """Errors of the best assignment of speakers (cpWER); None for too many of them."""
    count = max(len(reference), len(hypothesis))
    if count > MOST_SPEAKERS:
        return None
    rows, columns = (_padded(said.values(), count) for said in (reference, hypothesis))
    costs = [[int(distances(row, column)[-1, -1]) for column in columns] for row in rows]
    return min(
        sum(costs[row][column] for row, column in enumerate(order))
        for order in permutations(range(count))
    )


def _padded(said: Iterable[Sequence[str]], count: int) -> list[Sequence[str]]:
    given = list(said)
    return [*given, *([()] * (count - len(given)))]
