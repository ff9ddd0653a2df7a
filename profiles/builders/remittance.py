"""A remittance becomes a ClaimResponse per claim of ours and one PaymentReconciliation (R4).

The ids are functions of payer and payment, so that a file that comes twice makes the same resources.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from profiles.builders.remittance_lines import (
    BENEFIT,
    SUBMITTED,
    added,
    adjudicated,
    amount,
    matched,
    money,
    reason,
)
from profiles.remittance_records import PaidClaim, PaidLine, ProviderAdjustment, Remittance
from profiles.uids import derived_id
from terminology.x12 import (
    CLAIM_STATUS,
    CLAIM_STATUS_CODE,
    PATIENT_CONTROL,
    PAYER_CONTROL,
    PAYMENT_TRACE,
    PROVIDER_ADJUSTMENT,
    STATUS_TEXT,
)

Json = dict[str, Any]

_THO: Final = "http://terminology.hl7.org/CodeSystem"
_PAYMENT: Final = f"{_THO}/payment-type"
_MEMBER: Final = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication"


def response_id(remittance: Remittance, claim: PaidClaim) -> str:
    """Id of the ClaimResponse of one claim."""
    return derived_id("ClaimResponse", *_payment(remittance), str(claim.number))


def reconciliation_id(remittance: Remittance) -> str:
    """Id of the PaymentReconciliation."""
    return derived_id("PaymentReconciliation", *_payment(remittance))


def _payment(remittance: Remittance) -> tuple[str, str, str]:
    return "x12-835", remittance.originator, remittance.trace


def claim_response(remittance: Remittance, paid: PaidClaim, claim: Mapping[str, Any]) -> Json:
    """What the payer did with one Claim of ours."""
    notes = _Notes()
    currency = remittance.currency
    sequences = matched(paid.lines, claim.get("item", ()))
    items = [
        {
            "itemSequence": sequence,
            **notes.numbers(line.remarks),
            "adjudication": adjudicated(line, currency),
        }
        for line, sequence in zip(paid.lines, sequences, strict=True)
        if sequence is not None
    ]
    others = [
        {**added(line, currency), **notes.numbers(line.remarks)}
        for line, sequence in zip(paid.lines, sequences, strict=True)
        if sequence is None
    ]
    notes.numbers(paid.remarks)
    made: Json = {
        "resourceType": "ClaimResponse",
        "id": response_id(remittance, paid),
        "extension": [_status(paid)],
        "identifier": _identifiers(paid),
        "status": "active",
        "type": claim["type"],
        "use": "claim",
        "patient": claim["patient"],
        "created": remittance.date,
        "insurer": claim.get("insurer") or {"display": remittance.payer or "a payer"},
        "requestor": claim["provider"],
        "request": {"reference": f"Claim/{claim['id']}"},
        "outcome": "complete",
        "disposition": STATUS_TEXT.get(paid.status, "A status that is not known here"),
        "item": items,
        "addItem": others,
        "adjudication": [reason(one, currency) for one in paid.adjustments],
        "total": _totals(paid, currency),
        "payment": _paid(remittance, paid),
        "processNote": notes.listed(),
    }
    return {name: value for name, value in made.items() if value != []}


def _status(paid: PaidClaim) -> Json:
    return {
        "url": CLAIM_STATUS_CODE,
        "valueCoding": {"system": CLAIM_STATUS, "code": paid.status},
    }


def _identifiers(paid: PaidClaim) -> list[Json]:
    pairs = ((PAYER_CONTROL, paid.payer_control), (PATIENT_CONTROL, paid.control))
    return [{"system": system, "value": value} for system, value in pairs if value]


def _totals(paid: PaidClaim, currency: str) -> list[Json]:
    found = [amount(SUBMITTED, paid.charge, currency), amount(BENEFIT, paid.paid, currency)]
    if paid.patient_share is not None:
        coding = {"system": _MEMBER, "code": "memberliability"}
        share = money(paid.patient_share, currency)
        found.append({"category": {"coding": [coding]}, "amount": share})
    return found


def _paid(remittance: Remittance, paid: PaidClaim) -> Json:
    kind = "complete" if paid.paid == paid.charge else "partial"
    return {
        "type": {"coding": [{"system": f"{_THO}/ex-paymenttype", "code": kind}]},
        "date": remittance.date,
        "amount": money(paid.paid, remittance.currency),
        "identifier": {"system": PAYMENT_TRACE, "value": remittance.trace},
    }


class _Notes:
    """Remark codes (RARC), each once, with the numbers by which items name them."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def numbers(self, codes: Sequence[str]) -> Json:
        found = [self._codes.setdefault(code, len(self._codes) + 1) for code in codes]
        return {"noteNumber": found} if found else {}

    def listed(self) -> list[Json]:
        return [
            {"number": number, "type": "display", "text": code}
            for code, number in self._codes.items()
        ]


def payment_reconciliation(
    remittance: Remittance,
    responses: Mapping[int, Json],
    issuer: Mapping[str, Any] | None,
    findings: Sequence[str],
) -> Json:
    """The payment with what it pays, claims of nobody here included.

    Parameters
    ----------
    responses : mapping of int to ClaimResponse
        By the number of the claim in the remittance.
    issuer : Reference or None
        The payer, where one of our Claims names it.
    findings : sequence of str
        What does not add up, for people.
    """
    made: Json = {
        "resourceType": "PaymentReconciliation",
        "id": reconciliation_id(remittance),
        "identifier": [{"system": PAYMENT_TRACE, "value": remittance.trace}],
        "status": "active",
        "created": remittance.date,
        "paymentIssuer": issuer or {"display": remittance.payer or "a payer"},
        "outcome": "partial" if findings else "complete",
        "paymentDate": remittance.date,
        "paymentAmount": money(remittance.amount, remittance.currency),
        "paymentIdentifier": {"system": PAYMENT_TRACE, "value": remittance.trace},
        "detail": [
            *(_detail(remittance, paid, responses.get(paid.number)) for paid in remittance.claims),
            *(_adjustment(remittance, one) for one in remittance.adjustments),
        ],
        "processNote": [{"type": "display", "text": text} for text in findings],
    }
    return {name: value for name, value in made.items() if value != []}


def _detail(remittance: Remittance, paid: PaidClaim, response: Json | None) -> Json:
    made: Json = {
        "type": {"coding": [{"system": _PAYMENT, "code": "payment"}]},
        "date": remittance.date,
        "amount": money(paid.paid, remittance.currency),
    }
    identifiers = _identifiers(paid)
    if identifiers:
        made["identifier"] = identifiers[0]
    if response is None:
        return {**made, "request": {"identifier": identifiers[-1]}}
    return {
        **made,
        "request": response["request"],
        "response": {"reference": f"ClaimResponse/{response['id']}"},
    }


def _adjustment(remittance: Remittance, one: ProviderAdjustment) -> Json:
    """What was withheld (a positive amount of the payer's) or given beside the claims."""
    codings = [
        {"system": _PAYMENT, "code": "adjustment"},
        {"system": PROVIDER_ADJUSTMENT, "code": one.reason},
    ]
    made: Json = {
        "type": {"coding": codings},
        "date": remittance.date,
        "amount": money(-one.amount, remittance.currency),
    }
    return {**made, "identifier": {"value": one.reference}} if one.reference else made


def unmatched_lines(paid: PaidClaim, claim: Mapping[str, Any]) -> list[PaidLine]:
    """Lines that are none of the Claim's."""
    found = matched(paid.lines, claim.get("item", ()))
    return [line for line, at in zip(paid.lines, found, strict=True) if at is None]
