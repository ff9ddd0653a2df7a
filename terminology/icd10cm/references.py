"""Reads the code references in the notes of ICD-10-CM: lists, ranges, "-" for all below, classes.

"(O24.4-)", "(C00-C96)", "(I70.2--I70.7-)", "(E08-E13 with .62-)", "(S42.- with 7th character B or C)",
"(T36-T50 with fifth or sixth character 5)". Only what the tabular list itself writes is read; a class that is
described in words alone ("to indicate intent") leaves the reference without a condition and marks it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from terminology.icd10cm.codes import CATEGORY, FULL, PLACEHOLDER, flat

_CODE: Final = r"[A-Z](?:\d[0-9A-Z]|[A-Z]\d)(?:\.[0-9A-Z]{1,4})?"
_ENDS: Final = r"(?![0-9A-Za-z])(?P<{}>\.?-|\.(?=[ ,)]))?"
_REFERENCE: Final = re.compile(
    rf"(?<![0-9A-Za-z.])(?P<first>{_CODE})"
    + _ENDS.format("below")
    + rf"(?:\s*(?:-|\bto\b|(?<=-))\s*(?P<last>{_CODE})(?![0-9A-Za-z])(?:\.?-)?)?"
)
_WITH: Final = re.compile(r",?\s*\bwith (?P<what>[^)]*)", re.IGNORECASE)
_ORDINALS: Final = {
    "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "six": 6, "sixth": 6, "6th": 6, "seventh": 7, "7th": 7,
}  # fmt: skip
_POSITION: Final = re.compile(
    rf"(?P<one>{'|'.join(_ORDINALS)})(?:[ -](?P<join>or|to) (?P<two>{'|'.join(_ORDINALS)}))?[ -]"
    r"characters? (?P<values>\.?[0-9A-Z].*)"
)
_FINAL: Final = re.compile(r"(?:final characters? )?(?P<values>[.-]?[0-9A-Z][-0-9A-Z., or]*)$")
_VALUE: Final = re.compile(r"[.-]?([0-9A-Z]+)(?:-\.?([0-9A-Z]+))?")


@dataclass(frozen=True, slots=True)
class Condition:
    """Which characters a code of the reference must have besides.

    Parameters
    ----------
    place : str
        ``after`` the dot, at the ``end``, at one ``position`` or at the last of two that is not X.
    position, width : int
        First character that is looked at, counted from 1 without the dot, and how many.
    values : tuple of (str, str)
        Ranges, inclusive; one value is a range of itself.
    """

    place: str
    values: tuple[tuple[str, str], ...]
    position: int = 0
    width: int = 1

    def fits(self, code: str) -> bool:
        """Whether a code without its dot has the characters."""
        return any(
            low <= self._looked_at(code, len(low))[: len(low)] <= high for low, high in self.values
        )

    def _looked_at(self, code: str, width: int) -> str:
        if self.place == "after":
            return code[CATEGORY:]
        if self.place == "end":
            return code[: FULL - 1].rstrip(PLACEHOLDER)[-width:]
        start = self.position - 1
        if self.place == "either" and code[start + 1 : start + 2] not in ("", PLACEHOLDER):
            start += 1
        return code[start : start + self.width]


@dataclass(frozen=True, slots=True)
class Reference:
    """A range of codes without their dots, each end with everything below it.

    ``inexact`` says that the note narrows the range in words that are not read.
    """

    first: str
    last: str
    condition: Condition | None = None
    inexact: bool = False

    def matches(self, code: str) -> bool:
        """Whether a code, with or without its dot, is meant."""
        plain = flat(code)
        within = self.first <= plain and plain[: len(self.last)] <= self.last
        return within and (self.condition is None or self.condition.fits(plain))


@lru_cache(maxsize=20_000)
def parse_references(note: str) -> tuple[Reference, ...]:
    """Every code reference of a note, in order."""
    found: list[Reference] = []
    for part in _parts(note):
        found += _references(part)
    return tuple(found)


def _parts(note: str) -> list[str]:
    """The note cut after each bracket: a condition reaches back to the start of its own bracket."""
    return re.split(r"(?<=\))|(?=\()", note)


def _references(part: str) -> list[Reference]:
    read: list[Reference] = []
    at = 0
    plain: list[tuple[str, str]] = []
    while match := _REFERENCE.search(part, at):
        first = flat(match["first"])
        plain.append((first, flat(match["last"] or first)))
        at = match.end()
        narrowed = _WITH.match(part, at)
        if narrowed is not None and plain:
            condition = _condition(narrowed["what"].strip())
            read += [Reference(*one, condition, condition is None) for one in plain]
            plain = []
            at = narrowed.end()
    return read + [Reference(*one) for one in plain]


def _condition(text: str) -> Condition | None:
    position = _POSITION.match(text)
    if position is not None:
        one = _ORDINALS[position["one"]]
        two = _ORDINALS.get(position["two"] or "", one)
        values = _values(position["values"])
        if position["join"] == "or":
            return Condition("either", values, one)
        return Condition("position", values, one, two - one + 1)
    final = _FINAL.match(text)
    if final is None:
        return None
    written = final["values"]
    at_the_end = text.startswith("final") and not written.startswith(".")
    return Condition("end" if at_the_end else "after", _values(written))


def _values(text: str) -> tuple[tuple[str, str], ...]:
    listed = re.split(r"\s*(?:,|\bor\b|\band\b|\.\s)\s*", text.strip())
    matches = [_VALUE.match(one) for one in listed if one]
    return tuple((m[1], m[2] or m[1]) for m in matches if m is not None)
