"""Sides that a note contradicts: assessed on the left, complained of or treated on the right."""

import re
from typing import Final

from ml.coding import sections as kinds
from ml.coding.found import Found, cite
from ml.coding.index import Release
from ml.coding.problem_codes import NoteText
from ml.coding.sides import SITES
from ml.coding.words import bag
from profiles.coding_records import CodingRemark, Evidence

OTHER: Final = {"left": "right", "right": "left"}
SIDE: Final = re.compile(r"\b(left|right)\b")
NAMED: Final = re.compile(r"\S*\w(?:[ \t]+[\w'-]+){0,3}")
LOOKED_AT: Final = (kinds.COMPLAINT, kinds.PLAN, kinds.PROCEDURE)
"""An examination or a history also tells of the side that is well."""


def contradicted(read: NoteText, found: list[Found], release: Release) -> list[CodingRemark]:
    """A question for each code whose part of the body the note names on the other side alone.

    Parameters
    ----------
    read : NoteText
    found : list of Found
        What the note's codes are, those of which nobody doubts.
    release : Release
        Says which side a code is of.
    """
    sided = [(one, *_side(one, read, release)) for one in found]
    known = {(side, site) for _, side, sites in sided for site in sites}
    made: dict[str, CodingRemark] = {}
    for one, side, sites in sided:
        if not side or any((OTHER[side], site) in known for site in sites):
            continue
        place = read.sides.only_on(OTHER[side], sites, LOOKED_AT)
        if place is not None:
            made.setdefault(one.code, _asked(read, one, place))
    return list(made.values())


def _side(one: Found, read: NoteText, release: Release) -> tuple[str, frozenset[str]]:
    """The side of a code and the parts of the body that its words name; nothing for one of no side."""
    sides = set(SIDE.findall(release.get(one.code).display.lower()))
    span = one.spans[0]
    sites = frozenset(bag(read.note.text[span.start : span.end])) & SITES
    return (sides.pop(), sites) if len(sides) == 1 and sites else ("", frozenset())


def _end(text: str, place: int) -> int:
    """Where the few words that begin with a side end."""
    named = NAMED.match(text, place)
    return named.end() if named else place


def _asked(read: NoteText, one: Found, place: int) -> CodingRemark:
    said = "The note names the other side as well: which side is affected?"
    span = one.spans[0]
    evidence = [
        Evidence(read.note.document, start, end, read.note.text[start:end], section)
        for start, end, section in (
            (span.start, span.end, span.section),
            (place, _end(read.note.text, place), ""),
        )
    ]
    return CodingRemark("query", said, (one.code,), tuple(evidence), cite("I.B.13", "Laterality."))
