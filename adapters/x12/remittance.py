"""X12 835 (005010X221A1) as records: segments into payment, claims, lines and adjustments.

A segment that says nothing about money or identity is passed over. An amount or a date that cannot be read is
refused with the number of its segment.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from adapters.x12.envelope import read_interchanges
from adapters.x12.segments import Segment
from profiles.definitions.currencies import CODES
from profiles.outcome import OperationOutcomeError
from profiles.remittance_records import (
    Adjustment,
    PaidClaim,
    PaidLine,
    ProviderAdjustment,
    Remittance,
)

SET: Final = "835"
GUIDE: Final = "005010X221"
TRIPLES: Final = 6
"""Adjustments that one CAS can hold."""
_MOST_DIGITS: Final = 18


def read_remittances(text: str) -> list[Remittance]:
    """Every remittance advice of a file.

    Raises
    ------
    OperationOutcomeError
        ``structure`` for what is no X12 835, ``not-supported`` for another guide.
    """
    found = []
    for interchange in read_interchanges(text):
        for group in interchange.groups:
            for one in group.sets:
                if one.kind != SET or not group.version.startswith(GUIDE):
                    raise OperationOutcomeError(
                        "not-supported", f"only {SET} transactions of {GUIDE}A1 are read"
                    )
                found.append(_remittance([_tidy(part) for part in one.body]))
    if not found:
        raise OperationOutcomeError("required", f"there is no {SET} transaction in the file")
    return found


def _remittance(body: Sequence[Segment]) -> Remittance:
    first = next((at for at, one in enumerate(body) if one.id in ("LX", "CLP", "PLB")), len(body))
    header, detail = body[:first], body[first:]
    payment, trace = _one(header, "BPR"), _one(header, "TRN")
    payer, payee = _named(header, "PR"), _named(header, "PE")
    claims = [
        _claim(number, part)
        for number, part in enumerate(_parts(detail, "CLP", until=("LX", "PLB")), 1)
    ]
    sign = -1 if payment.at(3) == "D" else 1
    return Remittance(
        trace=_required(trace, 2),
        originator=trace.at(3),
        amount=sign * _amount(payment, 2),
        method=payment.at(4),
        date=_day(payment, 16),
        currency=_currency(header),
        payer=payer.at(2),
        payer_id=payer.at(4) or trace.at(3),
        payee=payee.at(2),
        payee_id=payee.at(4),
        claims=tuple(claims),
        adjustments=tuple(a for one in detail if one.id == "PLB" for a in _provider(one)),
    )


def _tidy(one: Segment) -> Segment:
    """A segment without the blanks around and between the words of its elements: they say nothing."""
    elements = tuple(tuple(" ".join(c.split()) for c in element) for element in one.elements)
    return Segment(one.id, elements, one.number)


def _one(segments: Sequence[Segment], wanted: str) -> Segment:
    for one in segments:
        if one.id == wanted:
            return one
    raise OperationOutcomeError("structure", f"the remittance has no {wanted} segment")


def _currency(header: Sequence[Segment]) -> str:
    for one in header:
        if one.id == "CUR":
            if one.at(2) not in CODES:
                raise _wrong(one, 2, "is no currency (ISO 4217)")
            return one.at(2)
    return "USD"


def _named(header: Sequence[Segment], role: str) -> Segment:
    return next((one for one in header if one.id == "N1" and one.at(1) == role), Segment("N1", ()))


def _parts(
    segments: Sequence[Segment], begin: str, until: tuple[str, ...] = ()
) -> list[list[Segment]]:
    """Stretches that begin with a segment of one id and end before the next, or before another id."""
    parts: list[list[Segment]] = []
    inside = False
    for one in segments:
        if one.id == begin:
            parts.append([])
        inside = one.id not in until and (inside or one.id == begin)
        if inside:
            parts[-1].append(one)
    return parts


def _claim(number: int, part: Sequence[Segment]) -> PaidClaim:
    first = part[0]
    until = next((at for at, one in enumerate(part) if one.id == "SVC"), len(part))
    own = part[:until]
    return PaidClaim(
        number=number,
        control=_required(first, 1),
        status=_required(first, 2),
        charge=_amount(first, 3),
        paid=_amount(first, 4),
        patient_share=_amount(first, 5) if first.at(5) else None,
        payer_control=first.at(7),
        frequency=first.at(9),
        adjustments=_adjustments(own),
        lines=tuple(_line(one) for one in _parts(part, "SVC")),
        remarks=_claim_remarks(own),
        received=_dated(own, "050"),
        segment=first.number,
    )


def _line(part: Sequence[Segment]) -> PaidLine:
    first = part[0]
    procedure = first.components(1)
    begins = _dated(part, "150") or _dated(part, "472")
    return PaidLine(
        control=_reference(part, "6R"),
        qualifier=first.at(1, 1),
        code=first.at(1, 2),
        modifiers=tuple(filter(None, procedure[2:6])),
        original=first.at(6, 2),
        revenue=first.at(4),
        charge=_amount(first, 2),
        paid=_amount(first, 3),
        units=_amount(first, 5) if first.at(5) else None,
        begins=begins,
        ends=_dated(part, "151") or begins,
        allowed=next((_amount(o, 2) for o in part if o.id == "AMT" and o.at(1) == "B6"), None),
        adjustments=_adjustments(part),
        remarks=tuple(
            o.at(2) for o in part if o.id == "LQ" and o.at(1) in ("HE", "RX") and o.at(2)
        ),
    )


def _adjustments(segments: Sequence[Segment]) -> tuple[Adjustment, ...]:
    """Every reason with its amount: a CAS has up to six of them after its group code."""
    found = []
    for one in segments:
        for first in range(2, 2 + 3 * TRIPLES, 3) if one.id == "CAS" else ():
            if one.at(first) or one.at(first + 1):
                quantity = _amount(one, first + 2) if one.at(first + 2) else None
                amount = _amount(one, first + 1)
                found.append(Adjustment(_required(one, 1), _required(one, first), amount, quantity))
    return tuple(found)


def _claim_remarks(own: Sequence[Segment]) -> tuple[str, ...]:
    """Remark codes of MOA (elements 3 to 7) and MIA (5 and 20 to 23)."""
    places = {"MOA": (3, 4, 5, 6, 7), "MIA": (5, 20, 21, 22, 23)}
    codes = [one.at(at) for one in own for at in places.get(one.id, ())]
    return tuple(filter(None, codes))


def _provider(one: Segment) -> list[ProviderAdjustment]:
    """PLB: up to six reasons, each with a reference and an amount."""
    return [
        ProviderAdjustment(one.at(1), one.at(at, 1), one.at(at, 2), _amount(one, at + 1))
        for at in range(3, 3 + 2 * TRIPLES, 2)
        if one.at(at)
    ]


def _reference(part: Sequence[Segment], qualifier: str) -> str:
    return next((one.at(2) for one in part if one.id == "REF" and one.at(1) == qualifier), "")


def _dated(part: Sequence[Segment], qualifier: str) -> str:
    found = next((one for one in part if one.id == "DTM" and one.at(1) == qualifier), None)
    return _day(found, 2) if found is not None else ""


def _required(one: Segment, element: int) -> str:
    value = one.at(element)
    if not value:
        raise _wrong(one, element, "is empty")
    return value


def _amount(one: Segment, element: int) -> Decimal:
    text = _required(one, element)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _wrong(one, element, "is no amount") from None
    if not value.is_finite() or len(text) > _MOST_DIGITS or "E" in text.upper():
        raise _wrong(one, element, "is no amount")
    return value


def _day(one: Segment, element: int) -> str:
    text = _required(one, element)
    if len(text) == 8 and text.isascii() and text.isdecimal():
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
        except ValueError:
            pass
    raise _wrong(one, element, "is no date")


def _wrong(one: Segment, element: int, text: str) -> OperationOutcomeError:
    return OperationOutcomeError("structure", f"segment {one.number}: {one.id}{element:02d} {text}")
