"""Ranked search over titles, inclusion and index terms: FTS5 with stemming and BM25.

Ordinary words ("of", "unspecified") are left out of the query, as they are in nearly every title and cost
most of the time; what was left out still breaks ties.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

_WORD: Final = re.compile(r"[^\W_]+")
_COMMON: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "has",
        "have",
        "in",
        "into",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "other",
        "that",
        "the",
        "their",
        "this",
        "to",
        "was",
        "were",
        "which",
        "while",
        "with",
        "without",
        "unspecified",
        "specified",
        "due",
        "elsewhere",
        "classified",
    ]
)
_MOST_WORDS: Final = 32
_CANDIDATES: Final = 8


@dataclass(frozen=True, slots=True)
class Hit:
    """A code that fits a text, by which of its terms, and how well (greater is better)."""

    code: str
    score: float
    term: str
    kind: str


def search(connection: Any, text: str, limit: int) -> list[Hit]:
    """The best codes of a compiled release for a text."""
    words = list(dict.fromkeys(_WORD.findall(text.lower())))
    sought = [word for word in words if word not in _COMMON] or words
    if not sought or limit < 1:
        return []
    query = " OR ".join(f'"{word}"' for word in sought[:_MOST_WORDS])
    rows = connection.execute(
        "SELECT code.code, -rank, term.text, term.kind FROM"
        " (SELECT rowid, rank FROM word WHERE word MATCH ? ORDER BY rank LIMIT ?) AS found"
        " JOIN term ON term.id=found.rowid JOIN code ON code.id=term.code ORDER BY rank",
        (query, limit * _CANDIDATES),
    )
    best: dict[str, Hit] = {}
    for row in rows:
        best.setdefault(row[0], Hit(*row))
    return list(best.values())[:limit]
