"""Loop 2300 of a professional claim: CLM, dates, references, notes, diagnoses, providers (005010X222A1)."""

from typing import Final

from adapters.x12.elements import Elements, shown
from adapters.x12.parties import (
    Party,
    address,
    has_type,
    identifier_of,
    name_segment,
    npi_of,
    provider_name,
    taxonomy_of,
)
from adapters.x12.segments import Segment, segment
from adapters.x12.source import Source, code_of, codings
from terminology.systems import ACT_CODE, ICD_10_CM
from terminology.x12 import (
    ACCIDENT,
    ANOTHER_ACCIDENT,
    INPATIENT_PLACES,
    ORIGINAL,
    PATIENT_CONTROL,
    REFERRING,
    RENDERING,
    REPLACEMENT,
    REPLACES,
    SUPERVISING,
    VOID,
)

MOST_DIAGNOSES: Final = 12
LONGEST_CONTROL: Final = 20
LONGEST_NOTE: Final = 80


def patient_control_number(source: Source) -> str:
    """CLM01: our identifier of this name, else the first that is short enough to come back (TR3: 20)."""
    identifiers = source.claim.get("identifier", ())
    ours = identifier_of(identifiers, lambda given: given.get("system") == PATIENT_CONTROL)
    short = identifier_of(identifiers, lambda given: len(given["value"]) <= LONGEST_CONTROL)
    return source.elements.token(
        ours or short,
        "Claim.identifier",
        "an identifier of at most 20 characters",
        LONGEST_CONTROL,
    )


def frequency(source: Source) -> str:
    """CLM05-3: an original claim, or one that replaces or voids an earlier one."""
    if source.claim.get("status") == "cancelled":
        return VOID
    return REPLACEMENT if _earlier(source) else ORIGINAL


def _earlier(source: Source) -> list[tuple[str, str]]:
    """Places of the claims that this one replaces, with the number that their payer gave them."""
    return [
        (f"Claim.related[{at}].reference", str(related.get("reference", {}).get("value", "")))
        for at, related in enumerate(source.claim.get("related", ()))
        if REPLACES & {code for _, code in codings(related.get("relationship"))}
    ]


def claim_segment(source: Source, total: str, place: str) -> Segment:
    """CLM; benefits go to the provider unless the payee is another."""
    payee = {code for _, code in codings(source.claim.get("payee", {}).get("type"))}
    assigned = "N" if payee & {"subscriber", "other"} else "Y"
    return segment(
        "CLM",
        patient_control_number(source),
        total,
        *("", ""),
        (place, "B", frequency(source)),
        *("Y", "A", assigned, "Y", ""),
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
    return (cause, "", "", source.elements.token(state, at, "the state of the accident", 2))


def dates(source: Source, place: str) -> list[Segment]:
    """DTP of an accident and, where the patient stayed, of admission and discharge."""
    made = []
    accident = source.claim.get("accident", {}).get("date")
    if accident:
        day = source.elements.day(accident, "Claim.accident.date", "the date of the accident")
        made.append(segment("DTP", "439", "D8", day))
    at, stay = next(
        iter(source.information("hospitalized", "admissionperiod")), ("Claim.supportingInfo", {})
    )
    period = stay.get("timingPeriod", {})
    if place in INPATIENT_PLACES or period:
        start = source.elements.day(
            period.get("start"), f"{at}.timing.start", "the date of admission"
        )
        made.append(segment("DTP", "435", "D8", start))
    if period.get("end"):
        end = source.elements.day(period["end"], f"{at}.timing.end", "the date of discharge")
        made.append(segment("DTP", "096", "D8", end))
    return made


def references(source: Source) -> list[Segment]:
    """REF: referral, prior authorization, the payer's number of the earlier claim, medical record."""
    elements, claim = source.elements, source.claim
    made = []
    referral = claim.get("referral", {}).get("identifier", {}).get("value")
    if referral:
        number = elements.token(referral, "Claim.referral.identifier", "the referral", 50)
        made.append(segment("REF", "9F", number))
    for at, entry in enumerate(claim.get("insurance", ())):
        if entry.get("focal") and entry.get("preAuthRef"):
            place = f"Claim.insurance[{at}].preAuthRef[0]"
            number = elements.token(entry["preAuthRef"][0], place, "the authorization", 50)
            made.append(segment("REF", "G1", number))
    if frequency(source) != ORIGINAL:
        earlier = _earlier(source) or [("Claim.related.reference", "")]
        what = "the payer's number of the earlier claim"
        made.append(segment("REF", "F8", elements.token(earlier[0][1], earlier[0][0], what, 50)))
    return made + _record_number(source)


def _record_number(source: Source) -> list[Segment]:
    patient = source.found(source.claim.get("patient", {})) or {}
    number = identifier_of(patient.get("identifier", ()), lambda given: has_type(given, "MR"))
    if not number:
        return []
    at = "Claim.patient.resolve().identifier"
    return [segment("REF", "EA", source.elements.token(number, at, "the record number", 50))]


def notes(source: Source, sequences: frozenset[int]) -> list[Segment]:
    """NTE of the claim: a text of the supporting information that no line points to."""
    for at, entry in source.information("info"):
        if entry.get("valueString") and entry.get("sequence") not in sequences:
            text = source.elements.words(
                entry["valueString"], f"{at}.value", "a note", LONGEST_NOTE
            )
            return [segment("NTE", "ADD", text)]
    return []


def diagnoses(source: Source) -> list[tuple[int, str, frozenset[str]]]:
    """Sequence, code without the dot and types of every diagnosis, the principal one first."""
    found = []
    for at, entry in enumerate(source.claim.get("diagnosis", ())):
        place = f"Claim.diagnosis[{at}].diagnosis"
        concept = entry.get("diagnosisCodeableConcept")
        if concept is None:
            condition = source.found(entry.get("diagnosisReference", {})) or {}
            concept = condition.get("code")
        code = code_of(concept, ICD_10_CM).replace(".", "")
        types = frozenset(c for one in entry.get("type", ()) for _, c in codings(one))
        code = source.elements.token(code, place, "the ICD-10-CM code", 7)
        found.append((int(entry.get("sequence", 0)), code, types))
    if not found:
        source.elements.missing("Claim.diagnosis", "a diagnosis")
    return sorted(found, key=lambda one: ("principal" not in one[2], one[0]))


def diagnosis_segment(source: Source, found: list[tuple[int, str, frozenset[str]]]) -> Segment:
    """HI of a professional claim: the first-listed diagnosis and at most eleven others."""
    if len(found) > MOST_DIAGNOSES:
        source.elements.unfit("Claim.diagnosis", "a professional claim has at most 12 diagnoses")
    kinds = ["ABK", *["ABF"] * len(found)]
    return segment("HI", *((kind, one[1]) for kind, one in zip(kinds, found, strict=False)))


def providers(source: Source, billing: Party | None) -> list[Segment]:
    """Loops 2310A to 2310D, each where there is one; who renders is named where it is not who bills."""
    elements = source.elements
    made = []
    referring = source.team(REFERRING)
    if referring is not None:
        made.append(provider_name("DN", referring, elements))
    rendering = source.team(RENDERING)
    if rendering is not None and (billing is None or npi_of(rendering) != npi_of(billing)):
        made.append(provider_name("82", rendering, elements))
        made += taxonomy("PE", rendering, elements)
    made += facility(source, billing)
    supervising = source.team(SUPERVISING)
    if supervising is not None:
        made.append(provider_name("DQ", supervising, elements))
    return made


def taxonomy(role: str, one: Party, elements: Elements) -> list[Segment]:
    """PRV of a provider whose taxonomy code is known."""
    code = taxonomy_of(one)
    if not code:
        return []
    return [segment("PRV", role, "PXC", elements.token(code, one.at, "the taxonomy code", 50))]


def facility(source: Source, billing: Party | None) -> list[Segment]:
    """Loop 2310C: where the service was given, where that is not where the billing provider is."""
    reference = source.claim.get("facility")
    if not reference:
        return []
    found = source.party(reference, "Claim.facility", "the facility")
    if found is None or (
        billing is not None and found.resource.get("address") == billing.resource.get("address")
    ):
        return []
    number = npi_of(found)
    at = f"{found.at}.identifier"
    checked = ("XX", source.elements.npi(number, at, found.what)) if number else ()
    return [
        name_segment("77", found, source.elements, *checked),
        *address(found, source.elements, long_zip=True),
    ]


def whole_charge(source: Source, lines: str) -> str:
    """CLM02: the total, which must be the sum of the lines."""
    total = source.claim.get("total")
    if total is None:
        return lines
    given = shown(source.elements.amount(total, "Claim.total", "the total"))
    if given != lines:
        source.elements.unfit("Claim.total", "the total is not the sum of the lines")
    return given
