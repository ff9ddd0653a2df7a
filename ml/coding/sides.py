"""Which side of the body a problem is on."""

import re
from typing import Final

from ml.coding import sections as kinds
from ml.coding.problems import Problem
from ml.coding.sections import Section
from ml.coding.words import SIDES, content, tokens

SIDE: Final = re.compile(r"\b(right|left|bilateral(?:ly)?|both|rt|lt|r\.?(?=\s+(?:knee|hip|shoulder|ankle|wrist|elbow|foot|hand))|l\.?(?=\s+(?:knee|hip|shoulder|ankle|wrist|elbow|foot|hand)))\b", re.IGNORECASE)
BOTH: Final = re.compile(r"\b(?:right and left|left and right|left greater than right|right greater than left)\b", re.IGNORECASE)
NAMES: Final = {"rt": "right", "lt": "left", "r": "right", "l": "left", **SIDES}
NOT_SIDE: Final = re.compile(r"\b(?:(?:right|left)[- ](?:hand(?:ed)?[- ]?dominant|handed|now|away|ventric\w+|atri\w+|bundle|heart|axis|main|anterior descending)|all right|(?:was|has|have|had|he|she) left|left (?:with|the|for|on|untreated|in|against))\b", re.IGNORECASE)
SITES: Final = frozenset(
    "knee hip shoulder ankle wrist elbow foot hand finger thumb toe leg arm eye ear breast kidney lung testis ovary thigh calf forearm rib heel hamstring "
    "humerus femur tibia fibula radius ulna clavicle scapula patella achilles meniscus rotator carotid heel groin cheek ureter".split()
)


def _sides(text: str, start: int, end: int) -> list[tuple[str, int]]:
    """Side words with their places."""
    barred = [match.span() for match in NOT_SIDE.finditer(text, start, end)]
    found = [("bilateral", match.start()) for match in BOTH.finditer(text, start, end)]
    for match in SIDE.finditer(text, start, end):
        if any(a <= match.start() < b for a, b in barred):
            continue
        found.append((NAMES[match.group(1).lower().rstrip(".")], match.start()))
    return found


def _one(sides: list[str]) -> str:
    """The side when all agree; right and left together are no answer."""
    named = set(sides)
    return named.pop() if len(named) == 1 else ""


def side_for(text: str, parts: list[Section], problem: Problem) -> str:
    """Right, left, bilateral or empty.

    The problem's own words count first, then its line, its block, then sentences of the note that name the same part of the body
    beside a side.
    """
    for start, end in ((problem.start, problem.end), (problem.mention.start, problem.mention.end)):
        sides = [side for side, _ in _sides(text, start, end)]
        if sides:
            return "bilateral" if {"right", "left"} <= set(sides) else _one(sides)
    sites = (set(problem.words) & SITES) or {"*"}
    near = _near(text, *problem.mention.block, sites)
    if near:
        return near
    for wanted in ((kinds.ASSESSMENT, kinds.PLAN), (kinds.COMPLAINT,), (kinds.PRESENT, kinds.RESULTS, kinds.EXAM)):
        sides = [_near(text, part.start, part.end, sites) for part in parts if part.kind in wanted]
        one = _one([side for side in sides if side])
        if one:
            return one
    return ""


def _near(text: str, start: int, end: int, sites: set[str]) -> str:
    """The side that stands within three words before a part of the body, when all such places agree."""
    found = []
    read = tokens(text, start, end)
    for side, place in _sides(text, start, end):
        after = [token for token in read if token.start > place][:4]
        words = set(content(after))
        if words & sites or ("*" in sites and words & SITES):
            found.append(side)
    if "bilateral" in found and len(set(found)) > 1:
        found = [side for side in found if side != "bilateral"] or found
    return _one(found)
