"""Which side of the body a problem is on."""

import re
from collections.abc import Sequence, Set
from typing import Final

from ml.coding import sections as kinds
from ml.coding.problems import Problem
from ml.coding.sections import Section
from ml.coding.tables import rows, words_named
from ml.coding.words import SIDES, bag, content, tokens

BODY: Final = "knee|hip|shoulder|ankle|wrist|elbow|foot|hand|eye|ear|leg|arm|breast|thumb|kidney"
SIDE: Final = re.compile(
    rf"\b(right|left|bilateral(?:ly)?|both|rt|lt|[rl]\.?(?=\s+(?:{BODY})))\b", re.IGNORECASE
)
BOTH: Final = re.compile(
    r"\b(?:right and left|left and right|left (?:greater|worse|more) than (?:the )?right|right "
    r"(?:greater|worse|more) than (?:the )?left)\b",
    re.IGNORECASE,
)
NAMES: Final = {"rt": "right", "lt": "left", "r": "right", "l": "left", **SIDES}
NOT_SIDE: Final = re.compile(
    r"\b(?:(?:right|left)[- ](?:hand(?:ed)?[- ]?dominant|handed|now|away|ventric\w+|atri\w+|bundle|"
    r"heart|axis|main|anterior descending|sternal|lower quadrant|upper quadrant|coronary)"
    r"|all right|(?:was|has|have|had|he|she) left|left (?:with|the|for|on|untreated|in|against))\b",
    re.IGNORECASE,
)
SITES: Final = frozenset(words_named("sided-sites").split())
PARTS: Final = {part: frozenset(names.split()) for part, names in rows("body_parts")}
ORDER: Final = (
    (kinds.ASSESSMENT, kinds.PLAN, kinds.PROBLEMS),
    (kinds.COMPLAINT,),
    (kinds.PRESENT, kinds.RESULTS, kinds.EXAM, kinds.OTHER),
)
BEHIND: Final = 3
"""Words after a side among which the part of the body stands."""
REACH: Final = 60


class Sides:
    """The side words of one note, read once.

    Parameters
    ----------
    text : str
    parts : list of Section
    """

    def __init__(self, text: str, parts: list[Section]) -> None:
        self._parts = parts
        self._places: list[tuple[str, int, frozenset[str]]] = []
        for part in parts:
            for side, place in _sides(text, part.start, part.end):
                after = tokens(text, place, min(part.end, place + REACH))[1 : 1 + BEHIND]
                self._places.append((side, place, frozenset(content(after))))

    def of(self, problem: Problem, display: str) -> str:
        """Right, left, bilateral or empty.

        The problem's own words count first, then its line, its block, then sentences of the note that
        name the same part of the body beside a side.

        Parameters
        ----------
        problem : Problem
        display : str
            Title of the code that the problem was matched with; it names the part of the body.
        """
        for start, end in ((problem.start, problem.end), _span(problem)):
            sides = {side for side, place, _ in self._places if start <= place < end}
            if sides:
                return "bilateral" if {"right", "left"} <= sides else _one(sides)
        named = (set(problem.words) & SITES) or (set(bag(display)) & SITES)
        sites = {part for site in named for part in PARTS.get(site, {site})}
        near = self._near(*problem.mention.block, sites or SITES)
        if near or not sites:
            return near
        for wanted in ORDER:
            found = {
                self._near(part.start, part.end, sites)
                for part in self._parts
                if part.kind in wanted
            }
            one = _one(found - {""})
            if one:
                return one
        return ""

    def only_on(self, side: str, sites: Set[str], wanted: Sequence[str]) -> int | None:
        """Where a section names a part of the body on this side and on no other; None when none does.

        Parameters
        ----------
        side : str
        sites : set of str
            Words of the part of the body.
        wanted : sequence of str
            Kinds of the sections that are looked at.
        """
        for part in self._parts:
            near = {
                name: place
                for name, place, words in reversed(self._places)
                if part.kind in wanted and part.start <= place < part.end and words & sites
            }
            if near.keys() == {side}:
                return near[side]
        return None

    def _near(self, start: int, end: int, sites: Set[str]) -> str:
        """The side that stands before a part of the body, when all such places agree."""
        found = {
            side for side, place, words in self._places if start <= place < end and words & sites
        }
        return "bilateral" if "bilateral" in found else _one(found)


def _span(problem: Problem) -> tuple[int, int]:
    """The line that names a problem."""
    return problem.mention.start, problem.mention.end


def _sides(text: str, start: int, end: int) -> list[tuple[str, int]]:
    """Side words with their places."""
    barred = [match.span() for match in NOT_SIDE.finditer(text, start, end)]
    found = [("bilateral", match.start()) for match in BOTH.finditer(text, start, end)]
    return found + [
        (NAMES[match.group(1).lower().rstrip(".")], match.start())
        for match in SIDE.finditer(text, start, end)
        if not any(a <= match.start() < b for a, b in barred)
    ]


def _one(named: set[str]) -> str:
    """The side when all agree; right and left together are no answer."""
    return next(iter(named)) if len(named) == 1 else ""
