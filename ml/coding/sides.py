"""Which side of the body a problem is on."""

import re
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
BEHIND: Final = 4


def _sides(text: str, start: int, end: int) -> list[tuple[str, int]]:
    """Side words with their places."""
    barred = [match.span() for match in NOT_SIDE.finditer(text, start, end)]
    found = [("bilateral", match.start()) for match in BOTH.finditer(text, start, end)]
    return found + [
        (NAMES[match.group(1).lower().rstrip(".")], match.start())
        for match in SIDE.finditer(text, start, end)
        if not any(a <= match.start() < b for a, b in barred)
    ]


def _one(sides: list[str]) -> str:
    """The side when all agree; right and left together are no answer."""
    named = set(sides)
    return named.pop() if len(named) == 1 else ""


def side_for(text: str, parts: list[Section], problem: Problem, display: str) -> str:
    """Right, left, bilateral or empty.

    The problem's own words count first, then its line, its block, then sentences of the note that
    name the same part of
    the body beside a side.

    Parameters
    ----------
    text : str
    parts : list of Section
    problem : Problem
    display : str
        Title of the code that the problem was matched with; it names the part of the body.
    """
    for start, end in ((problem.start, problem.end), (problem.mention.start, problem.mention.end)):
        sides = [side for side, _ in _sides(text, start, end)]
        if sides:
            return "bilateral" if {"right", "left"} <= set(sides) else _one(sides)
    named = (set(problem.words) & SITES) or (set(bag(display)) & SITES)
    sites = {part for site in named for part in PARTS.get(site, {site})}
    near = _near(text, *problem.mention.block, sites or set(SITES))
    if near or not sites:
        return near
    for wanted in ORDER:
        sides = [_near(text, part.start, part.end, sites) for part in parts if part.kind in wanted]
        one = _one([side for side in sides if side])
        if one:
            return one
    return ""


def _near(text: str, start: int, end: int, sites: set[str]) -> str:
    """The side that stands within a few words before a part of the body, when all such places agree."""
    found = []
    read = tokens(text, start, end)
    for side, place in _sides(text, start, end):
        after = [token for token in read if token.start > place][:BEHIND]
        if set(content(after)) & sites:
            found.append(side)
    if "bilateral" in found and len(set(found)) > 1:
        return "bilateral"
    return _one(found)
