"""Words of clinical text in one canonical form, with the offsets that they had.

Notes say "renal calculi", the tabular list says "calculus of kidney", the index says "Stone, kidney":
all three
become the same bag of words here. The synonyms and abbreviations are our own tables in ``terminology``.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from ml.coding.tables import words_named
from terminology.default_terms import abbreviations, synonyms

WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019]s\b)?|\d+(?:\.\d+)?(?:[abAB]\b)?", re.UNICODE)
ROMAN: Final = {
    numeral + letter: number + letter
    for numeral, number in (("i", "1"), ("ii", "2"), ("iii", "3"), ("iv", "4"), ("v", "5"))
    for letter in ("", "a", "b", "c")
}
COUNTED: Final = {
    "type": "type",
    "stage": "stage",
    "grade": "grade",
    "class": "class",
}
"""Words that make one word with the number after them: stage 3 and stage III are ``stage3``."""
STOP: Final = frozenset(words_named("stop").split())
SIDES: Final = {
    "right": "right",
    "left": "left",
    "bilateral": "bilateral",
    "bilaterally": "bilateral",
    "both": "bilateral",
}


CASED: Final = frozenset(words_named("cased").split())
"""Abbreviations that are also English words or titles in small letters."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text: its canonical forms, and where it stands.

    Parameters
    ----------
    words : tuple of str
        Canonical words; more than one when an abbreviation was spelled out.
    start, end : int
        Offsets in the text that was read.
    raw : str
        As written, in lower case.
    """

    words: tuple[str, ...]
    start: int
    end: int
    raw: str


@cache
def words_digest() -> str:
    """SHA-256 of the tables that make words canonical; an index built with others is of no use."""
    tables = (sorted(synonyms().items()), sorted(abbreviations().items()))
    return hashlib.sha256(json.dumps(tables).encode()).hexdigest()


def singular(word: str) -> str:
    """A word without its English plural ending."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=65536)
def canonical(raw: str) -> tuple[str, ...]:
    """The canonical words of one written word in lower case."""
    raw = raw.removesuffix("'s")
    spelled = abbreviations().get(raw)
    if spelled:
        return tuple(word for token in tokens(spelled) for word in token.words)
    return _synonym(raw)


def _synonym(raw: str) -> tuple[str, ...]:
    """One word through the synonyms, then its singular through them."""
    table = synonyms()
    found = table.get(raw) or table.get(singular(raw))
    return tuple(singular(word) for word in found.split()) if found else (singular(raw),)


def tokens(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Every word of a text between two offsets, in order."""
    found: list[Token] = []
    for match in WORD.finditer(text, start, len(text) if end is None else end):
        raw = match.group().lower().replace("\u2019", "'")
        counted = COUNTED.get(found[-1].raw) if found else None
        number = ROMAN.get(raw, raw)
        if counted and number[0].isdigit():
            found[-1] = Token((), found[-1].start, found[-1].end, found[-1].raw)
            found.append(Token((counted + number,), match.start(), match.end(), raw))
        elif raw in CASED and not _shouted(text, match):
            found.append(Token((raw,), match.start(), match.end(), raw))
        else:
            found.append(Token(canonical(raw), match.start(), match.end(), raw))
    return _contracted(found)


def _shouted(text: str, match: re.Match[str]) -> bool:
    """Whether a word stands in capitals and is no title (``MS. SMITH``)."""
    title = match.group() == "MS" and text[match.end() : match.end() + 1] == "."
    return match.group().isupper() and not title


def _contracted(found: list[Token]) -> list[Token]:
    """Phrases of several words that the synonyms treat as one, joined."""
    table = _phrases()
    joined: list[Token] = []
    at = 0
    while at < len(found):
        size = next((n for n in (3, 2) if _raw(found, at, n) in table), 1)
        if size == 1:
            joined.append(found[at])
        else:
            words = tuple(singular(word) for word in table[_raw(found, at, size)].split())
            raw = _raw(found, at, size)
            joined.append(Token(words, found[at].start, found[at + size - 1].end, raw))
        at += size
    return joined


def _raw(found: list[Token], at: int, size: int) -> str:
    """The written words from one place on; empty past the end."""
    return " ".join(token.raw for token in found[at : at + size]) if at + size <= len(found) else ""


@cache
def _phrases() -> dict[str, str]:
    """Synonyms of more than one word."""
    return {key: value for key, value in synonyms().items() if " " in key}


def content(found: list[Token]) -> list[str]:
    """The canonical words that carry meaning: no stop words, no sides."""
    return [
        word
        for token in found
        if token.raw not in STOP and token.raw not in SIDES
        for word in token.words
        if word not in STOP
    ]


def bag(text: str) -> frozenset[str]:
    """The set of canonical content words of a text."""
    return frozenset(content(tokens(text)))
