"""Loops 2300, 2310 and 2400 of an institutional claim (005010X223A2).

What R4 has no element for stands in the supporting information, under CARIN's categories: type of bill,
admission type, point of origin, discharge status, DRG, admission period.
"""

from collections.abc import Sequence
from typing import Any, Final

from adapters.x12 import claim_loop, service_lines
from adapters.x12.claim_loop import Diagnosis
from adapters.x12.drugs import drug
from adapters.x12.elements import shown
from adapters.x12.parties import Party, provider_name
from adapters.x12.prior_payment import PriorPayment
from adapters.x12.segments import Segment, segment
from adapters.x12.service_lines import Item
from adapters.x12.source import SUPPORTING_INFO, Source, code_of, codings
from terminology.claims import ICD_10_PCS, REVENUE
from terminology.x12 import ATTENDING, OPERATING, ORIGINAL, REFERRING, RENDERING

MOST_LINES: Final = 999
PER_SEGMENT: Final = 12
"""Codes that one HI holds."""
MOST_CODES: Final = 24
"""Other diagnoses, and other procedures, of a claim."""
_PCS: Final = frozenset({ICD_10_PCS, "http://hl7.org/fhir/sid/icd-10-pcs"})
_BILL_DIGITS: Final = 3
_ADMITTING: Final = frozenset({"admitting"})
_REASON: Final = frozenset({"patientreasonforvisit"})
_EXTERNAL: Final = frozenset({"externalcauseofinjury"})


def claim(source: Source, billing: Party | None) -> list[Segment]:
    """Loops 2300 and 2310."""
    total = claim_loop.whole_charge(source, shown(service_lines.total(source)))
    facility, frequency = _bill(source)
    return [
        segment(
            "CLM",
            claim_loop.patient_control_number(source),
            total,
            *("", ""),
            (facility, "A", frequency),
            *("", "A", claim_loop.benefits(source), "Y"),
        ),
        *_dates(source),
        _codes_of_stay(source),
        *claim_loop.references(source, frequency),
        *claim_loop.notes(source, frozenset()),
        *_diagnoses(source),
        *_procedures(source),
        *_providers(source, billing),
    ]


def lines(source: Source, priors: Sequence[PriorPayment]) -> list[Segment]:
    """Loops 2400."""
    return [
        one
        for number, (at, item) in enumerate(service_lines.items(source, MOST_LINES), 1)
        for one in (
            *_line(source, number, at, item),
            *service_lines.priorly_paid(
                source, number, at, item, priors, code_of(item.get("revenue"), REVENUE)
            ),
        )
    ]


def _bill(source: Source) -> tuple[str, str]:
    """Facility type and frequency out of the type of bill (NUBC form locator 4)."""
    at, code = _information(source, "typeofbill")
    digits = code.removeprefix("0")
    if code and (len(digits) != _BILL_DIGITS or not digits.isalnum()):
        source.elements.unfit(at, "a type of bill has three digits after its leading zero")
    if not code:
        source.elements.missing(at, "the type of bill")
    said = claim_loop.frequency(source)
    return digits[:2], digits[2:] if said == ORIGINAL else said


def _information(source: Source, category: str) -> tuple[str, str]:
    """Place and code of supporting information; an empty code where there is none."""
    for at, entry in source.information(category):
        code = next((code for _, code in codings(entry.get("code"))), "")
        return f"{at}.code", code
    return SUPPORTING_INFO, ""


def _dates(source: Source) -> list[Segment]:
    """DTP of the hour of discharge, the statement and the admission."""
    elements = source.elements
    at, stay = source.stay()
    made = []
    if _hour(stay.get("end")):
        made.append(segment("DTP", "096", "TM", _hour(stay["end"])))
    period = source.claim.get("billablePeriod", {})
    start = elements.day(period.get("start"), "Claim.billablePeriod.start", "the first day")
    end = elements.day(
        period.get("end") or period.get("start"), "Claim.billablePeriod.end", "the last day"
    )
    made.append(segment("DTP", "434", "RD8", f"{start}-{end}"))
    if stay.get("start"):
        day = elements.day(stay["start"], f"{at}.start", "the date of admission")
        hour = _hour(stay["start"])
        made.append(segment("DTP", "435", "DT" if hour else "D8", day + hour))
    return made


def _hour(moment: Any) -> str:
    """Hours and minutes of a dateTime, empty for a date."""
    _, sign, clock = str(moment or "").partition("T")
    return clock[:5].replace(":", "") if sign else ""


def _codes_of_stay(source: Source) -> Segment:
    """CL1: type and source of the admission, status of the patient at its end."""
    elements = source.elements
    kind_at, kind = _information(source, "admtype")
    origin_at, origin = _information(source, "pointoforigin")
    status_at, status = _information(source, "discharge-status")
    return segment(
        "CL1",
        elements.token(kind, kind_at, "the type of admission", 1, needed=False),
        elements.token(origin, origin_at, "the point of origin", 1, needed=False),
        elements.token(status, status_at, "the discharge status", 2),
    )


def _diagnoses(source: Source) -> list[Segment]:
    """HI of the principal, admitting, visiting, external and other diagnoses, and of the DRG."""
    found = claim_loop.diagnoses(source)
    special = _ADMITTING | _REASON | _EXTERNAL
    plain = [one for one in found if not one.types or one.types - special]
    if not plain:
        source.elements.missing("Claim.diagnosis", "the principal diagnosis")
        return []
    groups = (
        ("ABK", plain[:1], 1),
        ("ABJ", [one for one in found if one.types & _ADMITTING], 1),
        ("APR", [one for one in found if one.types & _REASON], 3),
        ("ABN", [one for one in found if one.types & _EXTERNAL], PER_SEGMENT),
    )
    made = [one for group in groups for one in _coded(source, *group)]
    at, drg = _information(source, "drg")
    if drg:
        made.append(segment("HI", ("DR", source.elements.token(drg, at, "the DRG", 30))))
    return made + _coded(source, "ABF", plain[1:], MOST_CODES)


def _coded(source: Source, kind: str, found: Sequence[Diagnosis], most: int) -> list[Segment]:
    if len(found) > most:
        source.elements.unfit("Claim.diagnosis", "there are more diagnoses than the form holds")
    marked = kind not in ("ABJ", "APR")
    composites = [
        (kind, one.code, *([""] * 6), one.at_admission if marked else "") for one in found
    ]
    return _in_segments(composites)


def _in_segments(composites: Sequence[tuple[str, ...]]) -> list[Segment]:
    return [
        segment("HI", *composites[first : first + PER_SEGMENT])
        for first in range(0, len(composites), PER_SEGMENT)
    ]


def _procedures(source: Source) -> list[Segment]:
    """HI of the principal and the other inpatient procedures (ICD-10-PCS) with their days."""
    given = sorted(
        enumerate(source.claim.get("procedure", ())), key=lambda one: one[1].get("sequence", 0)
    )
    composites: list[tuple[str, ...]] = []
    for at, entry in given:
        place = f"Claim.procedure[{at}]"
        code = code_of(entry.get("procedureCodeableConcept"), *_PCS)
        kind = "BBQ" if composites else "BBR"
        composites.append(
            (
                kind,
                source.elements.token(code, f"{place}.procedure", "the ICD-10-PCS code", 7),
                "D8",
                source.elements.day(entry.get("date"), f"{place}.date", "the day of the procedure"),
            )
        )
    if len(composites) > MOST_CODES + 1:
        source.elements.unfit("Claim.procedure", "there are more procedures than the form holds")
    return _in_segments(composites[:1]) + _in_segments(composites[1:])


def _providers(source: Source, billing: Party | None) -> list[Segment]:
    """Loops 2310A, B, E and F: who attends is always named."""
    elements = source.elements
    attending = source.team(ATTENDING) or source.team(RENDERING)
    made = []
    if attending is None:
        elements.missing("Claim.careTeam", "the attending provider")
    else:
        made.append(provider_name("71", attending, elements))
        made += claim_loop.taxonomy("AT", attending, elements)
    operating = source.team(OPERATING)
    if operating is not None:
        made.append(provider_name("72", operating, elements))
    made += claim_loop.facility(source, billing)
    referring = source.team(REFERRING)
    if referring is not None:
        made.append(provider_name("DN", referring, elements))
    return made


def _line(source: Source, number: int, at: str, item: Item) -> list[Segment]:
    """LX, SV2, DTP and REF of one item."""
    elements = source.elements
    count, _ = service_lines.quantity(item, at, elements)
    revenue = elements.token(
        code_of(item.get("revenue"), REVENUE), f"{at}.revenue", "the revenue code", 4
    )
    dated = item.get("servicedDate") or item.get("servicedPeriod")
    return [
        segment("LX", str(number)),
        segment(
            "SV2",
            revenue,
            service_lines.procedure(item, at, elements, needed=False),
            shown(service_lines.charge(item, at, elements)),
            "UN",
            shown(count),
        ),
        *([service_lines.service_date(source, item, at)] if dated else []),
        segment("REF", "6R", service_lines.control_number(item, number)),
        *drug(source, at, item),
    ]
