"""ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum as F measures, with stemming.

ROUGE is Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries". Tokens, stems of words of
more than three letters and the union of longest common subsequences are counted as the package
``rouge-score`` 0.1.2 counts them, so that figures may be set beside published ones; scorers differ by one
or two points otherwise.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ml.text.porter import stem

NOT_TOKEN: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Rouge:
    """F measures of one pair of texts, from 0 to 1."""

    rouge1: float
    rouge2: float
    rouge_l: float
    rouge_lsum: float


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers; those of more than three letters by their stem."""
    return [
        stem(word) if len(word) > 3 else word for word in NOT_TOKEN.sub(" ", text.lower()).split()
    ]


def _f(hits: int, reference: int, candidate: int) -> float:
    if not hits:
        return 0.0
    precision, recall = hits / candidate, hits / reference
    return 2 * precision * recall / (precision + recall)


def _ngram_f(reference: Sequence[str], candidate: Sequence[str], size: int) -> float:
    counted = [
        Counter(zip(*(words[at:] for at in range(size)), strict=False))
        for words in (reference, candidate)
    ]
    return _f((counted[0] & counted[1]).total(), counted[0].total(), counted[1].total())


def _lengths(one: Sequence[str], other: Sequence[str]) -> list[list[int]]:
    """Lengths of the longest common subsequence of every two beginnings."""
    table = [[0] * (len(other) + 1)]
    for word in one:
        before, row = table[-1], [0]
        for at, match in enumerate(other):
            row.append(before[at] + 1 if word == match else max(before[at + 1], row[at]))
        table.append(row)
    return table


def _common(one: Sequence[str], other: Sequence[str]) -> list[int]:
    """Positions in ``one`` of a longest common subsequence."""
    table = _lengths(one, other)
    left, right, found = len(one), len(other), []
    while left and right:
        if one[left - 1] == other[right - 1]:
            found.append(left - 1)
            left, right = left - 1, right - 1
        elif table[left][right - 1] > table[left - 1][right]:
            right -= 1
        else:
            left -= 1
    return found


def _lsum(reference: str, candidate: str) -> float:
    """Union of the common subsequences of every line of the reference with every line."""
    wanted = [tokens(line) for line in reference.split("\n") if line]
    given = [tokens(line) for line in candidate.split("\n") if line]
    left = [Counter(word for line in lines for word in line) for lines in (wanted, given)]
    sizes = left[0].total(), left[1].total()
    hits = 0
    for line in wanted:
        union = sorted({at for other in given for at in _common(line, other)})
        for at in union:
            if left[0][line[at]] > 0 and left[1][line[at]] > 0:
                hits += 1
                left[0][line[at]] -= 1
                left[1][line[at]] -= 1
    return _f(hits, *sizes)


def rouge(reference: str, candidate: str) -> Rouge:
    """How far a candidate overlaps with a reference."""
    wanted, given = tokens(reference), tokens(candidate)
    return Rouge(
        _ngram_f(wanted, given, 1),
        _ngram_f(wanted, given, 2),
        _f(len(_common(wanted, given)), len(wanted), len(given)),
        _lsum(reference, candidate),
    )
