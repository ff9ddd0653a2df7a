"""From the words of a problem to the code that they mean: index defaults first, then the descriptions.

Every candidate is judged the same way. *Said* is the share of the problem's words that the candidate
accounts for;
*supported* is the share of the candidate's words that the problem says. A code that claims more than
the note does loses by
the second, a code that ignores what the note says by the first (guideline I.B.2: to the highest
documented specificity).
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Final, Protocol

from ml.coding.index import Index
from ml.coding.spelling import Speller
from ml.coding.tables import words_named
from ml.coding.words import bag
from terminology.default_terms import DefaultTerm, default_terms

DEFAULT: Final = "default"
LEXICAL: Final = "lexical"
SOFT: Final = bag(words_named("soft")) | set(words_named("soft-raw").split())
GENERIC: Final = bag(words_named("generic")) | set(words_named("generic-raw").split())
SOFT_WEIGHT: Final = 0.25
FREE: Final = frozenset(words_named("free").split())
GENERIC_WEIGHT: Final = 0.15
BONUS: Final = 0.06


class Embedder(Protocol):
    """The seam of a sentence embedder: nearest index rows for a text (``ml.text.embedder`` has one)."""

    def nearest(self, text: str, limit: int) -> list[tuple[int, float]]:
        """Row of the index and cosine similarity, best first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One code that a problem could mean.

    Parameters
    ----------
    code : str
        With its dot; perhaps not billable yet.
    kind : str
        ``default`` or ``lexical``.
    quality : float
        From 0; just above 1 for a default term that says all.
    said, supported : float
        The two shares of the module's text.
    concept : int
        Place in the index; -1 for a default whose sides stand in its own row.
    term : DefaultTerm or None
    words : frozenset of str
        The problem's words that it accounts for.
    """

    code: str
    kind: str
    quality: float
    said: float
    supported: float
    concept: int = -1
    term: DefaultTerm | None = None
    words: frozenset[str] = field(default_factory=frozenset)


@cache
def defaults() -> dict[frozenset[str], DefaultTerm]:
    """Every default term by its bag of words; the first row of a bag counts."""
    table: dict[frozenset[str], DefaultTerm] = {}
    for row in default_terms():
        table.setdefault(bag(row.term), row)
    table.pop(frozenset(), None)
    return table


@cache
def longest() -> int:
    """Words of the longest default term."""
    return max(len(words) for words in defaults())


class Matcher:
    """Finds candidates for the words of a problem in one release's index."""

    def __init__(self, index: Index, embedder: Embedder | None = None) -> None:
        self.index = index
        self.embedder = embedder
        self._speller = Speller(word for key in defaults() for word in key)

    def weights(self, words: list[str]) -> dict[str, float]:
        """How much each word of a problem counts."""
        return {
            word: self.index.weight(word) * (SOFT_WEIGHT if word in SOFT or word.isdigit() else 1.0)
            for word in words
        }

    def spelled(self, words: list[str]) -> list[str]:
        """Words with those set right that no term and no description knows."""
        known = self.index.vocabulary
        return [word if word in known else self._speller.word(word) for word in words]

    def candidates(self, words: list[str], limit: int = 8) -> list[Candidate]:
        """The best candidates for the words of one problem.

        Parameters
        ----------
        words : list of str
            Canonical content words in their order.
        limit : int
        """
        words = list(dict.fromkeys(self.spelled(words)))
        if not words:
            return []
        weights = self.weights(words)
        found = self._defaults(words, weights) + self._lexical(words, weights)
        found.sort(key=lambda one: (-one.quality, one.kind != DEFAULT, one.code))
        return found[:limit]

    def _defaults(self, words: list[str], weights: dict[str, float]) -> list[Candidate]:
        """Default terms among the windows of a problem, with and without its soft words."""
        hard = [word for word in words if word not in SOFT]
        seen: dict[frozenset[str], DefaultTerm] = {}
        for chain in (words, hard):
            for begin in range(len(chain)):
                for end in range(begin + 1, min(len(chain), begin + longest()) + 1):
                    key = frozenset(chain[begin:end])
                    row = defaults().get(key)
                    if row is not None:
                        seen[key] = row
        total = sum(weights.values()) or 1.0
        made = []
        for key, row in seen.items():
            said = sum(weights[word] for word in key) / total
            made.append(Candidate(row.code, DEFAULT, said + BONUS, said, 1.0, -1, row, key))
        return made

    def _lexical(self, words: list[str], weights: dict[str, float]) -> list[Candidate]:
        """Rows of the index for a problem, the best one of each concept."""
        rows = [row for row, _ in self.index.search(words)]
        total = sum(weights.values()) or 1.0
        best: dict[int, Candidate] = {}
        for row in rows:
            has = self.index.words_of(row)
            common = frozenset(word for word in words if word in has)
            mass = sum(weights[word] for word in common)
            extra = sum(
                self.index.weight(word) * (GENERIC_WEIGHT if word in GENERIC else 1.0)
                for word in has - common
                if word not in FREE
            )
            said = mass / total
            supported = mass / (mass + extra) if mass else 0.0
            quality = said * supported**0.5
            at = int(self.index.owner[row])
            concept = self.index.concepts[at]
            code = next(iter(concept.sides.values()))
            made = Candidate(code, LEXICAL, quality, said, supported, at, None, common)
            if at not in best or made.quality > best[at].quality:
                best[at] = made
        return list(best.values())
