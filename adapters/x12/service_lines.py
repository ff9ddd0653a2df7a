"""What loop 2400 of every claim has: charge, quantity, procedure, place, dates of one item."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from adapters.x12.claim_loop import one_note
from adapters.x12.elements import Elements, shown
from adapters.x12.prior_payment import PriorPayment
from adapters.x12.segments import Segment, segment
from adapters.x12.source import Source, code_of, codings
from terminology.systems import CPT, HCPCS
from terminology.x12 import ENCOUNTER_PLACES, PLACE_OF_SERVICE

MOST_MODIFIERS: Final = 4
MINUTES: Final = frozenset({"min", "MJ"})

Item = Mapping[str, Any]


def items(source: Source, most: int) -> list[tuple[str, Item]]:
    """The lines with their places."""
    found = [(f"Claim.item[{at}]", item) for at, item in enumerate(source.claim.get("item", ()))]
    if not found:
        source.elements.missing("Claim.item", "a service line")
    if len(found) > most:
        source.elements.unfit("Claim.item", f"a claim of this kind has at most {most} lines")
    return found


def charge(item: Item, at: str, elements: Elements) -> Decimal:
    """What a line costs: its net, else its unit price times its quantity."""
    if item.get("net") is not None or item.get("unitPrice") is None:
        return elements.amount(item.get("net"), f"{at}.net", "the charge of the line")
    price = elements.amount(item["unitPrice"], f"{at}.unitPrice", "the unit price")
    count, _ = quantity(item, at, elements)
    return price * count


def quantity(item: Item, at: str, elements: Elements) -> tuple[Decimal, str]:
    """How many of what: units, or minutes of anesthesia."""
    given = item.get("quantity", {})
    if given.get("value") is None:
        elements.missing(f"{at}.quantity", "the number of units")
        return Decimal(0), "UN"
    unit = "MJ" if {given.get("code"), given.get("unit")} & MINUTES else "UN"
    return elements.number(given["value"], f"{at}.quantity", "the number of units"), unit


def procedure(item: Item, at: str, elements: Elements, *, needed: bool = True) -> tuple[str, ...]:
    """Composite of code and modifiers; empty where there may be none and is none."""
    place = f"{at}.productOrService"
    given = code_of(item.get("productOrService"), CPT, HCPCS)
    if not given and not needed:
        return ("",)
    code = elements.token(given, place, "the CPT or HCPCS code", 48)
    modifiers = [code for one in item.get("modifier", ()) for _, code in codings(one)[:1]]
    if len(modifiers) > MOST_MODIFIERS:
        elements.unfit(f"{at}.modifier", "a line has at most four modifiers")
    made = [elements.token(one, f"{at}.modifier", "a modifier", 2, least=2) for one in modifiers]
    return ("HC", code, *made)


def place_of(source: Source, item: Item) -> str:
    """Place of service of a line; of the facility, the encounter or the caller where it says none."""
    said = code_of(item.get("locationCodeableConcept"), PLACE_OF_SERVICE)
    if said:
        return said
    facility = source.found(source.claim.get("facility", {})) or {}
    kinds = [code_of(kind, PLACE_OF_SERVICE) for kind in facility.get("type", ())]
    _, encounter = source.encounter()
    kinds.append(ENCOUNTER_PLACES.get(encounter.get("class", {}).get("code"), ""))
    return next(filter(None, kinds), source.place)


def claim_place(source: Source) -> str:
    """CLM05-1: the place of service of the first line."""
    lines = source.claim.get("item", ())
    place = place_of(source, lines[0]) if lines else source.place
    return source.elements.token(place, "Claim.item[0].location", "the place of service", 2)


def service_date(source: Source, item: Item, at: str) -> Segment:
    """DTP 472: the day of service, or the days."""
    period = item.get("servicedPeriod") or (
        {} if item.get("servicedDate") else source.claim.get("billablePeriod", {})
    )
    begins = item.get("servicedDate") or period.get("start")
    start = source.elements.day(begins, f"{at}.serviced", "the date of service")
    end = source.elements.day(period.get("end"), f"{at}.serviced", "a date", needed=False)
    if end and end != start:
        return segment("DTP", "472", "RD8", f"{start}-{end}")
    return segment("DTP", "472", "D8", start)


def control_number(item: Item, number: int) -> str:
    """REF 6R: the sequence of the item, by which a remittance names the line again."""
    return str(item.get("sequence", number))


def note(source: Source, item: Item) -> list[Segment]:
    """NTE of a line: a text of the supporting information that it points to."""
    pointed_to = item.get("informationSequence", ())
    return one_note(
        source,
        [
            (at, str(entry["valueString"]))
            for at, entry in source.information("info")
            if entry.get("valueString") and entry.get("sequence") in pointed_to
        ],
    )


def total(source: Source) -> Decimal:
    """Sum of the charges of the lines."""
    given = enumerate(source.claim.get("item", ()))
    return sum(
        (charge(item, f"Claim.item[{at}]", source.elements) for at, item in given), Decimal(0)
    )


def priorly_paid(
    source: Source,
    number: int,
    at: str,
    item: Item,
    priors: Sequence[PriorPayment],
    revenue: str = "",
) -> list[Segment]:
    """Loops 2430: what each earlier payer has done with a line."""
    elements = source.elements
    count, _ = quantity(item, at, elements)
    return [
        one
        for prior in priors
        for one in prior.line(
            int(item.get("sequence", number)),
            charge(item, at, elements),
            procedure(item, at, elements, needed=not revenue),
            revenue,
            shown(count),
        )
    ]


def pointed(lines: Sequence[tuple[str, Item]]) -> frozenset[int]:
    """Sequences of the supporting information that a line points to."""
    return frozenset(n for _, item in lines for n in item.get("informationSequence", ()))
