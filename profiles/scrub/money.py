"""Amounts: the total is the sum of the lines, in one currency (R4 claim-definitions.html#Claim.total)."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Final

from profiles.scrub.claim_view import ClaimView, Line, number
from profiles.scrub.context import EditTables, ScrubContext
from profiles.scrub.finding import Finding, found

CENT: Final = Decimal("0.01")
"""What rounding may cost per line."""


def findings(view: ClaimView, tables: EditTables, context: ScrubContext) -> Iterator[Finding]:
    """Amounts that do not add up, are negative, or in several currencies."""
    total = view.claim.get("total", {})
    currencies = frozenset().union(*(line.currencies for line in view.lines))
    if total.get("currency"):
        currencies |= {total["currency"]}
    if len(currencies) > 1:
        yield found("currency-mixed", "a claim is in one currency", "Claim.total")
    for line in view.lines:
        yield from _line(line)
    value = number(total.get("value"))
    nets = [line.net for line in view.lines if line.net is not None]
    if value is None or len(nets) != len(view.lines) or not nets or len(currencies) > 1:
        return
    with localcontext() as unbounded:
        unbounded.prec = 60
        differs = abs(sum(nets, Decimal(0)) - value) > CENT / 2
    if differs:
        yield found("total-mismatch", "the total is not the sum of the nets", "Claim.total")


def _line(line: Line) -> Iterator[Finding]:
    for amount, name in ((line.net, "net"), (line.price, "unitPrice")):
        if amount is not None and amount < 0:
            yield found("amount-negative", "an amount is not below zero", f"{line.at}.{name}")
    if line.net is None or line.price is None or line.has_detail:
        return
    with localcontext() as unbounded:
        unbounded.prec = 60
        expected = line.price * (line.units if line.units is not None else 1)
        expected *= line.factor if line.factor is not None else 1
        differs = abs(expected - line.net) > CENT
    if differs:
        yield found("line-net-mismatch", "net is not units by price by factor", f"{line.at}.net")
