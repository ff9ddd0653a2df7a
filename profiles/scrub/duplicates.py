"""The same service claimed twice: within one claim, and against earlier ones."""

from collections.abc import Iterator
from typing import Final

from profiles.scrub.claim_view import ClaimView, Line, address, stored_address
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found

REPEATING: Final = frozenset({"59", "76", "77", "91", "XE", "XP", "XS", "XU"})
"""Modifiers that say that a service was done again or apart (NCCI Policy Manual, chapter I, section V)."""
_SENT: Final = frozenset({"active"})

_Key = tuple[str, str, tuple[str, ...], str, str]


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Lines that repeat one of this claim or of an earlier one."""
    seen: dict[_Key, str] = {}
    for line in view.lines:
        key = _key(line)
        if key is None:
            continue
        if seen.setdefault(key, line.at) != line.at:
            yield found(
                "line-repeated",
                "the same service on the same day stands in another line without a modifier that says why",
                line.at,
                also=(seen[key],),
            )
    if seen and view.is_claim:
        yield from _earlier(view, seen, context)


def _earlier(view: ClaimView, seen: dict[_Key, str], context: ScrubContext) -> Iterator[Finding]:
    replaced = {address(one.get("claim")) for one in view.claim.get("related", ())}
    provider = stored_address(view.claim.get("provider"))
    days = min(key[3] for key in seen), max(key[4] for key in seen)
    for claim in context.earlier:
        if f"Claim/{claim.get('id')}" in replaced or not _counts(claim, view, provider):
            continue
        other = ClaimView(claim, {})
        if not _may_overlap(other, days):
            continue
        for line in other.lines:
            key = _key(line)
            if key in seen:
                yield found(
                    "claim-repeated",
                    "an earlier claim of this patient and provider has this service on this day",
                    seen[key],
                )


def _may_overlap(other: ClaimView, days: tuple[str, str]) -> bool:
    """Whether the period of an earlier claim reaches into some days; one without a period may."""
    begins, ends = other.period
    return not (begins and ends) or (begins <= days[1] and days[0] <= ends)


def _counts(claim: object, view: ClaimView, provider: str) -> bool:
    """Whether an earlier Claim asks payment from the same provider's side for the same patient."""
    if not isinstance(claim, dict):
        return False
    patient = stored_address(view.claim.get("patient"))
    same_patient = stored_address(claim.get("patient")) == patient != ""
    same_provider = stored_address(claim.get("provider")) == provider != ""
    sent = claim.get("status") in _SENT and claim.get("use") == "claim"
    itself = claim.get("id") is not None and claim.get("id") == view.claim.get("id")
    return sent and same_patient and same_provider and not itself


def _key(line: Line) -> _Key | None:
    """What makes two lines the same; None for one that says that it is another, or has no number or day."""
    if not line.code or not line.begins or REPEATING.intersection(line.modifiers):
        return None
    return line.system, line.code, tuple(sorted(line.modifiers)), line.begins, line.ends
