"""Who is claimed for, by whom, from whom, under which coverage."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from profiles.scrub.claim_view import ClaimView, address, stated
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.dates import first_day, last_day
from profiles.scrub.finding import Finding, found

_REQUIRED: Final = {"patient": "patient", "provider": "provider", "insurer": "insurer"}


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Parties that are missing, unknown here, or do not belong together."""
    claim = view.claim
    for name in _REQUIRED:
        if not stated(claim.get(name)) and not (name == "insurer" and _payor(view)):
            yield found(f"{name}-missing", f"the claim does not say its {name}", f"Claim.{name}")
    if not claim.get("created"):
        yield found("created-missing", "the claim does not say when it was made", "Claim.created")
    if context.complete:
        yield from _unknown(view, "Patient", claim.get("patient"), "Claim.patient")
    yield from _insurance(view, context)
    if not view.lines and view.is_claim:
        yield found("line-missing", "a claim for payment has at least one line", "Claim.item")


def _insurance(view: ClaimView, context: ScrubContext) -> Iterator[Finding]:
    entries = view.claim.get("insurance", ())
    focal = [entry for entry in entries if entry.get("focal") is True]
    if entries and len(focal) != 1:
        yield found(
            "focal-coverage", "exactly one coverage is the one to be used", "Claim.insurance"
        )
    for at, entry in enumerate(entries):
        place = f"Claim.insurance[{at}].coverage"
        reference = entry.get("coverage")
        if not (address(reference) or (reference or {}).get("identifier")):
            yield found("coverage-missing", "the insurance names no Coverage", place)
            continue
        coverage = view.resolved(reference)
        if coverage is not None:
            yield from _coverage(view, coverage, place, "" if entry in focal else "warning")
        elif context.complete:
            yield from _unknown(view, "Coverage", reference, place)


def _coverage(
    view: ClaimView, coverage: Mapping[str, Any], place: str, severity: str
) -> Iterator[Finding]:
    """What does not fit a Coverage; one that is not the focal one may have ended."""
    patient, beneficiary = address(view.claim.get("patient")), address(coverage.get("beneficiary"))
    if patient and beneficiary and patient != beneficiary:
        yield found(
            "coverage-of-another",
            "the beneficiary of the Coverage is not the patient of the claim",
            place,
            also=("Claim.patient",),
        )
    period, day = coverage.get("period", {}), view.service_date
    begins, ends = first_day(period.get("start")), last_day(period.get("end"))
    outside = day and ((begins and day < begins) or (ends and day > ends))
    if coverage.get("status") != "active" or outside:
        yield found(
            "coverage-not-active",
            "the Coverage is not in force on the date of service",
            place,
            severity=severity,
        )


def _unknown(view: ClaimView, kind: str, reference: Any, place: str) -> Iterator[Finding]:
    """A literal reference to what should be here and is not."""
    target = address(reference)
    ours = target.startswith((f"{kind}/", "#"))
    if ours and view.resolved(reference) is None:
        yield found("reference-not-found", f"the {kind} that is named does not exist here", place)


def _payor(view: ClaimView) -> bool:
    """Whether a Coverage says who insures, where the claim does not."""
    coverages = (view.resolved(one.get("coverage")) for one in view.claim.get("insurance", ()))
    return any(stated(payor) for one in coverages if one for payor in one.get("payor", ()))
