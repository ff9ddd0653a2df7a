"""What loop 2300 of every claim has: control number, frequency, references, notes, diagnoses, facility.

The same in 005010X222A1 (professional) and 005010X223A2 (institutional).
"""

from dataclasses import dataclass
from typing import Final

from adapters.x12.elements import Elements, shown
from adapters.x12.parties import (
    Party,
    address,
    has_type,
    identifier_of,
    name_segment,
    npi_of,
    taxonomy_of,
)
from adapters.x12.segments import Segment, segment
from adapters.x12.source import Source, code_of, codings
from terminology.systems import ICD_10_CM
from terminology.x12 import (
    ORIGINAL,
    PATIENT_CONTROL,
    REPLACEMENT,
    REPLACES,
    VOID,
)

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


def references(source: Source, frequency_code: str) -> list[Segment]:
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
            if len(entry["preAuthRef"]) > 1:
                elements.unfit(place, "a claim names one prior authorization")
            number = elements.token(entry["preAuthRef"][0], place, "the authorization", 50)
            made.append(segment("REF", "G1", number))
    if frequency_code in (REPLACEMENT, VOID):
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
    return one_note(
        source,
        [
            (at, str(entry["valueString"]))
            for at, entry in source.information("info")
            if entry.get("valueString") and entry.get("sequence") not in sequences
        ],
    )


def one_note(source: Source, texts: list[tuple[str, str]]) -> list[Segment]:
    """NTE of the one text that there may be at its place; several are refused, not dropped."""
    for at, _ in texts[1:]:
        source.elements.unfit(f"{at}.value", "there is room for one note here")
    return [
        segment("NTE", "ADD", source.elements.words(text, f"{at}.value", "a note", LONGEST_NOTE))
        for at, text in texts[:1]
    ]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One diagnosis: its code without the dot, its types, whether it was there at admission (or nothing)."""

    sequence: int
    code: str
    types: frozenset[str]
    at_admission: str


def diagnoses(source: Source) -> list[Diagnosis]:
    """Every diagnosis, the principal one first."""
    found = []
    for at, entry in enumerate(source.claim.get("diagnosis", ())):
        concept = entry.get("diagnosisCodeableConcept")
        if concept is None:
            condition = source.found(entry.get("diagnosisReference", {})) or {}
            concept = condition.get("code")
        code = source.elements.token(
            code_of(concept, ICD_10_CM).replace(".", ""),
            f"Claim.diagnosis[{at}].diagnosis",
            "the ICD-10-CM code",
            7,
        )
        types = frozenset(c for one in entry.get("type", ()) for _, c in codings(one))
        present = next((c for _, c in codings(entry.get("onAdmission"))), "").upper()
        found.append(
            Diagnosis(
                int(entry.get("sequence", 0)), code, types, present if present in "YNUW" else ""
            )
        )
    if not found:
        source.elements.missing("Claim.diagnosis", "a diagnosis")
    return sorted(found, key=lambda one: ("principal" not in one.types, one.sequence))


def benefits(source: Source) -> str:
    """CLM08: benefits go to the provider unless the payee is another."""
    payee = {code for _, code in codings(source.claim.get("payee", {}).get("type"))}
    return "N" if payee & {"subscriber", "other"} else "Y"


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
