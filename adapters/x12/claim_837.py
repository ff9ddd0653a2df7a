"""An approved Claim as an X12 837 transaction set: header, providers, insured, claim, lines.

Professional claims follow 005010X222A1, institutional ones 005010X223A2.

Either everything that the guide needs is there, or every missing element is said with its FHIRPath.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.x12 import claim_loop, institutional, professional, service_lines
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
from adapters.x12.prior_payment import PriorPayment
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
    priors = _priors(source, insured)
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
        *_others(insured, priors),
        *write_lines(source, list(priors.values())),
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
    """The coverages in the order in which they pay."""
    found = source.insurances()
    if not source.claim.get("insurance"):
        source.elements.missing("Claim.insurance", "a coverage")
    return [] if patient is None else [Insured(source, entry, patient) for entry in found]


def _asked(insured: Sequence[Insured]) -> int:
    """Place of the coverage that the claim is for."""
    return next((at for at, one in enumerate(insured) if one.focal), 0)


def _payer(source: Source, insured: Sequence[Insured]) -> Party | None:
    insurer = source.claim.get("insurer")
    if insurer:
        return source.party(insurer, "Claim.insurer", "the payer")
    return insured[_asked(insured)].payor() if insured else None


def _levels(source: Source, insured: Sequence[Insured], payer: Party | None) -> list[Segment]:
    """Loops 2000B with 2010BA and 2010BB, and 2000C with 2010CA where the patient is another."""
    if not insured:
        return []
    order = _asked(insured)
    own = insured[order]
    made = [
        segment("HL", "2", "1", "22", "0" if own.is_patient else "1"),
        own.level(order),
        *own.subscriber_name(),
        *own.payer(payer),
    ]
    if not own.is_patient:
        made += [segment("HL", "3", "2", "23", "0"), *own.patient_segments()]
    return made


def _priors(source: Source, insured: Sequence[Insured]) -> dict[int, PriorPayment]:
    """What the payers before the one that is asked have paid, by their place."""
    found = {at: one.prior_payment() for at, one in enumerate(insured[: _asked(insured)])}
    priors = {at: prior for at, prior in found.items() if prior is not None}
    for prior in priors.values():
        prior.require_balance(service_lines.total(source))
    return priors


def _others(insured: Sequence[Insured], priors: Mapping[int, PriorPayment]) -> list[Segment]:
    """Loops 2320: who has paid before, and who may pay after."""
    own = _asked(insured)
    return [
        one
        for order, other in enumerate(insured)
        if order != own
        for one in other.other(order, priors.get(order))
    ]
