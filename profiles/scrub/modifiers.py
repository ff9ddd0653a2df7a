"""Modifiers of lines: well formed, at most four, not against each other (X12 837 SV101; CMS manuals)."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from profiles.scrub.claim_view import ClaimView, Line
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found

MOST: Final = 4
_FORM: Final = re.compile(r"[A-Z0-9]{2}")
_AGAINST: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("26", "TC"),  # professional and technical part together are the whole service
        ("50", "LT"),  # both sides, or one
        ("50", "RT"),
        ("54", "55"),  # surgical care only, postoperative management only
        ("62", "66"),  # two surgeons, a team
        ("62", "80"),
        ("80", "81"),
        ("80", "82"),
        ("81", "82"),
    )
)
_EVALUATION: Final = (("92002", "92014"), ("99202", "99499"))
"""Numbers of evaluation and management services: eye visits and E/M."""
_VISITS: Final = frozenset({"G0101", "G0344", "G0402", "G0438", "G0439", "G0463", "S0610", "S0612"})
"""HCPCS numbers of visits and examinations beside them."""


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Modifiers that are malformed, repeated, too many or contradictory."""
    for line in view.lines:
        if line.modifiers:
            yield from _line(line)


def _line(line: Line) -> Iterator[Finding]:
    place = f"{line.at}.modifier"
    if len(line.modifiers) > MOST:
        yield found("modifier-too-many", f"a line carries at most {MOST} modifiers", place)
    for at, modifier in enumerate(line.modifiers):
        if not _FORM.fullmatch(modifier):
            yield found(
                "modifier-invalid", "a modifier is two capital letters or digits", f"{place}[{at}]"
            )
    given = frozenset(line.modifiers)
    if len(given) < len(line.modifiers):
        yield found("modifier-repeated", "a modifier stands once on a line", place)
    for one, other in combinations(sorted(given), 2):
        if frozenset((one, other)) in _AGAINST:
            yield found(
                "modifier-conflict", f"modifiers {one} and {other} contradict each other", place
            )
    if "25" in given and line.code and not is_evaluation(line.code):
        yield found(
            "modifier-25-not-evaluation",
            "modifier 25 belongs to an evaluation and management service",
            place,
        )


def is_evaluation(code: str) -> bool:
    """Whether a number is that of an evaluation and management service."""
    return code in _VISITS or any(low <= code <= high for low, high in _EVALUATION)
