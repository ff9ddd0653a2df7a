"""How many diagnoses there are, and which comes first: what needs no table of codes."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from profiles.scrub.claim_view import ClaimView
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found

MOST: Final = {"professional": 12, "institutional": 25}
"""Diagnoses that the claim can carry: NUCC 1500 item 21; X12 837I HI segments (1 principal, 24 other)."""
_EXTERNAL: Final = frozenset("VWXY")


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Diagnoses that are missing, too many, repeated or not fit to be the first."""
    if not view.diagnoses:
        if view.type in MOST and view.is_claim:
            yield found("diagnosis-missing", "the claim has no diagnosis", "Claim.diagnosis")
        return
    most = MOST.get(view.type)
    counted = [one for one in view.diagnoses if not one.beside]
    if most is not None and len(counted) > most:
        yield found(
            "diagnosis-too-many",
            f"a claim of this type carries at most {most} diagnoses",
            counted[most].at,
        )
    yield from _repeated(view)
    yield from _principal(view)
    for one in view.diagnoses:
        if not one.code and view.type in MOST:
            yield found("diagnosis-not-coded", "the diagnosis has no ICD-10-CM code", one.at)


def _repeated(view: ClaimView) -> Iterator[Finding]:
    numbers: dict[int, str] = {}
    codes: dict[str, str] = {}
    for one in view.diagnoses:
        if one.sequence is not None and numbers.setdefault(one.sequence, one.at) != one.at:
            yield found(
                "sequence-repeated",
                "two diagnoses have one sequence number: pointers to it are ambiguous",
                f"{one.at}.sequence",
                also=(f"{numbers[one.sequence]}.sequence",),
            )
        if one.code and not one.beside and codes.setdefault(one.code, one.at) != one.at:
            yield found(
                "diagnosis-repeated", "a code is reported once", one.at, also=(codes[one.code],)
            )
    lines = Counter(line.sequence for line in view.lines if line.sequence is not None)
    for line in view.lines:
        if lines.get(line.sequence or 0, 0) > 1:
            yield found(
                "sequence-repeated", "two lines have one sequence number", f"{line.at}.sequence"
            )


def _principal(view: ClaimView) -> Iterator[Finding]:
    principal = [one for one in view.diagnoses if "principal" in one.kinds]
    if len(principal) > 1:
        yield found(
            "principal-repeated",
            "a claim has one principal diagnosis",
            principal[1].at,
            also=(principal[0].at,),
        )
    if not principal and view.type == "institutional":
        yield found(
            "principal-missing",
            "an institutional claim says which diagnosis is the principal one (Claim.diagnosis.type)",
            "Claim.diagnosis",
        )
    first = view.first_listed
    if first is not None and first.code[:1] in _EXTERNAL:
        yield found(
            "external-cause-first",
            "a code for an external cause says how, never what: it cannot be listed first",
            first.at,
        )
