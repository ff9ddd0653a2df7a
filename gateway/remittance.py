"""Remittances of payers (X12 835) become answers to our Claims, in one transaction per file.

A claim is ours when one approved Claim has the patient control number among its identifiers. What is not
ours, and what does not add up, is written into the PaymentReconciliation and asked of a person; nothing is
dropped.
What a file has brought once is not written again.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from adapters.store import Transaction
from adapters.x12.claim_837 import SENT
from gateway.claim_x12 import EDI
from profiles.builders.remittance import (
    claim_response,
    payment_reconciliation,
    reconciliation_id,
    unmatched_lines,
)
from profiles.exact_json import dumps_exact, loads_exact
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.payer_answer import reasons, verdict
from profiles.remittance_balance import imbalances
from profiles.remittance_records import PaidClaim, Remittance
from profiles.task import FOLLOW_UP, item, moved, new_task
from profiles.uids import derived_id
from terminology.coding import Code, concept
from terminology.systems import PAYER_EXCHANGE, PROVENANCE_PARTICIPANT
from terminology.x12 import CLAIM_STATUS_CODE, PAYER_CONTROL, REVERSED

Json = dict[str, Any]

CAUSES: Final = {
    "denied": "The payer has denied the Claim",
    "partly-denied": "The payer has denied a part of the Claim",
    "unmatched": "A payment names claims that are not here",
    "unbalanced": "A remittance does not add up",
}
_MAGIC: Final = "\\|,$"
"""Signs of a search value that are written with a backslash (R4 search.html#escaping)."""


@dataclass(slots=True)
class Imported:
    """What a file has made: references of everything that it is about, and what a person must know."""

    references: list[str] = field(default_factory=list)
    findings: list[tuple[str, str]] = field(default_factory=list)
    changed: int = 0


def import_remittances(tx: Transaction, text: str, remittances: Sequence[Remittance]) -> Imported:
    """Write everything that a file says.

    Parameters
    ----------
    text : str
        The file, which is kept.
    remittances : sequence of Remittance
        What was read in it, before the transaction began: a long file must not hold up other writers.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` for a payment that was imported before and said otherwise; then nothing is written.
    """
    made = Imported()
    source = _kept(tx, text)
    for remittance in remittances:
        _import(tx, remittance, source, made)
    return made


def _kept(tx: Transaction, text: str) -> str:
    """Keep the file as it came, once; the reference of its Binary."""
    binary_id = derived_id("x12-835", hashlib.sha256(text.encode()).hexdigest())
    if tx.current("Binary", binary_id) is None:
        data = base64.b64encode(text.encode()).decode()
        tx.put({"resourceType": "Binary", "id": binary_id, "contentType": EDI, "data": data})
    return f"Binary/{binary_id}"


def _import(tx: Transaction, remittance: Remittance, source: str, made: Imported) -> None:
    unbalanced = [
        (f"claim {number}: {text}" if number else text) for number, text in imbalances(remittance)
    ]
    findings = list(unbalanced)
    responses: dict[int, Json] = {}
    before = made.changed
    issuer: Mapping[str, Any] | None = None
    for paid in remittance.claims:
        claim, why = _claim(tx, paid)
        if claim is None:
            findings.append(f"claim {paid.number} (segment {paid.segment}): {why}")
            continue
        issuer = issuer or claim.get("insurer")
        findings += _differences(paid, claim)
        responses[paid.number] = _answer(tx, remittance, paid, claim, made)
        if paid.status == REVERSED and not _taken_back(tx, responses[paid.number]):
            findings.append(f"claim {paid.number}: what it takes back was never imported")
    payment = payment_reconciliation(remittance, responses, issuer, findings)
    made.changed += _put_changed(tx, payment)
    reference = f"PaymentReconciliation/{payment['id']}"
    made.references += [reference, *_references(responses)]
    made.findings += [(reference, text) for text in findings]
    if made.changed > before:
        tx.put(_provenance(tx, remittance, source, [reference, *_references(responses)]))
    if len(responses) < len(remittance.claims):
        _ask(tx, "unmatched", reference)
    if unbalanced:
        _ask(tx, "unbalanced", reference)


def _references(responses: Mapping[int, Json]) -> list[str]:
    return [f"ClaimResponse/{one['id']}" for one in responses.values()]


def _claim(tx: Transaction, paid: PaidClaim) -> tuple[Json | None, str]:
    """The approved Claim that a payer speaks of, else why there is none."""
    value = "".join(f"\\{sign}" if sign in _MAGIC else sign for sign in paid.control)
    found = [tx.require("Claim", one) for one in tx.find("Claim", "identifier", value)]
    claims: list[Json] = [loads_exact(one.body) for one in found]
    sent = [one for one in claims if one.get("status") in SENT and one.get("use") == "claim"]
    if len(sent) == 1:
        return sent[0], ""
    if sent:
        return None, "several Claims have this patient control number"
    return None, "no approved Claim has this patient control number"


def _differences(paid: PaidClaim, claim: Json) -> list[str]:
    """Where the payer's view of the Claim is not ours."""
    found = []
    said = claim.get("total", {}).get("value")
    if said is not None and abs(paid.charge) != Decimal(repr(said)):
        found.append(f"claim {paid.number}: its charge is not the total of the Claim")
    if lines := len(unmatched_lines(paid, claim)):
        found.append(f"claim {paid.number}: {lines} lines are none of the Claim's")
    return found


def _answer(
    tx: Transaction, remittance: Remittance, paid: PaidClaim, claim: Json, made: Imported
) -> Json:
    """The ClaimResponse of a claim; one that an earlier import has written stays as it is now."""
    response = claim_response(remittance, paid, claim)
    stored = tx.read("ClaimResponse", response["id"])
    if stored is not None:
        known: Json = loads_exact(stored.body)
        _require_same(known, response)
        return known
    if paid.status == REVERSED:
        _take_back(tx, response)
    tx.put(response)
    made.changed += 1
    said = verdict(response)
    if paid.status != REVERSED and said in CAUSES:
        _ask(tx, said, f"ClaimResponse/{response['id']}", response)
    return response


def _require_same(known: Json, response: Json) -> None:
    """Refuse another content under the number of a payment that was imported before."""
    for name in ("identifier", "extension", "total", "payment"):
        if known.get(name) != loads_exact(dumps_exact(response)).get(name):
            raise OperationOutcomeError(
                "conflict", "a payment of this number was imported before and said otherwise"
            )


def _take_back(tx: Transaction, reversal: Json) -> None:
    """Cancel the earlier answers that a reversal is about, and what they have asked of a person.

    The reversal itself stays: its amounts are part of a payment.
    """
    for earlier in _earlier(tx, reversal):
        if earlier["status"] == "active":
            tx.put({**earlier, "status": "cancelled"})
            for cause in ("denied", "partly-denied"):
                _settle(tx, cause, f"ClaimResponse/{earlier['id']}")


def _taken_back(tx: Transaction, reversal: Json) -> bool:
    return any(one["status"] == "cancelled" for one in _earlier(tx, reversal))


def _earlier(tx: Transaction, reversal: Json) -> list[Json]:
    """What earlier remittances have said of the same Claim under the same number of the payer."""
    numbers = _numbers(reversal)
    found = tx.find("ClaimResponse", "request", reversal["request"]["reference"])
    known = [loads_exact(tx.require("ClaimResponse", one).body) for one in found]
    return [
        one
        for one in known
        if _status(one) not in ("", REVERSED)
        and (not numbers or not _numbers(one) or bool(numbers & _numbers(one)))
    ]


def _numbers(response: Json) -> set[str]:
    identifiers = response.get("identifier", ())
    return {str(one["value"]) for one in identifiers if one.get("system") == PAYER_CONTROL}


def _status(response: Json) -> str:
    """CLP02 of an answer that a remittance has brought; empty for any other."""
    marks = [m for m in response.get("extension", ()) if m.get("url") == CLAIM_STATUS_CODE]
    return str(marks[0]["valueCoding"]["code"]) if marks else ""


def _put_changed(tx: Transaction, resource: Json) -> int:
    """Write the next version, if it says anything new; how many were written."""
    stored = tx.read(resource["resourceType"], resource["id"])
    if stored is not None:
        before = loads_exact(stored.body)
        before.pop("meta", None)
        if before == loads_exact(dumps_exact(resource)):
            return 0
    tx.put(resource)
    return 1


def _provenance(tx: Transaction, remittance: Remittance, source: str, targets: list[str]) -> Json:
    """Where the answers come from: the payer, in the file that is kept."""
    return {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", reconciliation_id(remittance)),
        "target": [{"reference": target} for target in targets],
        "recorded": instant(tx.moment),
        "agent": [
            {
                "type": concept(Code(PROVENANCE_PARTICIPANT, "author", "Author")),
                "who": {"display": remittance.payer or "a payer"},
            }
        ],
        "entity": [{"role": "source", "what": {"reference": source}}],
    }


def _settle(tx: Transaction, cause: str, focus: str) -> None:
    """Close what a person was asked, where a later answer has settled it."""
    stored = tx.read("Task", derived_id("follow-up", focus, cause))
    if stored is not None and stored.json()["status"] == "requested":
        tx.put(moved(stored.json(), "completed", "done", tx.moment, reason="settled since"))


def _ask(tx: Transaction, cause: str, focus: str, response: Json | None = None) -> None:
    """Ask a person to look after something, once."""
    task_id = derived_id("follow-up", focus, cause)
    if tx.current("Task", task_id) is not None:
        return
    said = [] if response is None else reasons(response)
    inputs = (
        item("cause", valueCodeableConcept=concept(Code(PAYER_EXCHANGE, cause, CAUSES[cause]))),
        *(item("reason", valueCodeableConcept=one) for one in said),
    )
    patient = None if response is None else response["patient"].get("reference")
    task = new_task(
        task_id,
        FOLLOW_UP,
        focus,
        tx.moment,
        state="awaiting-person",
        reason=CAUSES[cause],
        patient=patient,
        inputs=inputs,
    )
    tx.put(task)
