"""A person's decision on a Claim that was received: what it makes of the answer (R4 claimresponse.html).

accepted → complete, every line eligible as submitted; rejected → complete, nothing eligible, with the reason;
modified → the person's own adjudication. Amounts that a plan's benefits come to are not ours to compute.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.uids import derived_id
from terminology.adjudication import ELIGIBLE, SUBMITTED
from terminology.coding import Code, concept
from terminology.payer import NOT_CERTIFIED, REVIEW_ACTION, REVIEW_ACTION_CODE, REVIEW_ACTIONS
from terminology.systems import DECISION, PROVENANCE_PARTICIPANT

ACCEPTED: Final = "accepted"
MODIFIED: Final = "modified"
REJECTED: Final = "rejected"
CERTIFIED: Final = "A1"
_FIXED: Final = frozenset(
    {
        *("resourceType", "id", "meta", "identifier", "status", "type", "use", "patient"),
        *("created", "insurer", "requestor", "request", "preAuthRef"),
    }
)
"""What an edit cannot change: whose answer it is, and to what."""
_OUTCOMES: Final = frozenset({"complete", "partial"})


def decided_response(
    response: Mapping[str, Any],
    claim: Mapping[str, Any],
    decision: str,
    reason: str,
    performer: Mapping[str, Any],
    edits: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The answer after a decision.

    Raises
    ------
    OperationOutcomeError
        ``code-invalid`` for an unknown decision, ``required`` for a rejection without a reason,
        ``business-rule`` for edits that do not fit.
    """
    _require_consistent(response, decision, reason, edits)
    name = performer.get("display") or performer.get("reference")
    said = f"{decision.title()} by {name}." + (f" {reason}" if reason else "")
    after = {**response, "outcome": "complete", "disposition": said}
    if decision == MODIFIED:
        changed = {key: value for key, value in edits[0].items() if key not in _FIXED}
        after = {**after, **changed}
        if after["outcome"] not in _OUTCOMES:
            raise OperationOutcomeError(
                "business-rule", "a decision is complete or partial", "ClaimResponse.outcome"
            )
        return after
    after["item"] = [_item(line, decision, reason, claim) for line in _numbered(claim)]
    submitted = [one for one in response.get("total", ()) if "amount" in one]
    if submitted:
        amount = dict(submitted[0]["amount"])
        eligible = amount if decision == ACCEPTED else {**amount, "value": 0}
        after["total"] = [submitted[0], {"category": concept(ELIGIBLE), "amount": eligible}]
    if not after["item"]:
        after.pop("item")
    return after


def _require_consistent(
    response: Mapping[str, Any], decision: str, reason: str, edits: Sequence[Mapping[str, Any]]
) -> None:
    if decision not in (ACCEPTED, MODIFIED, REJECTED):
        raise OperationOutcomeError(
            "code-invalid", "the decision is accepted, modified or rejected", "decision"
        )
    if decision == REJECTED and not reason:
        raise OperationOutcomeError("required", "a rejection has a reason", "reason")
    own = [
        one
        for one in edits
        if one.get("resourceType") == "ClaimResponse" and one.get("id") == response["id"]
    ]
    if (decision == MODIFIED) != (len(own) == 1) or len(own) != len(edits):
        raise OperationOutcomeError(
            "business-rule",
            "the edited ClaimResponse comes with the decision modified, and only with it",
            "resource",
        )


def _numbered(claim: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [line for line in claim.get("item", ()) if "sequence" in line]


def _item(
    line: Mapping[str, Any], decision: str, reason: str, claim: Mapping[str, Any]
) -> dict[str, Any]:
    submitted: dict[str, Any] = {"category": concept(SUBMITTED)}
    eligible: dict[str, Any] = {"category": concept(ELIGIBLE)}
    net = line.get("net")
    if net:
        submitted["amount"] = net
        eligible["amount"] = net if decision == ACCEPTED else {**net, "value": 0}
    if decision == REJECTED:
        eligible["reason"] = {"text": reason}
    if claim.get("use") == "preauthorization":
        eligible["extension"] = [_action(CERTIFIED if decision == ACCEPTED else NOT_CERTIFIED)]
    return {"itemSequence": line["sequence"], "adjudication": [submitted, eligible]}


def _action(code: str) -> dict[str, Any]:
    """PAS: what a review of an authorization came to (X12 element 306)."""
    coding = {"system": REVIEW_ACTIONS, "code": code}
    said = {"url": REVIEW_ACTION_CODE, "valueCodeableConcept": {"coding": [coding]}}
    return {"url": REVIEW_ACTION, "extension": [said]}


def verdict_provenance(
    response: Mapping[str, Any],
    decision: str,
    reason: str,
    performer: Mapping[str, Any],
    moment: datetime,
) -> dict[str, Any]:
    """Who decided."""
    verifier = Code(PROVENANCE_PARTICIPANT, "verifier", "Verifier")
    said = {"reason": [{"text": reason}]} if reason else {}
    return {
        "resourceType": "Provenance",
        "id": derived_id("Provenance", "verdict", str(response["id"]), instant(moment)),
        "target": [{"reference": f"ClaimResponse/{response['id']}"}],
        "recorded": instant(moment),
        **said,
        "activity": concept(Code(DECISION, decision, decision.title())),
        "agent": [{"type": concept(verifier), "who": dict(performer)}],
    }
