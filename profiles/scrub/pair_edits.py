"""NCCI procedure-to-procedure edits: services of one day that are not paid together."""

from collections.abc import Iterator
from typing import Final

from profiles.scrub.claim_view import ClaimView, Line
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found
from terminology.ncci import PairEdits

_SITES: Final = (
    "E1 E2 E3 E4 FA F1 F2 F3 F4 F5 F6 F7 F8 F9 TA T1 T2 T3 T4 T5 T6 T7 T8 T9 LT RT LC LD LM RC RI"
)
_REASONS: Final = "24 25 27 57 58 59 78 79 91 XE XP XS XU"
ANATOMIC: Final = frozenset(_SITES.split())
BYPASSING: Final = ANATOMIC | frozenset(_REASONS.split())
"""NCCI PTP-associated modifiers (NCCI Policy Manual, chapter I, section E)."""
MOST_CODES: Final = 120
"""Codes of one day that are compared; more than a claim of 50 lines, or a hospital day, comes to."""


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Pairs of lines that an edit keeps apart, or keeps apart unless a modifier says why."""
    releases = tables.pairs.get(service_of(view, context))
    if releases is None or len(view.lines) < 2:
        return
    for day, lines in by_day(view).items():
        release = releases.on(day)
        if release is None or len(lines) < 2:
            continue
        codes = list(lines)
        if len(codes) > MOST_CODES:
            yield found(
                "ptp-not-checked",
                f"only the first {MOST_CODES} codes of a day are compared with each other",
                "Claim.item",
            )
        for column1 in codes[:MOST_CODES]:
            for column2 in codes[:MOST_CODES]:
                if column1 != column2:
                    yield from _pair(lines[column1], lines[column2], release, day)


def _pair(first: list[Line], second: list[Line], release: PairEdits, day: str) -> Iterator[Finding]:
    edit = release.edit(first[0].code, second[0].code, day)
    if edit is None:
        return
    source = f"NCCI PTP edits {release.version}: {edit.rationale}"
    for line in second:
        partner = next((one for one in first if not _bypassed(one, line)), None)
        if edit.indicator == "1" and partner is None:
            yield found(
                "ptp-bypassed",
                "a modifier says that the service was separate; the record has to show it",
                f"{line.at}.modifier",
                also=(first[0].at,),
                source=source,
            )
            continue
        rule = "ptp-modifier" if edit.indicator == "1" else "ptp"
        text = (
            "the service is paid beside the other only with an NCCI modifier that says why"
            if edit.indicator == "1"
            else "the service is not paid beside the other, whatever the modifier"
        )
        other = partner or first[0]
        yield found(rule, text, f"{line.at}.productOrService", also=(other.at,), source=source)


def _bypassed(one: Line, other: Line) -> bool:
    """Whether a modifier of either line sets them apart; the same place on both does not."""
    same_place = ANATOMIC.intersection(one.modifiers).intersection(other.modifiers)
    given = BYPASSING.intersection({*one.modifiers, *other.modifiers})
    return bool(given - same_place)


def by_day(view: ClaimView) -> dict[str, dict[str, list[Line]]]:
    """The lines of every day, by code; lines that took several days stand on their first."""
    days: dict[str, dict[str, list[Line]]] = {}
    for line in view.lines:
        if line.code and line.begins:
            days.setdefault(line.begins, {}).setdefault(line.code, []).append(line)
    return days


def service_of(view: ClaimView, context: ScrubContext) -> str:
    """Whose edits apply: the outpatient hospital's, practitioners', or nobody's for a stay."""
    if view.type != "institutional":
        return context.service or "practitioner"
    return "" if view.inpatient else "hospital"
