"""A named person decides: on a report, note or Claim that an AI has made, or on a Claim that was received.

Whatever the decision changes is one transaction. The Task is the guard: it ends once, so of two people who
decide at the same time the second is told that the review has ended (``conflict``).
"""

from dataclasses import dataclass
from typing import Any

from adapters.store import Transaction
from gateway.claim_decision import decide_claim
from gateway.decision import Decision
from gateway.follow_up import settle
from gateway.note_decision import decide_note
from gateway.report_decision import decide_report
from gateway.response_decision import decide_response
from gateway.settings import Settings
from profiles.outcome import OperationOutcomeError
from profiles.scrub.finding import Finding
from profiles.task import ADJUDICATE, FOLLOW_UP, REVIEW, code_of


@dataclass(frozen=True, slots=True)
class Decided:
    """The reference of what was decided on, and what the scrub of a Claim had to say."""

    reference: str
    findings: tuple[Finding, ...] | None = None


def apply_decision(
    tx: Transaction, task_id: str, decision: Decision, settings: Settings
) -> Decided:
    """Apply a decision inside a transaction.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` for a Task that is no review, ``conflict`` for one that has ended, and what the
        decision itself is refused for.
    """
    reference = _focus(tx.require("Task", task_id).json())
    # Another process may decide on the same thing, or write its next draft: what counts is read afterwards.
    tx.exclusive(f"review:{reference}")
    task = tx.require("Task", task_id).json()
    if code_of(task) not in (REVIEW.code, ADJUDICATE.code, FOLLOW_UP.code):
        raise OperationOutcomeError(
            "business-rule", "only a review Task can be decided", "Task.code"
        )
    if task["status"] != "requested" or _focus(task) != reference:
        raise OperationOutcomeError("conflict", "this review has already ended", "Task.status")
    if code_of(task) == FOLLOW_UP.code:
        settle(tx, task, decision)
        return Decided(reference)
    if (decision.sections or decision.speakers) and not reference.startswith("Composition/"):
        raise OperationOutcomeError(
            "business-rule", "only a note has sections and speakers", "section"
        )
    if reference.startswith("Claim/"):
        return Decided(*decide_claim(tx, task, decision, settings))
    if reference.startswith("Composition/"):
        decide_note(tx, task, decision, settings)
    elif reference.startswith("ClaimResponse/"):
        decide_response(tx, task, decision)
    else:
        decide_report(tx, task, decision)
    return Decided(reference)


def _focus(task: dict[str, Any]) -> str:
    return str(task.get("focus", {}).get("reference", ""))
