"""Procedure codes and modifiers against HCPCS Level II and the site's list of CPT numbers."""

import re
from collections.abc import Iterator
from typing import Final

from profiles.scrub.claim_view import ClaimView, Line
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found
from terminology.procedures import ProcedureRelease

_LEVEL_II: Final = re.compile(r"[A-Z][0-9]{4}")
_LEVEL_I: Final = (
    "22 23 24 25 26 27 32 33 47 50 51 52 53 54 55 56 57 58 59 62 63 66 73 74 76 77 78 79 80 81 82 90 91 "
    "92 93 95 96 97 99 1P 2P 3P 8P P1 P2 P3 P4 P5 P6"
)
_CPT_MODIFIERS: Final = frozenset(_LEVEL_I.split())
"""Numbers of CPT modifiers (level I); those of level II are in the HCPCS file."""
_NOT_COVERED: Final = frozenset({"M", "S", "I"})
"""HCPCS coverage codes: not covered by Medicare, by statute, not payable."""
_NO_SPLIT: Final = frozenset("0234")
"""PC/TC indicators with which 26 and TC cannot be used (MPFS)."""
_NOT_BILATERAL: Final = frozenset("029")
"""Bilateral indicators with which 50 is not used (MPFS)."""


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Codes that are unknown or not in force, and modifiers that do not go with them."""
    for line in view.lines:
        day = line.begins or view.service_date
        if not day:
            continue
        hcpcs = tables.hcpcs.on(day) if tables.hcpcs is not None else None
        numbers = tables.cpt.on(day) if tables.cpt is not None else None
        if line.code and _LEVEL_II.fullmatch(line.code):
            if hcpcs is not None:
                yield from _level_ii(line, hcpcs, day)
        elif line.code and numbers is not None:
            yield from _number(line, numbers, day)
        if hcpcs is not None:
            yield from _modifiers(line, hcpcs, day)


def _level_ii(line: Line, release: ProcedureRelease, day: str) -> Iterator[Finding]:
    place, source = f"{line.at}.productOrService", f"CMS HCPCS file {release.version}"
    holds = release.holds(line.code, day)
    if holds is None:
        yield found("procedure-unknown", f"the code is not in the {source}", place, source=source)
    elif not holds:
        yield found("procedure-ended", "the code was not in force on the day", place, source=source)
    else:
        code = release.get(line.code)
        if code is not None and code.property("coverage") in _NOT_COVERED:
            yield found(
                "procedure-not-covered", "Medicare does not cover the code", place, source=source
            )


def _number(line: Line, release: ProcedureRelease, day: str) -> Iterator[Finding]:
    place = f"{line.at}.productOrService"
    code = release.get(line.code)
    if code is None:
        yield found("procedure-not-in-list", "the number is not in the site's list", place)
    elif not code.holds_on(day):
        yield found("procedure-ended", "the site's list does not have it on the day", place)
    else:
        given, place = set(line.modifiers), f"{line.at}.modifier"
        if code.property("pctc") in _NO_SPLIT and given & {"26", "TC"}:
            yield found("modifier-split", "the code has no professional and technical part", place)
        if code.property("bilateral") in _NOT_BILATERAL and "50" in given:
            yield found("modifier-bilateral", "the code is not reported with modifier 50", place)


def _modifiers(line: Line, release: ProcedureRelease, day: str) -> Iterator[Finding]:
    for at, modifier in enumerate(line.modifiers):
        if (
            len(modifier) == 2
            and modifier not in _CPT_MODIFIERS
            and not release.holds(modifier, day)
        ):
            yield found(
                "modifier-unknown",
                f"the modifier is no CPT modifier and not in the HCPCS file {release.version}",
                f"{line.at}.modifier[{at}]",
            )
