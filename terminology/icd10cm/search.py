"""Ranked search over titles, inclusion and index terms, and our default terms.

Abbreviations are spelled out first. FTS5 finds candidates by the rarer words of the query (BM25, Porter
stems): words that stand in thousands of titles cost most of the time and tell little. The candidates are then
ranked by how much of the query a term has and how much of the term the query has, each word by its rarity.
Nonessential modifiers, which stand in parentheses (guideline I.A.7), count little where the query lacks them.

Of 50 names of common problems BM25 alone puts the right category first for 32, this ranking for 44, and with
our default terms for all 50.
"""

import math
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import apsw

from terminology.default_terms import abbreviations

_WORD: Final = re.compile(r"[^\W_]+")
_MODIFIER: Final = re.compile(r"\([^()]*\)")
_COMMON: Final = (
    "a an and are as at be by for from has have in into is it its of on or other that the their this to was"
    " were which while with without unspecified specified site not nos nec due elsewhere classified"
)
_MINOR: Final = 0.15
"""What a common word counts."""
_NONESSENTIAL: Final = 0.03
"""What a modifier counts that the query lacks."""
_FREQUENT: Final = 3000
"""Terms with a word from which it is not used to find candidates."""
_CANDIDATES: Final = 100
_MOST_WORDS: Final = 32
_COMPLETIONS: Final = 8
_SHORTEST_PREFIX: Final = 3
_CACHED: Final = 4096

_TOKENIZER: Final = ("porter", ["unicode61", "remove_diacritics", "2"])
_BY_WORDS: Final = (
    "SELECT code.code, term.text, term.kind FROM"
    " (SELECT rowid, rank FROM word WHERE word MATCH ? ORDER BY rank LIMIT ?) AS found"
    " JOIN term ON term.id=found.rowid JOIN code ON code.id=term.code ORDER BY rank"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A code that fits a text, by which of its terms, and how well (0 to 1)."""

    code: str
    score: float
    term: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the query: stems that satisfy it, what it counts, and how FTS5 is asked for it."""

    stems: frozenset[str]
    weight: float
    documents: int
    query: str


class Search:
    """Searches one release; what it remembers of words is shared by all threads.

    Parameters
    ----------
    connection : callable
        Gives the calling thread's connection on its compiled file.
    """

    def __init__(self, connection: Callable[[], Any]) -> None:
        self._connection = connection
        self._local = threading.local()
        self._size = connection().execute("SELECT count(*) FROM term").fetchone()[0]
        self._documents = lru_cache(maxsize=_CACHED)(self._counted)
        self._stems = lru_cache(maxsize=_CACHED)(self._stemmed)
        self._common = frozenset(self._stems(_COMMON))

    def __call__(self, text: str, limit: int, *, typed: bool = False) -> list[Hit]:
        """The best codes for a text.

        Parameters
        ----------
        typed : bool
            Whether a person is typing: the last word may go on, and terms with every word are preferred to
            those with some.
        """
        words = self._words(text, typed)
        total = sum(word.weight for word in words)
        if not total or limit < 1:
            return []
        best: dict[str, Hit] = {}
        for code, term, kind in self._candidates(words, limit, typed):
            score = self._score(words, total, term)
            known = best.get(code)
            if known is None or known.score < score:
                best[code] = Hit(code, score, term, kind)
        return sorted(best.values(), key=lambda hit: -hit.score)[:limit]

    def _words(self, text: str, typed: bool) -> list[_Word]:
        spelled = (abbreviations().get(word, word) for word in _WORD.findall(text.lower()))
        listed = list(dict.fromkeys(_WORD.findall(" ".join(spelled))))[:_MOST_WORDS]
        found = [self._word(word, typed and word == listed[-1]) for word in listed]
        # A query of nothing but ordinary words is about them.
        rare = any(word.documents and word.weight > _MINOR for word in found)
        return [word for word in found if word.documents or not rare]

    def _word(self, word: str, goes_on: bool) -> _Word:
        """A word; one that is in no term, or may go on, stands for those that begin with it."""
        stems = frozenset(self._stems(word))
        documents = max(map(self._documents, stems), default=0)
        query = f'"{word}"'
        if (goes_on or not documents) and len(word) >= _SHORTEST_PREFIX:
            completed = dict(self._completions(word))
            stems |= frozenset(completed)
            documents = max(documents, *completed.values(), 0)
            query = f'("{word}" OR "{word}"*)'
        weight = self._rarity(documents) * (_MINOR if stems & self._common else 1)
        return _Word(stems, weight, documents, query)

    def _completions(self, start: str) -> Iterator[tuple[str, int]]:
        rows = self._connection().execute(
            "SELECT term, doc FROM vocabulary WHERE term>=? AND term<? ORDER BY doc DESC LIMIT ?",
            (start, start + "\U0010ffff", _COMPLETIONS),
        )
        return ((term, documents) for term, documents in rows)

    def _candidates(self, words: Sequence[_Word], limit: int, typed: bool) -> list[Any]:
        most = max(_CANDIDATES, 2 * limit)
        if typed:
            every = [word.query for word in words if not word.stems & self._common]
            found = self._found(" AND ".join(every or (word.query for word in words)), most)
            if found:
                return found
        rare = [
            word for word in words if word.documents < _FREQUENT and not word.stems & self._common
        ]
        return self._found(" OR ".join(word.query for word in rare or words), most)

    def _found(self, query: str, most: int) -> list[Any]:
        return list(self._connection().execute(_BY_WORDS, (query, most)))

    def _score(self, words: Sequence[_Word], total: float, term: str) -> float:
        """Mean of the share of the query that a term has and of the term that the query has."""
        whole = frozenset(self._stems(term))
        core = frozenset(self._stems(_MODIFIER.sub(" ", term))) if "(" in term else whole
        shared = [word for word in words if word.stems & whole]
        met = frozenset(stem for word in shared for stem in word.stems & whole)
        had = sum(word.weight for word in shared)
        spare = sum(
            self._weight(stem) * (1 if stem in core else _NONESSENTIAL) for stem in whole - met
        )
        return (had / total + had / (had + spare)) / 2 if had else 0.0

    def _weight(self, stem: str) -> float:
        return self._rarity(self._documents(stem)) * (_MINOR if stem in self._common else 1)

    def _rarity(self, documents: int) -> float:
        return math.log((self._size + 1) / (documents + 0.5))

    def _counted(self, stem: str) -> int:
        row = (
            self._connection()
            .execute("SELECT doc FROM vocabulary WHERE term=?", (stem,))
            .fetchone()
        )
        return row[0] if row else 0

    def _stemmed(self, text: str) -> tuple[str, ...]:
        tokens = getattr(self._local, "tokens", None)
        if tokens is None:
            tokens = self._connection().fts5_tokenizer(*_TOKENIZER)
            self._local.tokens = tokens
        flags = apsw.FTS5_TOKENIZE_DOCUMENT
        found = tokens(text.encode(), flags, None, include_offsets=False, include_colocated=False)
        return tuple(found)
