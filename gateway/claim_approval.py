"""Whether a Claim may leave the house: decided by a person, and whole enough for a payer."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.store import Transaction
from profiles.outcome import OperationOutcomeError
from profiles.scrub.claim_view import stated
from profiles.task import REVIEW, code_of
from terminology.ai_transparency import ASSERTED
from terminology.systems import PROVENANCE_PARTICIPANT

_UNDECIDED: Final = frozenset({"requested", "in-progress"})


def require_approved(tx: Transaction, claim: Mapping[str, Any]) -> None:
    """Refuse a Claim that nobody has approved (``business-rule``, with what is missing)."""
    if claim.get("status") != "active":
        raise OperationOutcomeError(
            "business-rule",
            "only an active Claim is submitted: decide its review Task first (Task/[id]/$decide)",
            "Claim.status",
        )
    reference = f"Claim/{claim['id']}"
    for task_id in tx.find("Task", "focus", reference):
        task = tx.require("Task", task_id).json()
        if code_of(task) == REVIEW.code and task["status"] in _UNDECIDED:
            raise OperationOutcomeError(
                "business-rule", "the review of this Claim is not decided", "Claim.status"
            )
    if _is_asserted_by_ai(claim) and not _has_verifier(tx, reference):
        raise OperationOutcomeError(
            "business-rule",
            "an AI has asserted this Claim and no Provenance names a person who has verified it",
            "Claim.meta.security",
        )
    for name in ("patient", "insurer", "provider"):
        if not stated(claim.get(name)):
            raise OperationOutcomeError(
                "business-rule", f"a Claim without {name} cannot be submitted", f"Claim.{name}"
            )
    if not any(stated(one.get("coverage")) for one in claim.get("insurance", ())):
        raise OperationOutcomeError(
            "business-rule", "a Claim without coverage cannot be submitted", "Claim.insurance"
        )


def _is_asserted_by_ai(claim: Mapping[str, Any]) -> bool:
    labels = claim.get("meta", {}).get("security", ())
    return any((s.get("system"), s.get("code")) == (ASSERTED.system, ASSERTED.code) for s in labels)


def _has_verifier(tx: Transaction, reference: str) -> bool:
    for provenance_id in tx.find("Provenance", "target", reference):
        provenance = tx.require("Provenance", provenance_id).json()
        for agent in provenance["agent"]:
            codings = agent.get("type", {}).get("coding", ())
            if ("verifier", PROVENANCE_PARTICIPANT) in {(c["code"], c["system"]) for c in codings}:
                return True
    return False
