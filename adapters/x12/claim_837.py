"""An approved Claim as an X12 837 transaction set: header, providers, insured, claim, lines.

Professional claims follow 005010X222A1, institutional ones 005010X223A2.

Either everything that the guide needs is there, or every missing element is said with its FHIRPath.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.x12 import claim_loop, institutional, professional
from adapters.x12.elements import Elements
from adapters.x12.parties import (
    Json,
    Party,
    Resolve,
    address,
    contact,
    name_segment,
    provider_name,
    tax_number,
)
from adapters.x12.segments import Delimiters, Segment, segment
from adapters.x12.source import Source, codings
from adapters.x12.subscriber import Insured, payer_id
from profiles.outcome import OperationOutcomeError
from terminology.x12 import INSTITUTIONAL, PROFESSIONAL

SENT: Final = frozenset({"active", "cancelled"})
KINDS: Final = {
    "professional": (PROFESSIONAL, professional.claim, professional.lines),
    "institutional": (INSTITUTIONAL, institutional.claim, institutional.lines),
}
"""Guide, loops 2300 with 2310, and loops 2400 of each type of Claim."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What a transaction set says of its way; what is empty is taken from the Claim.

    Parameters
    ----------
    reference : str
        Reference of this transaction (BHT03), unlike any other of the submitter.
    moment : datetime
        When it is made.
    submitter, receiver : str
        Electronic ids (NM109 of 1000A and 1000B): the tax number of who bills, the id of the payer.
    place : str
        Place of service of lines that say none.
    """

    reference: str
    moment: datetime
    submitter: str = ""
    receiver: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """A transaction set without its envelope, and the ids of both ends."""

    version: str
    segments: tuple[Segment, ...]
    submitter: str
    receiver: str
    control: str


def claim_set(claim: Json, resolve: Resolve, sending: Sending, delimiters: Delimiters) -> ClaimSet:
    """The 837 of a Claim.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` for a Claim that is not to be sent, ``required`` or ``value`` with an issue for
        everything that is missing or cannot be written.
    """
    kind = _sendable(claim)
    elements = Elements(delimiters)
    source = Source(claim, resolve, elements, sending.place)
    made = _set(source, sending, kind)
    elements.require_none("the claim")
    return made


def _sendable(claim: Json) -> str:
    """The type of a Claim that may be sent."""
    if claim.get("use") != "claim":
        raise OperationOutcomeError(
            "business-rule", "an 837 asks for payment: only a claim is sent so", "Claim.use"
        )
    if claim.get("status") not in SENT:
        raise OperationOutcomeError(
            "business-rule", "only a claim that a person has approved is sent", "Claim.status"
        )
    for _, code in codings(claim.get("type")):
        if code in KINDS:
            return code
    raise OperationOutcomeError(
        "not-supported", "only professional and institutional claims are written", "Claim.type"
    )


def _set(source: Source, sending: Sending, kind: str) -> ClaimSet:
    guide, write_claim, write_lines = KINDS[kind]
    claim = source.claim
    billing = source.party(claim.get("provider"), "Claim.provider", "the billing provider")
    patient = source.party(claim.get("patient"), "Claim.patient", "the patient")
    insured = _insured(source, patient)
    payer = _payer(source, insured)
    ends = (
        sending.submitter or _tax_id(billing, source.elements),
        sending.receiver or (payer_id(payer) if payer else ""),
    )
    body = [
        *_header(sending),
        *_submitter(billing, ends[0], source.elements),
        *_receiver(payer, ends[1], source.elements),
        *_billing(billing, source.elements),
        *_levels(source, insured, payer),
        *write_claim(source, billing),
        *_others(insured),
        *write_lines(source),
    ]
    control = claim_loop.patient_control_number(source)
    return ClaimSet(guide, tuple(body), *ends, control)


def _header(sending: Sending) -> list[Segment]:
    moment = sending.moment
    day, time = f"{moment:%Y%m%d}", f"{moment:%H%M}"
    return [segment("BHT", "0019", "00", sending.reference, day, time, "CH")]


def _submitter(billing: Party | None, id_: str, elements: Elements) -> list[Segment]:
    """Loop 1000A: who bills sends."""
    if billing is None:
        return []
    return [
        name_segment("41", billing, elements, "46", id_, suffix=False),
        *contact(billing, elements),
    ]


def _receiver(payer: Party | None, id_: str, elements: Elements) -> list[Segment]:
    """Loop 1000B."""
    return [] if payer is None else [name_segment("40", payer, elements, "46", id_)]


def _tax_id(billing: Party | None, elements: Elements) -> str:
    found = tax_number(billing, elements) if billing is not None else []
    return found[0].at(2) if found else ""


def _billing(billing: Party | None, elements: Elements) -> list[Segment]:
    """Loops 2000A and 2010AA."""
    if billing is None:
        return []
    return [
        segment("HL", "1", "", "20", "1"),
        *claim_loop.taxonomy("BI", billing, elements),
        provider_name("85", billing, elements),
        *address(billing, elements, long_zip=True),
        *tax_number(billing, elements),
    ]


def _insured(source: Source, patient: Party | None) -> list[Insured]:
    """The coverages, the focal one first; it must be the one that pays first."""
    found = source.insurances()
    if not source.claim.get("insurance"):
        source.elements.missing("Claim.insurance", "a coverage")
    if patient is None:
        return []
    for entry in found[1:]:
        if entry.entry.get("focal"):
            source.elements.faults.append(
                (
                    "not-supported",
                    "a claim to another than the primary payer needs what that one has paid",
                    f"{entry.at}.focal",
                )
            )
    return [Insured(source, entry, patient) for entry in found]


def _payer(source: Source, insured: Sequence[Insured]) -> Party | None:
    insurer = source.claim.get("insurer")
    if insurer:
        return source.party(insurer, "Claim.insurer", "the payer")
    return insured[0].payor() if insured else None


def _levels(source: Source, insured: Sequence[Insured], payer: Party | None) -> list[Segment]:
    """Loops 2000B with 2010BA and 2010BB, and 2000C with 2010CA where the patient is another."""
    if not insured:
        return []
    first = insured[0]
    made = [
        segment("HL", "2", "1", "22", "0" if first.is_patient else "1"),
        first.level(),
        *first.subscriber_name(),
        *first.payer(payer),
    ]
    if not first.is_patient:
        made += [segment("HL", "3", "2", "23", "0"), *first.patient_segments()]
    return made


def _others(insured: Sequence[Insured]) -> list[Segment]:
    """Loops 2320: who may pay after the first."""
    return [one for order, other in enumerate(insured[1:], 1) for one in other.other(order)]
