"""Full text of resources, and what is looked for in it (R4 search.html, ``_text`` and ``_content``).

``_text`` is about the narrative, ``_content`` about everything that a resource says. A word is a run of
letters and digits, without accents and case. In an expression, all words that stand beside each other must
be there; ``AND``, ``OR``, ``NOT`` (in any case, as R4's own example has them), parentheses,
``"words in this order"`` and ``beginn*`` are understood.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from profiles.search.values import folded

LONGEST_WORD: Final = 64
"""Characters of a word that count."""
MOST_BYTES: Final = 1 << 18
"""Bytes of the text of one resource whose words are indexed."""
MOST_WORDS: Final = 64
"""Words of one expression."""
DEEPEST: Final = 16
"""Parentheses inside each other."""

_ALONE: Final = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}]+")
"""A run of letters and digits; a character of Chinese or Japanese, where no space parts the words."""
_TAG: Final = re.compile(r"<[^>]*>")
_BINARY: Final = frozenset({"data", "valueBase64Binary"})
"""Members that hold bytes or samples: no words (R4 datatypes.html#base64Binary, #SampledData)."""
_PIECE: Final = re.compile(r'\s*(?:(?P<sign>[()])|"(?P<quoted>[^"]*)"|(?P<bare>[^\s()"]+))')


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order; ``open`` when the last one is only the beginning of a word."""

    words: tuple[str, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """Every part, and none of the ``but``."""

    parts: tuple["Expression", ...]
    but: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts."""

    parts: tuple["Expression", ...]


Expression = Phrase | Every | Either


def narrative_words(resource: Mapping[str, Any]) -> list[str]:
    """The words of the narrative, in their order."""
    text = resource.get("text")
    div = text.get("div") if isinstance(text, dict) else None
    return _bounded([_shown(div)]) if isinstance(div, str) else []


def content_words(resource: Mapping[str, Any]) -> list[str]:
    """The words of everything but the narrative, in their order."""
    found: list[str] = []
    for name, value in resource.items():
        if name not in ("resourceType", "text"):
            _gather(name, value, found)
    return _bounded(found)


def words_of(text: str) -> list[str]:
    """Words of a text, folded."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(folded(text))]


def _bounded(texts: list[str]) -> list[str]:
    text = " ".join(texts)
    if len(text) > MOST_BYTES // 4:
        text = text.encode()[:MOST_BYTES].decode(errors="ignore")
    return words_of(text)


def _shown(div: str) -> str:
    return unescape(_TAG.sub(" ", div))


def _gather(name: str, value: Any, found: list[str]) -> None:
    kind = type(value)
    if kind is str:
        if name not in _BINARY:
            found.append(_shown(value) if name == "div" else value)
    elif kind is dict:
        for inner_name, inner in value.items():
            _gather(inner_name, inner, found)
    elif kind is list:
        for inner in value:
            _gather(name, inner, found)
    elif kind is int or kind is float:
        found.append(repr(value))


def parse(text: str, name: str) -> Expression:
    """What an expression asks for.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when there is no word, an operator has nothing to work on or a parenthesis or a quotation
        has no end; ``too-costly`` when there are too many words.
    """
    reading = _Reading(_pieces(text, name), name)
    found = reading.either(0)
    if reading.pieces:
        raise OperationOutcomeError("invalid", "a parenthesis is closed that is not open", name)
    return found


def _pieces(text: str, name: str) -> list[tuple[str, str]]:
    """Kind and text of each piece, in reverse: signs, operators, quotations and words."""
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _PIECE.match(text, at)
        if match is None:
            raise OperationOutcomeError("invalid", "a quotation has no end", name)
        at, kind = match.end(), str(match.lastgroup)
        piece = match[kind]
        if kind == "bare" and piece.lower() in _OPERATORS:
            kind = "operator"
        if kind in ("bare", "quoted") and not words_of(piece):
            continue
        found.append((kind, piece))
    if len(found) > MOST_WORDS:
        raise OperationOutcomeError("too-costly", f"more than {MOST_WORDS} words", name)
    return found[::-1]


_OPERATORS: Final = frozenset({"and", "or", "not"})


class _Reading:
    """A descent through the pieces; ``OR`` binds less than ``AND`` and words side by side."""

    def __init__(self, pieces: list[tuple[str, str]], name: str) -> None:
        self.pieces = pieces
        self._name = name

    def either(self, depth: int) -> Expression:
        """Parts joined by ``OR``."""
        parts = [self._every(depth)]
        while self._take("operator", "or"):
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _every(self, depth: int) -> Expression:
        """Parts side by side, or joined by ``AND``."""
        parts: list[Expression] = []
        but: list[Expression] = []
        while True:
            negated = self._negated()
            (but if negated else parts).append(self._one(depth))
            joined = self._take("operator", "and")
            if not joined and not self._goes_on():
                break
        return parts[0] if len(parts) == 1 and not but else Every(tuple(parts), tuple(but))

    def _negated(self) -> bool:
        found = False
        while self._take("operator", "not"):
            found = not found
        return found

    def _one(self, depth: int) -> Expression:
        if not self.pieces:
            raise OperationOutcomeError("invalid", "a word is missing", self._name)
        kind, text = self.pieces.pop()
        if (kind, text) == ("sign", "("):
            if depth == DEEPEST:
                raise OperationOutcomeError("too-costly", "too many parentheses", self._name)
            found = self.either(depth + 1)
            if not self._take("sign", ")"):
                raise OperationOutcomeError("invalid", "a parenthesis is not closed", self._name)
            return found
        if kind in ("sign", "operator"):
            raise OperationOutcomeError("invalid", "a word is missing", self._name)
        return Phrase(tuple(words_of(text)), kind == "bare" and text.endswith("*"))

    def _goes_on(self) -> bool:
        """Whether another part stands beside."""
        if not self.pieces:
            return False
        kind, text = self.pieces[-1]
        return (kind, text) != ("sign", ")") and (kind != "operator" or text.lower() == "not")

    def _take(self, kind: str, text: str) -> bool:
        if self.pieces and self.pieces[-1][0] == kind and self.pieces[-1][1].lower() == text:
            self.pieces.pop()
            return True
        return False
