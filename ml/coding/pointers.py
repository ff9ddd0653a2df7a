"""Which diagnoses a line is for: those of its place and words first, in their sequence."""

import re
from collections.abc import Sequence
from typing import Final

from ml.coding.procedure_lines import Line
from profiles.coding_records import SUGGESTED, CodeSuggestion, Evidence

MOST_POINTERS: Final = 4
"""Diagnoses of one line (X12 837P SV107; CMS-1500 item 24E)."""
NEAR: Final = 600
_OWN: Final = 2
"""Nearness of a diagnosis that shares a word with the line or heads it: others nearby are not its reason."""

VACCINE: Final = ("vaccine", "vaccine administration")
IMMUNIZATION: Final = "Z23"
_WORD: Final = re.compile(r"[a-z]{4,}")
_COMMON: Final = frozenset(
    [
        "right",
        "left",
        "unspecified",
        "other",
        "with",
        "without",
        "initial",
        "encounter",
        "joint",
        "pain",
        "large",
        "medium",
        "small",
        "injection",
        "x-ray",
    ]
)


def pointers_of(line: Line, diagnoses: Sequence[CodeSuggestion], *, visit: bool) -> tuple[str, ...]:
    """The diagnoses that a line is for: those of its place and words first, in their sequence."""
    usable = [one for one in diagnoses if one.status == SUGGESTED]
    if visit:
        return tuple(one.code for one in usable[:MOST_POINTERS])
    if line.name.endswith(VACCINE):
        return tuple(one.code for one in usable if one.code == IMMUNIZATION)
    above = _above(line, usable)
    near = sorted(
        ((-_nearness(line, one) - (one is above), at, one.code) for at, one in enumerate(usable)),
        key=lambda one: one[:2],
    )
    closest = -near[0][0] if near else 0
    least = _OWN if closest >= _OWN else 1
    chosen = [code for nearness, _, code in near if -nearness >= least][:MOST_POINTERS]
    return tuple(chosen or [one.code for one in usable[:1]])


def _above(line: Line, usable: Sequence[CodeSuggestion]) -> CodeSuggestion | None:
    """The diagnosis that is named last before a line's evidence in the same section: its heading."""
    place = line.evidence[0]
    before = [
        (other.start, one)
        for one in usable
        for other in one.evidence
        if _is_near(place, other) and other.start <= place.start
    ]
    return max(before, key=lambda pair: pair[0])[1] if before else None


def _nearness(line: Line, diagnosis: CodeSuggestion) -> int:
    said = " ".join([line.name, *(place.text for place in line.evidence)]).lower()
    words = set(_WORD.findall(diagnosis.display.lower())) - _COMMON
    words |= {
        word for place in diagnosis.evidence for word in _WORD.findall(place.text.lower())
    } - _COMMON
    shared = len(words & set(_WORD.findall(said)))
    return 2 * min(shared, 2) + any(
        _is_near(a, b) for a in line.evidence for b in diagnosis.evidence
    )


def _is_near(a: Evidence, b: Evidence) -> bool:
    return a.document == b.document and a.section == b.section and abs(a.start - b.start) < NEAR
