"""A decision on a Claim that was received, inside one transaction: its answer, Provenance, Task."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.store import Transaction
from gateway.decision import Decision
from profiles.admission import require_admissible
from profiles.builders.claim_verdict import decided_response, verdict_provenance
from profiles.exact_json import loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.task import ADJUDICATE, code_of, item, moved

_DECIDED: Final = frozenset({"complete", "partial"})


def decide_response(tx: Transaction, task: dict[str, Any], decision: Decision) -> None:
    """Apply a decision to the answer that a Task is about, and end the Task."""
    if decision.codes:
        raise OperationOutcomeError(
            "business-rule", "the codes of a received Claim are its provider's", "code"
        )
    stored = tx.require("ClaimResponse", str(task["focus"]["reference"]).partition("/")[2])
    if decision.version is not None and decision.version != str(stored.version):
        raise OperationOutcomeError(
            "conflict", "the answer has a newer version than the one decided on", "version"
        )
    response = loads_exact(stored.body)
    claim = tx.require("Claim", str(response["request"]["reference"]).partition("/")[2])
    reason = decision.reason or ""
    after = decided_response(
        response,
        loads_exact(claim.body),
        decision.word,
        reason,
        decision.performer,
        decision.resources,
    )
    require_admissible(after)
    tx.put(after)
    tx.put(verdict_provenance(after, decision.word, reason, decision.performer, tx.moment))
    outputs = (
        item("decision", valueCode=decision.word),
        item("performer", valueReference=decision.performer),
    )
    tx.put(
        moved(task, "completed", decision.word, tx.moment, outputs=outputs, reason=reason or None)
    )


def settle_on_arrival(tx: Transaction, response: Mapping[str, Any]) -> None:
    """End the Task of an answer that the payer's own system has decided by an update."""
    if response.get("outcome") not in _DECIDED:
        return
    for task_id in tx.find("Task", "focus", f"ClaimResponse/{response['id']}"):
        stored = tx.read("Task", task_id)
        task = stored.json() if stored is not None else {}
        if task.get("status") == "requested" and code_of(task) == ADJUDICATE.code:
            tx.put(moved(task, "completed", "done", tx.moment))
