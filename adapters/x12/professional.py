"""Loops 2300, 2310 and 2400 of a professional claim (005010X222A1)."""

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.x12 import claim_loop, service_lines
from adapters.x12.claim_loop import Diagnosis
from adapters.x12.drugs import drug
from adapters.x12.elements import Elements, shown
from adapters.x12.parties import Party, npi_of, provider_name
from adapters.x12.prior_payment import PriorPayment
from adapters.x12.segments import Segment, segment
from adapters.x12.service_lines import Item
from adapters.x12.source import Source, code_of
from terminology.systems import ACT_CODE
from terminology.x12 import (
    ACCIDENT,
    ANOTHER_ACCIDENT,
    INPATIENT_PLACES,
    REFERRING,
    RENDERING,
    SUPERVISING,
)

MOST_LINES: Final = 50
MOST_DIAGNOSES: Final = 12
MOST_POINTERS: Final = 4


def claim(source: Source, billing: Party | None) -> list[Segment]:
    """Loops 2300 and 2310."""
    place = service_lines.claim_place(source)
    lines = service_lines.items(source, MOST_LINES)
    total = claim_loop.whole_charge(source, shown(service_lines.total(source)))
    frequency = claim_loop.frequency(source)
    return [
        _claim_segment(source, total, place, frequency),
        *_dates(source, place),
        *claim_loop.references(source, frequency),
        *claim_loop.notes(source, service_lines.pointed(lines)),
        _diagnosis_segment(source, claim_loop.diagnoses(source)),
        *_providers(source, billing),
    ]


def lines(source: Source, priors: Sequence[PriorPayment]) -> list[Segment]:
    """Loops 2400."""
    order = {one.sequence: at for at, one in enumerate(claim_loop.diagnoses(source), 1)}
    place = service_lines.claim_place(source)
    return [
        one
        for number, (at, item) in enumerate(service_lines.items(source, MOST_LINES), 1)
        for one in (
            *_line(source, number, at, item, order, place),
            *service_lines.priorly_paid(source, number, at, item, priors),
        )
    ]


def _claim_segment(source: Source, total: str, place: str, frequency: str) -> Segment:
    """CLM."""
    return segment(
        "CLM",
        claim_loop.patient_control_number(source),
        total,
        *("", ""),
        (place, "B", frequency),
        *("Y", "A", claim_loop.benefits(source), "Y", ""),
        _related_causes(source),
    )


def _related_causes(source: Source) -> tuple[str, ...]:
    """CLM11: an accident, with the state of one on the road."""
    accident = source.claim.get("accident")
    if not accident:
        return ("",)
    cause = ACCIDENT.get(code_of(accident.get("type"), ACT_CODE), ANOTHER_ACCIDENT)
    if cause != ACCIDENT["MVA"]:
        return (cause,)
    at = "Claim.accident.location.state"
    state = accident.get("locationAddress", {}).get("state")
    return (
        cause,
        "",
        "",
        source.elements.token(state, at, "the state of the accident", 2, least=2),
    )


def _dates(source: Source, place: str) -> list[Segment]:
    """DTP of an accident and, where the patient stayed, of admission and discharge."""
    made = []
    accident = source.claim.get("accident", {}).get("date")
    if accident:
        day = source.elements.day(accident, "Claim.accident.date", "the date of the accident")
        made.append(segment("DTP", "439", "D8", day))
    at, period = source.stay()
    if place in INPATIENT_PLACES or period:
        start = source.elements.day(period.get("start"), f"{at}.start", "the date of admission")
        made.append(segment("DTP", "435", "D8", start))
    if period.get("end"):
        end = source.elements.day(period["end"], f"{at}.end", "the date of discharge")
        made.append(segment("DTP", "096", "D8", end))
    return made


def _diagnosis_segment(source: Source, found: Sequence[Diagnosis]) -> Segment:
    """HI of a professional claim: the first-listed diagnosis and at most eleven others."""
    if len(found) > MOST_DIAGNOSES:
        source.elements.unfit("Claim.diagnosis", "a professional claim has at most 12 diagnoses")
    kinds = ["ABK", *["ABF"] * len(found)]
    return segment("HI", *((kind, one.code) for kind, one in zip(kinds, found, strict=False)))


def _providers(source: Source, billing: Party | None) -> list[Segment]:
    """Loops 2310A to 2310D, each where there is one; who renders is named where it is not who bills."""
    elements = source.elements
    made = []
    referring = source.team(REFERRING)
    if referring is not None:
        made.append(provider_name("DN", referring, elements))
    rendering = source.team(RENDERING)
    if rendering is not None and (billing is None or npi_of(rendering) != npi_of(billing)):
        made.append(provider_name("82", rendering, elements))
        made += claim_loop.taxonomy("PE", rendering, elements)
    made += claim_loop.facility(source, billing)
    supervising = source.team(SUPERVISING)
    if supervising is not None:
        made.append(provider_name("DQ", supervising, elements))
    return made


def _line(
    source: Source, number: int, at: str, item: Item, order: Mapping[int, int], place: str
) -> list[Segment]:
    """LX, SV1, DTP, REF and NTE of one item.

    Parameters
    ----------
    order : mapping of int to int
        Place of every diagnosis in HI by its sequence.
    place : str
        Place of service of the claim.
    """
    elements = source.elements
    count, unit = service_lines.quantity(item, at, elements)
    own = service_lines.place_of(source, item)
    return [
        segment("LX", str(number)),
        segment(
            "SV1",
            service_lines.procedure(item, at, elements),
            shown(service_lines.charge(item, at, elements)),
            unit,
            shown(count),
            elements.token(own, f"{at}.location", "a place", 2) if own != place else "",
            "",
            _pointers(item, at, order, elements),
        ),
        service_lines.service_date(source, item, at),
        segment("REF", "6R", service_lines.control_number(item, number)),
        *service_lines.note(source, item),
        *drug(source, at, item),
        *_renders(source, item),
    ]


def _renders(source: Source, item: Item) -> list[Segment]:
    """Loop 2420A: who rendered a line that another than the claim's rendering provider rendered."""
    own = source.team(RENDERING, item.get("careTeamSequence", ()))
    usual = source.team(RENDERING)
    if own is None or usual is None or npi_of(own) == npi_of(usual):
        return []
    return [
        provider_name("82", own, source.elements),
        *claim_loop.taxonomy("PE", own, source.elements),
    ]


def _pointers(item: Item, at: str, order: Mapping[int, int], elements: Elements) -> tuple[str, ...]:
    """SV107: one to four diagnoses, the most important first."""
    place = f"{at}.diagnosisSequence"
    given = item.get("diagnosisSequence", ())
    if not given:
        elements.missing(place, "a diagnosis of the line")
        return ("",)
    if any(sequence not in order for sequence in given):
        elements.unfit(place, "the line points to a diagnosis that the claim does not have")
    if len(given) > MOST_POINTERS:
        elements.unfit(place, "a line points to at most four diagnoses")
    return tuple(str(order.get(sequence, "")) for sequence in given)
