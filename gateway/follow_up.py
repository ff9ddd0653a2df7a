"""What a payer has said becomes work for a person: a Task with the reasons as codes (R4 task.html)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.store import Transaction
from gateway.decision import Decision
from profiles.note_decisions import ACCEPTED
from profiles.outcome import OperationOutcomeError
from profiles.payer_answer import codings_of, objects
from profiles.task import FOLLOW_UP, item, moved, new_task
from profiles.uids import derived_id
from terminology.coding import Code, concept
from terminology.systems import PAYER_EXCHANGE

ISSUE_TYPE: Final = "http://hl7.org/fhir/issue-type"

CAUSES: Final = {
    "pended": "The payer has pended the Claim",
    "denied": "The payer has denied the Claim",
    "partly-denied": "The payer has denied a part of the Claim",
    "error": "The payer could not process the Claim",
    "refused": "The payer has refused the request",
    "unreachable": "The payer cannot be reached",
    "unclear": "It is not known whether the payer has the Claim",
    "silent": "The payer does not say what became of a pended Claim",
    "not-sent": "The Claim could not be sent",
    "unusable": "The payer's answer is no valid resource; the original is kept",
}


def follow_up(
    tx: Transaction,
    submission: Mapping[str, Any],
    cause: str,
    focus: str,
    reasons: Sequence[Mapping[str, Any]] = (),
    text: str | None = None,
) -> None:
    """Ask a person to look after a submission, once for each cause.

    Parameters
    ----------
    tx : Transaction
        That writes what the person will see.
    submission : mapping
        The Task of the submission.
    cause : str
        A key of ``CAUSES``.
    focus : str
        Reference to what is to be looked at: the ClaimResponse, or the Claim.
    reasons : sequence of CodeableConcept
        The payer's own reasons (CARC, RARC, X12, OperationOutcome).
    text : str, optional
        More for people; never anything that came from outside.
    """
    task_id = _id(submission, cause)
    if tx.current("Task", task_id) is not None:
        return
    inputs = (
        item("cause", valueCodeableConcept=concept(Code(PAYER_EXCHANGE, cause, CAUSES[cause]))),
        item("submission", valueReference={"reference": f"Task/{submission['id']}"}),
        *(item("reason", valueCodeableConcept=dict(one)) for one in reasons),
    )
    task = new_task(
        task_id,
        FOLLOW_UP,
        focus,
        tx.moment,
        state="awaiting-person",
        reason=f"{CAUSES[cause]}: {text}" if text else CAUSES[cause],
        patient=submission.get("for", {}).get("reference"),
        inputs=inputs,
    )
    tx.put(task)


def no_longer(tx: Transaction, submission: Mapping[str, Any], *causes: str) -> None:
    """Close what a later answer has settled."""
    for cause in causes:
        stored = tx.read("Task", _id(submission, cause))
        if stored is not None and stored.json()["status"] == "requested":
            tx.put(moved(stored.json(), "completed", "done", tx.moment, reason="settled since"))


def settle(tx: Transaction, task: dict[str, Any], decision: Decision) -> None:
    """A person has looked after it: the Task ends, what it is about stays as it is.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` for any decision but ``accepted`` on the whole.
    """
    if decision != Decision(ACCEPTED, decision.performer, decision.reason, decision.version):
        raise OperationOutcomeError(
            "business-rule", "a follow-up is settled with the decision accepted alone", "decision"
        )
    outputs = (
        item("decision", valueCode=ACCEPTED),
        item("performer", valueReference=decision.performer),
    )
    tx.put(moved(task, "completed", "done", tx.moment, outputs=outputs, reason=decision.reason))


def issue_reasons(said: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The coded reasons of an OperationOutcome; its texts may quote a patient and stay in the original."""
    found = []
    for issue in objects((said or {}).get("issue")):
        code = issue.get("code")
        coded = [{"system": ISSUE_TYPE, "code": code}] if isinstance(code, str) and code else []
        details = codings_of(issue.get("details"))
        if details or coded:
            found.append({"coding": [*details, *coded]})
    return found


def _id(submission: Mapping[str, Any], cause: str) -> str:
    return derived_id("follow-up", str(submission["id"]), cause)
