"""An approved Claim is queued for its payer: once per version, in the transaction that approves it.

The Task (code ``submit``) is the submission. Its outputs are its memory, in order: ``attempt`` (an instant,
durable before the first byte leaves), ``attempt-ended`` (how), ``request`` and ``answer`` (Binaries: what was
sent and what was said), ``response`` (the ClaimResponse). An attempt without an end was cut off: it may have
arrived, so the payer is asked before anything is sent again.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from adapters.store import Store, Transaction
from gateway.claim_approval import require_approved
from gateway.follow_up import follow_up
from profiles.builders.claim_bundle import derived_urn
from profiles.exact_json import loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.payer_answer import identifiers_of
from profiles.search.syntax import token_of
from profiles.task import SUBMIT, code_of, input_of, item, moved, new_task
from profiles.uids import derived_id

PAYER_LANE: Final = "payer"
OPEN: Final = frozenset({"requested", "in-progress"})
NOT_TAKEN: Final = frozenset({"unsent", "throttled", "refused"})
"""Ends of an attempt after which it is certain that the payer does not have the Claim."""

MANUAL: Final = "manual"
AUTO: Final = "auto"


def require_setting(claim_submission: str) -> None:
    """Refuse a value of the setting that is none (``value``): nothing is sent by mistake, or kept by one."""
    if claim_submission not in (MANUAL, AUTO):
        raise OperationOutcomeError(
            "value", f"claim_submission is {MANUAL} or {AUTO}", "claim_submission"
        )


def queue_submission(tx: Transaction, claim: Mapping[str, Any], *, resend: bool = False) -> str:
    """Queue a Claim for its payer; the id of its Task, the same one when it is queued already.

    Parameters
    ----------
    tx : Transaction
        That has written the Claim, or finds it as it is.
    claim : mapping
        The current version of an approved Claim.
    resend : bool
        Whether a person has made sure that the payer does not have what an ended submission has sent.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` when the Claim may not be sent, ``conflict`` when another version of it is with
        the payer.
    """
    claim_id = str(claim["id"])
    tx.exclusive(f"submit:{claim_id}")
    current = tx.require("Claim", claim_id)
    require_approved(tx, current.json())
    version = str(current.version)
    before = submissions(tx, claim_id)
    same = [task for task in before if version_of(task) == version]
    if any(is_with_payer(task) for task in before if task not in same):
        raise OperationOutcomeError(
            "conflict",
            "another version of this Claim is with the payer: a correction is a new Claim that names it "
            "in related",
            "Claim.related",
        )
    if same and not _was_in_vain(same[-1]):
        return str(same[-1]["id"])
    _require_own_name(tx, claim)
    refused = sum(_state(task) == "payer-refused" for task in same)
    key = submission_key(tx.secret, claim_id, version, refused)
    task_id = derived_id("submit", claim_id, version, str(len(same)))
    inputs = [item("idempotency-key", valueUri=key), item("version", valueString=version)]
    if any(map(may_be_there, same)) and not resend:
        inputs.append(item("after", valueReference={"reference": f"Task/{same[-1]['id']}"}))
    task = new_task(
        task_id,
        SUBMIT,
        f"Claim/{claim_id}",
        tx.moment,
        patient=claim.get("patient", {}).get("reference"),
        inputs=tuple(inputs),
    )
    tx.enqueue(task, lane=PAYER_LANE, ready_at=tx.moment, key=f"submit:{key}")
    return task_id


def _require_own_name(tx: Transaction, claim: Mapping[str, Any]) -> None:
    """Refuse a Claim that a payer could not tell from another that it has (``conflict``).

    The payer is asked by identifier what became of a Claim: of two with one identifier it would answer for
    either.
    """
    for pair in identifiers_of(claim):
        for other in tx.find("Claim", "identifier", token_of(*pair)):
            if other != claim["id"] and any(map(is_with_payer, submissions(tx, other))):
                raise OperationOutcomeError(
                    "conflict",
                    "another Claim of this identifier is with the payer",
                    "Claim.identifier",
                )


def submit_when_approved(tx: Transaction, claim: Mapping[str, Any], setting: str) -> None:
    """What a decision calls: where the site submits by itself, a Claim that cannot go out is a Task."""
    if setting != AUTO:
        return
    try:
        queue_submission(tx, claim)
    except OperationOutcomeError as error:
        subject = claim.get("patient", {}).get("reference")
        focus = f"Claim/{claim['id']}"
        failed = new_task(str(uuid4()), SUBMIT, focus, tx.moment, patient=subject)
        reason = error.diagnostics
        failed = moved(failed, "failed", "awaiting-person", tx.moment, reason=reason)
        tx.put(failed)
        follow_up(tx, failed, "not-sent", focus, text=reason)


def submission_key(secret: bytes, claim_id: str, version: str, refused: int = 0) -> str:
    """``urn:uuid`` of one version of a Claim: the same for every attempt, and at every place of a request.

    What a payer has refused is another request when it is made again: what went wrong was put right.
    """
    return derived_urn(secret, "submission", claim_id, version, str(refused))


def standing(task: Mapping[str, Any]) -> str:
    """What a submission's memory asks for next: ``send``, or ``ask`` whether the payer has it."""
    next_step = "ask" if input_of(task, "after") else "send"
    for output in task.get("output", ()):
        name = output["type"]["text"]
        if name == "attempt":
            next_step = "ask"
        elif name == "attempt-ended":
            next_step = "send" if output["valueCode"] in NOT_TAKEN else "ask"
        elif name == "inquired":
            next_step = "send"
    return next_step


def is_with_payer(task: Mapping[str, Any]) -> bool:
    """Whether the payer has the Claim of a submission, or may have it."""
    answered = task["status"] == "completed" and _state(task) != "payer-refused"
    return task["status"] in OPEN or answered or may_be_there(task)


def _was_in_vain(task: Mapping[str, Any]) -> bool:
    """Whether a submission has ended without reaching a payer that took it."""
    return task["status"] not in OPEN and not (
        task["status"] == "completed" and _state(task) != "payer-refused"
    )


def _state(task: Mapping[str, Any]) -> str:
    return str(task["businessStatus"]["coding"][0]["code"])


def may_be_there(task: Mapping[str, Any]) -> bool:
    """Whether an attempt was made of which nobody knows that it came to nothing."""
    return any(o["type"]["text"] == "attempt" for o in task.get("output", ())) and (
        standing(task) == "ask"
    )


def submissions(tx: Transaction, claim_id: str) -> list[dict[str, Any]]:
    """Every submission of a Claim, the oldest first."""
    found = [
        tx.require("Task", one).json() for one in tx.find("Task", "focus", f"Claim/{claim_id}")
    ]
    # One that could not even be queued has no version.
    return [task for task in found if code_of(task) == SUBMIT.code and "input" in task]


def claim_of(store: Store, task: Mapping[str, Any]) -> dict[str, Any]:
    """The version of the Claim that a submission is about, every digit as it was written."""
    claim_id = str(task["focus"]["reference"]).partition("/")[2]
    claim: dict[str, Any] = loads_exact(store.vread("Claim", claim_id, int(version_of(task))).body)
    return claim


def key_of(task: Mapping[str, Any]) -> str:
    """The idempotency key of a submission or inquiry."""
    return str(input_of(task, "idempotency-key")[0]["valueUri"])


def version_of(task: Mapping[str, Any]) -> str:
    """The version of the Claim that is submitted."""
    return str(input_of(task, "version")[0]["valueString"])
