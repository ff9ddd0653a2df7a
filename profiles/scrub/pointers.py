"""Which diagnosis justifies which line."""

from collections.abc import Iterator
from typing import Final

from profiles.scrub.claim_view import ClaimView, Line
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found

MOST: Final = 4
"""Pointers that a line can carry (NUCC 1500 item 24E, X12 837P SV107)."""


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Pointers that are missing, too many, or lead nowhere; units and codes that are missing."""
    known = {one.sequence for one in view.diagnoses}
    for line in view.lines:
        yield from _pointers(line, view, known)
        if not line.has_code and not line.revenue:
            yield found(
                "procedure-not-coded",
                "the line has no procedure code",
                f"{line.at}.productOrService",
            )
        if line.units is not None and line.units <= 0:
            yield found("units-invalid", "units are above zero", f"{line.at}.quantity")


def _pointers(line: Line, view: ClaimView, known: set[int | None]) -> Iterator[Finding]:
    place = f"{line.at}.diagnosisSequence"
    if not line.pointers and view.type == "professional" and view.diagnoses:
        yield found("pointer-missing", "the line says no diagnosis that it was done for", place)
    if len(line.pointers) > MOST and view.type == "professional":
        yield found("pointer-too-many", f"a line points to at most {MOST} diagnoses", place)
    for at, pointer in enumerate(line.pointers):
        if pointer not in known:
            yield found(
                "pointer-dangling",
                "no diagnosis of the claim has this sequence number",
                f"{place}[{at}]",
            )
