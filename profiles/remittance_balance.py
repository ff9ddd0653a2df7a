"""Whether a remittance adds up: charge less adjustments is payment, at every level (005010X221A1, 1.10.2)."""

from collections.abc import Iterator
from decimal import Decimal

from profiles.remittance_records import Adjustment, PaidClaim, Remittance


def imbalances(remittance: Remittance) -> Iterator[tuple[int, str]]:
    """Number of the claim (0 for the payment as a whole) and what does not add up there."""
    for claim in remittance.claims:
        for at, line in enumerate(claim.lines, 1):
            if line.charge - total(line.adjustments) != line.paid:
                yield claim.number, f"line {at}: charge less adjustments is not the payment"
        if claim.charge - total(all_adjustments(claim)) != claim.paid:
            yield claim.number, "charge less adjustments is not the payment of the claim"
        if claim.lines and sum(line.charge for line in claim.lines) != claim.charge:
            yield claim.number, "the charges of the lines are not the charge of the claim"
    paid = sum((claim.paid for claim in remittance.claims), Decimal(0))
    withheld = sum((one.amount for one in remittance.adjustments), Decimal(0))
    if paid - withheld != remittance.amount:
        yield 0, "the payments of the claims less the provider's adjustments are not the payment"


def total(adjustments: tuple[Adjustment, ...]) -> Decimal:
    """Sum of adjustments."""
    return sum((one.amount for one in adjustments), Decimal(0))


def all_adjustments(claim: PaidClaim) -> tuple[Adjustment, ...]:
    """Adjustments of a claim and of its lines."""
    return (*claim.adjustments, *(one for line in claim.lines for one in line.adjustments))
