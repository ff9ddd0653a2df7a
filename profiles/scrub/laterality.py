"""Sides: one bilateral code instead of two, no unspecified side beside a stated one, modifiers that agree."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import Final

from profiles.scrub.claim_view import ClaimView, Diagnosis, Line
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.diagnosis_codes import MOST_COMPARED
from profiles.scrub.finding import Finding, found
from terminology.icd10cm.release import Release

_SIDES: Final = ("right", "left", "bilateral")
_SAYING_NOTHING: Final = frozenset(
    {*_SIDES, "unilateral", "unspecified", "side", "of", "in", "the", "and", "both"}
)
_WORD: Final = re.compile(r"[a-z0-9]+")
_MODIFIERS: Final = {"RT": "right", "LT": "left"}
BILATERAL: Final = "50"

_Sided = tuple[Diagnosis, str, frozenset[str]]


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Sides that contradict each other or say less than the claim knows."""
    day = view.service_date
    release = tables.diagnosis_codes(day) if day and view.in_order else None
    if release is None:
        return
    sided = [(one, *_side(one, release)) for one in view.in_order[:MOST_COMPARED]]
    for one, other in combinations(sided, 2):
        if one[2] and one[2] == other[2] and one[0].code[:3] == other[0].code[:3]:
            yield from _pair(one, other, release)
    sides = {one.sequence: side for one, side, _ in sided}
    for line in view.lines:
        yield from _modifiers(line, sides)


def _pair(one: _Sided, other: _Sided, release: Release) -> Iterator[Finding]:
    """Two codes whose titles differ in the side alone."""
    sides = {one[1], other[1]}
    if sides == {"right", "left"} and _has_bilateral(one, release):
        yield found(
            "laterality-both",
            "one code says that both sides are affected",
            one[0].at,
            also=(other[0].at,),
        )
    elif "" in sides and len(sides) == 2:
        unspecified, stated = (one, other) if one[1] == "" else (other, one)
        yield found(
            "laterality-unspecified",
            "another diagnosis of the claim says the side",
            unspecified[0].at,
            also=(stated[0].at,),
        )


def _has_bilateral(one: _Sided, release: Release) -> bool:
    code = release.get(one[0].code)
    above = {one[0].code[:3], *((code.parent,) if code is not None else ())}
    below = (child for parent in above for child in release.children(parent))
    said = map(side_of, (child.display for child in below))
    # The bilateral code may leave the site out that the others name: "right eye", "bilateral".
    return any(side == "bilateral" and words and words <= one[2] for side, words in said)


def _modifiers(line: Line, sides: dict[int | None, str]) -> Iterator[Finding]:
    claimed = {_MODIFIERS[one] for one in line.modifiers if one in _MODIFIERS}
    pointed = {sides.get(pointer, "") for pointer in line.pointers} - {""}
    other = len(claimed) == 1 and pointed and not pointed & {*claimed, "bilateral"}
    both = BILATERAL in line.modifiers and len(pointed) == 1 and "bilateral" not in pointed
    if other or both:
        yield found(
            "laterality-modifier",
            "the modifier says another side than the diagnoses that the line points to",
            f"{line.at}.modifier",
            also=(f"{line.at}.diagnosisSequence",),
        )


def _side(one: Diagnosis, release: Release) -> tuple[str, frozenset[str]]:
    code = release.get(one.code)
    return side_of(code.display) if code is not None else ("", frozenset())


@lru_cache(maxsize=20_000)
def side_of(display: str) -> tuple[str, frozenset[str]]:
    """The side that a title says (empty: none), and its other words.

    A title that names both sides, or says nothing of a site that has sides, has no side.
    """
    words = _WORD.findall(display.lower())
    sides = {word for word in words if word in _SIDES}
    side = sides.pop() if len(sides) == 1 else ""
    return side, frozenset(words) - _SAYING_NOTHING
