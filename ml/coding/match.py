"""From the words of a problem to the code that they mean: index defaults first, then the descriptions.

Every candidate is judged the same way. *Said* is the share of the problem's words that the candidate
accounts for;
*supported* is the share of the candidate's words that the problem says. A code that claims more than
the note does loses by
the second, a code that ignores what the note says by the first (guideline I.B.2: to the highest
documented specificity).
"""

from collections.abc import Set
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
WITHOUT: Final = "without"
SITES: Final = frozenset(words_named("sites").split())
FEWER: Final = 5
"""Soft words that are left out one at a time."""
SPECIFIC: Final = 0.6
"""Share of a more specific row that the problem must support."""
SOFT_WEIGHT: Final = 0.15
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
        self._parts: dict[str, frozenset[str]] = {}
        self._speller = Speller(word for key in defaults() for word in key)

    def weights(self, words: list[str]) -> dict[str, float]:
        """How much each word of a problem counts."""
        return {
            word: self.index.weight(word) * (SOFT_WEIGHT if _soft(word) else 1.0) for word in words
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
        denied = _denied(words)
        for word in denied:
            weights[word] *= SOFT_WEIGHT
        found = self._defaults(words, weights, denied)
        found += self._lexical(words, weights, denied, max(found, key=_quality, default=None))
        found.sort(key=lambda one: (-one.quality, one.kind != DEFAULT, one.code))
        return found[:limit]

    def _defaults(
        self, words: list[str], weights: dict[str, float], denied: Set[str]
    ) -> list[Candidate]:
        """Default terms among the windows of a problem, with and without its soft words."""
        hard = [word for word in words if not _soft(word)]
        fewer = [[word for word in words if word != soft] for soft in words if _soft(soft)]
        seen: dict[frozenset[str], DefaultTerm] = {}
        for chain in (words, hard, *fewer[:FEWER]):
            for begin in range(len(chain)):
                for end in range(begin + 1, min(len(chain), begin + longest()) + 1):
                    key = frozenset(chain[begin:end])
                    row = defaults().get(key)
                    if row is not None and (not key & denied or WITHOUT in key):
                        seen[key] = row
        total = sum(weights.values()) or 1.0
        made = []
        for key, row in seen.items():
            implied = self._implied(row.code)
            said = sum(weights[word] for word in words if word in key or word in implied) / total
            exact = 0.01 * sum(weights[word] for word in key) / total
            quality = said + BONUS + exact
            made.append(Candidate(row.code, DEFAULT, quality, said, 1.0, -1, row, key))
        return made

    def _implied(self, code: str) -> frozenset[str]:
        """Parts of the body and sides that the title of a code names: they add nothing to its term."""
        found = self._parts.get(code)
        if found is None:
            index = self.index
            at = index.by_code.get(code)
            if at is None:
                below = index.by_category.get(code[:3], ())
                at = next((x for x in below if _first(index, x).startswith(code)), None)
            named = bag(index.concepts[at].display) if at is not None else frozenset()
            found = self._parts[code] = named & SITES
        return found

    def _lexical(
        self,
        words: list[str],
        weights: dict[str, float],
        denied: Set[str],
        default: Candidate | None,
    ) -> list[Candidate]:
        """Rows of the index for a problem, the best one of each concept.

        A row of the default's own category that says more of the problem than the default does is
        preferred to it: the index leads to the category, the tabular list to the code (I.B.1).
        """
        total = sum(weights.values()) or 1.0
        title = self.index.title(default.code[:3]) if default else frozenset()
        best: dict[int, Candidate] = {}
        for row in [row for row, _ in self.index.search(words)]:
            has = self.index.words_of(row)
            common = frozenset(word for word in words if word in has)
            if common & denied and WITHOUT not in has:
                continue
            at = int(self.index.owner[row])
            code = _first(self.index, at)
            near = default is not None and code[:3] == default.code[:3]
            free = title if near else frozenset()
            mass = sum(weights[word] for word in common)
            extra = sum(
                self.index.weight(word) * (GENERIC_WEIGHT if word in GENERIC else 1.0)
                for word in has - common
                if word not in FREE and word not in free
            )
            said = mass / total
            supported = mass / (mass + extra) if mass else 0.0
            quality = said * supported**0.5
            if near and default is not None and supported >= SPECIFIC:
                more = common - default.words - self._implied(default.code)
                lost = default.words - has - free
                if any(not _soft(word) for word in more) and all(map(_soft, lost)):
                    quality = max(quality, default.quality + BONUS * said * supported)
            made = Candidate(code, LEXICAL, quality, said, supported, at, None, common)
            if at not in best or made.quality > best[at].quality:
                best[at] = made
        return list(best.values())


def _first(index: Index, concept: int) -> str:
    """The first code of a concept."""
    return next(iter(index.concepts[concept].sides.values()))


def _quality(candidate: Candidate) -> float:
    """What candidates are ranked by."""
    return candidate.quality


def _soft(word: str) -> bool:
    """Whether a word says little about which problem is meant: time, course, stage."""
    return word in SOFT or word.isdigit() or word.startswith(("stage", "grade", "class"))


def _denied(words: list[str]) -> frozenset[str]:
    """The words after "without": what the problem is said not to have."""
    if WITHOUT not in words:
        return frozenset()
    return frozenset(words[words.index(WITHOUT) + 1 :])
