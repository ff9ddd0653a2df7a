"""What a person sees of a Claim and its payer, and the way on which he sends it."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.store import Store, Transaction
from gateway.page import words
from gateway.payers import Payers
from gateway.submission import is_with_payer, queue_submission
from profiles.outcome import OperationOutcomeError
from profiles.task import FOLLOW_UP, INQUIRE, SUBMIT, code_of, input_of

MOST: Final = 100
_SHOWN: Final = {SUBMIT.code, INQUIRE.code}


def send(tx: Transaction, claim_id: str, payers: Payers | None, *, resend: bool = False) -> str:
    """Queue a Claim for its payer, which has to be known; the id of its Task.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` where no Claims are sent, and what ``queue_submission`` and the choice of the
        payer are refused for.
    """
    if payers is None:
        raise OperationOutcomeError("not-supported", "this gateway sends no Claims")

    def read(kind: str, resource_id: str) -> dict[str, Any] | None:
        stored = tx.read(kind, resource_id)
        return None if stored is None else stored.json()

    claim = tx.require("Claim", claim_id).json()
    payers.of_claim(claim, read)
    return queue_submission(tx, claim, resend=resend)


def payer_content(store: Store, claim: Mapping[str, Any], payers: Payers | None) -> dict[str, Any]:
    """Submissions, answers and open Tasks of a Claim, the newest first, and whether it may be sent."""
    newest = [("focus", f"Claim/{claim['id']}"), ("_sort", "-_lastUpdated")]
    tasks = [match.json() for match in store.search("Task", newest, count=MOST).matches]
    sent = [task for task in tasks if code_of(task) in _SHOWN]
    wanted = [("request", f"Claim/{claim['id']}"), ("_sort", "-_lastUpdated")]
    answers = [match.json() for match in store.search("ClaimResponse", wanted, count=MOST).matches]
    for answer in answers:
        about = [("focus", f"ClaimResponse/{answer['id']}")]
        tasks += [match.json() for match in store.search("Task", about, count=MOST).matches]
    submissions = [task for task in sent if code_of(task) == SUBMIT.code]
    return {
        "submissions": [_line(task) for task in sent],
        "answers": answers,
        "follow_ups": [
            {**_line(task), "reasons": _reasons(task)}
            for task in tasks
            if code_of(task) == FOLLOW_UP.code and task["status"] == "requested"
        ],
        "may_send": (
            claim["status"] == "active"
            and not any(map(is_with_payer, submissions))
            and payers is not None
            and payers.leads_out(claim, payers.read)
        ),
    }


def _line(task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": task["id"],
        "name": words(task["code"]),
        "state": words(task["businessStatus"]),
        "changed": task["lastModified"],
        "reason": words(task.get("statusReason")) or words(task.get("reasonCode")),
    }


def _reasons(task: Mapping[str, Any]) -> list[str]:
    """The codes by which a payer says why."""
    found = (one["valueCodeableConcept"].get("coding", ()) for one in input_of(task, "reason"))
    return [str(coding.get("code", "")) for codings in found for coding in codings]
