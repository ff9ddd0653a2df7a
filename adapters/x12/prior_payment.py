"""What a payer that goes before has paid, out of its ClaimResponse: loops 2320, 2330B and 2430.

A claim to a later payer adds up only with it: charge less adjustments is payment, for the claim and for every
line that was adjudicated. Where it does not, the claim is not written.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from adapters.x12.elements import shown
from adapters.x12.parties import identifier_of
from adapters.x12.segments import Segment, segment
from adapters.x12.source import Source, code_of, codings
from terminology.payer import CARC, PAID
from terminology.x12 import ADJUSTMENT_GROUP, PAYER_CONTROL

PER_SEGMENT: Final = 6
MOST_SEGMENTS: Final = 5
Json = Mapping[str, Any]


class PriorPayment:
    """One earlier payer's answer.

    Parameters
    ----------
    source : Source
    at : str
        FHIRPath of the answer from the Claim.
    response : ClaimResponse
    payer : str
        Id of the payer, by which the lines name it.
    """

    def __init__(self, source: Source, at: str, response: Json, payer: str) -> None:
        self._elements = source.elements
        self._at = at
        self._response = response
        self._payer = payer
        self._items = {
            item.get("itemSequence"): (f"{at}.item[{number}]", item)
            for number, item in enumerate(response.get("item", ()))
        }

    def paid(self) -> list[Segment]:
        """CAS of the claim as a whole, and AMT of what was paid."""
        amounts = [
            total.get("amount")
            for total in self._response.get("total", ())
            if _is_paid(total.get("category"))
        ]
        known = next(iter(amounts), self._response.get("payment", {}).get("amount"))
        paid = self._elements.amount(known, f"{self._at}.total", "what the payer has paid")
        return [*self._reasons(self._at, self._response), segment("AMT", "D", shown(paid))]

    def references(self) -> list[Segment]:
        """DTP of the payment where no line has one, and REF of the payer's number of the claim."""
        made = [] if self._items else [self._date()]
        number = identifier_of(
            self._response.get("identifier", ()), lambda given: given.get("system") == PAYER_CONTROL
        )
        if number:
            at = f"{self._at}.identifier"
            value = self._elements.token(number, at, "the payer's number", 50)
            made.append(segment("REF", "F8", value))
        return made

    def line(
        self, sequence: int, charge: Decimal, procedure: tuple[str, ...], revenue: str, units: str
    ) -> list[Segment]:
        """SVD, CAS and DTP of one line; nothing where the payer has not adjudicated it by itself."""
        if sequence not in self._items:
            return []
        at, item = self._items[sequence]
        paid = sum(
            (
                self._elements.amount(one.get("amount"), f"{at}.adjudication", "a payment")
                for one in item.get("adjudication", ())
                if _is_paid(one.get("category"))
            ),
            Decimal(0),
        )
        reduced = sum(amount for _, _, amount in self._adjustments(at, item))
        if charge - reduced != paid:
            self._elements.unfit(at, "charge less adjustments is not what the payer has paid")
        return [
            segment("SVD", self._payer, shown(paid), procedure, revenue, units),
            *self._reasons(at, item),
            self._date(),
        ]

    def require_balance(self, charge: Decimal) -> None:
        """Refuse an answer that does not add up to the charge of the claim."""
        parts = [(self._at, self._response), *self._items.values()]
        reasons = [one for at, part in parts for one in self._adjustments(at, part)]
        paid = self.paid()[-1].at(2)
        if charge - sum(amount for _, _, amount in reasons) != Decimal(paid or 0):
            self._elements.unfit(
                self._at, "the charge less all adjustments is not what the payer has paid"
            )

    def _reasons(self, at: str, part: Json) -> list[Segment]:
        """CAS: reasons of one group together, six at most in each, five at most in all."""
        made = []
        reasons = list(self._adjustments(at, part))
        for group in dict.fromkeys(one[0] for one in reasons):
            own = [(reason, amount) for name, reason, amount in reasons if name == group]
            for first in range(0, len(own), PER_SEGMENT):
                triples = [
                    text
                    for reason, amount in own[first : first + PER_SEGMENT]
                    for text in (reason, shown(amount), "")
                ]
                made.append(segment("CAS", group, *triples))
        if len(made) > MOST_SEGMENTS:
            self._elements.unfit(f"{at}.adjudication", "there are more reasons than X12 holds")
        return made

    def _date(self) -> Segment:
        day = self._response.get("payment", {}).get("date") or self._response.get("created")
        return segment(
            "DTP", "573", "D8", self._elements.day(day, f"{self._at}.payment.date", "the day")
        )

    def _adjustments(self, at: str, part: Json) -> Iterator[tuple[str, str, Decimal]]:
        """Group code, reason code and amount of everything that was not paid."""
        for number, one in enumerate(part.get("adjudication", ())):
            reason = code_of(one.get("reason"), CARC)
            if not reason:
                continue
            place = f"{at}.adjudication[{number}]"
            group = code_of(one.get("category"), ADJUSTMENT_GROUP)
            amount = self._elements.signed(one.get("amount"), f"{place}.amount", "an adjustment")
            yield (
                self._elements.token(group, f"{place}.category", "the adjustment group", 2),
                self._elements.token(reason, f"{place}.reason", "the reason code", 5),
                amount,
            )


def _is_paid(category: Any) -> bool:
    return bool(PAID & {code for _, code in codings(category)})
