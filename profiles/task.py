"""A job is a FHIR Task (R4 task.html): its codes, its making and its transitions.

``requested`` (receiving or waiting) → ``in-progress`` (leased by a lane) → ``completed`` | ``failed``
| ``cancelled``. The lease itself is a column of the queue, not an element: it changes too often to be
a version. ``businessStatus`` says what a person would ask for: receiving, queued, running,
awaiting-review, accepted, modified, rejected, superseded, withdrawn, dead-letter.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from terminology.coding import Code, concept
from terminology.systems import TASK_CODE, TASK_STATE

ANALYZE: Final = Code(TASK_CODE, "analyze", "Analyze an imaging study")
CODE: Final = Code(TASK_CODE, "code", "Code clinical documents")
TRANSCRIBE: Final = Code(TASK_CODE, "transcribe", "Draft a note from a recorded visit")
FETCH: Final = Code(TASK_CODE, "fetch", "Fetch an imaging study from its DICOMweb endpoint")
OPERATION: Final = Code(TASK_CODE, "operation", "Run a FHIR operation")
REVIEW: Final = Code(TASK_CODE, "review", "Review an AI result")
SUBMIT: Final = Code(TASK_CODE, "submit", "Submit a Claim to its payer")
INQUIRE: Final = Code(TASK_CODE, "inquire", "Ask the payer what became of a Claim")
ADJUDICATE: Final = Code(TASK_CODE, "adjudicate", "Decide on a Claim that was received")
FOLLOW_UP: Final = Code(TASK_CODE, "payer-follow-up", "Follow up what a payer has said")

STATES: Final = {
    code: Code(TASK_STATE, code, display)
    for code, display in {
        "receiving": "Receiving",
        "queued": "Queued",
        "running": "Running",
        "retrying": "Retrying after an error",
        "done": "Done",
        "not-analysed": "Not analysed",
        "refused": "Analysis refused",
        "held": "Held: a person has already decided",
        "superseded": "Superseded by a newer result",
        "withdrawn": "Cancelled by its client",
        "awaiting-review": "Awaiting review",
        "accepted": "Accepted",
        "modified": "Accepted with changes",
        "rejected": "Rejected",
        "dead-letter": "Given up after repeated errors",
        "sending": "Being sent to the payer",
        "ambiguous": "Sent, and not known whether it arrived",
        "answered": "Answered by the payer",
        "pended": "Pended by the payer",
        "denied": "Denied by the payer",
        "payer-refused": "Refused by the payer",
        "awaiting-person": "Awaiting a person",
    }.items()
}

UNDONE: Final = frozenset({"not-analysed", "refused", "dead-letter"})
"""States in which a job has ended without a result."""

TRANSITIONS: Final[Mapping[str, frozenset[str]]] = {
    "requested": frozenset({"requested", "in-progress", "cancelled", "completed", "failed"}),
    "in-progress": frozenset({"requested", "in-progress", "completed", "failed", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}


def new_task(
    task_id: str,
    code: Code,
    focus: str,
    moment: datetime,
    *,
    state: str = "queued",
    reason: str | None = None,
    patient: str | None = None,
    inputs: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    """A ``requested`` Task on one focus reference."""
    task: dict[str, Any] = {
        "resourceType": "Task",
        "id": task_id,
        "status": "requested",
        "businessStatus": concept(STATES[state]),
        "intent": "order",
        "code": concept(code),
        "focus": {"reference": focus},
        "authoredOn": instant(moment),
        "lastModified": instant(moment),
    }
    if patient is not None:
        task["for"] = {"reference": patient}
    if reason is not None:
        task["reasonCode"] = {"text": reason}
    if inputs:
        task["input"] = list(inputs)
    return task


def moved(
    task: Mapping[str, Any],
    status: str,
    state: str,
    moment: datetime,
    *,
    reason: str | None = None,
    outputs: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    """The next version of a Task.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when the Task has already ended or may not take this step.
    """
    if status not in TRANSITIONS[task["status"]]:
        raise OperationOutcomeError(
            "conflict", f"a {task['status']} Task cannot become {status}", "Task.status"
        )
    after = {
        **task,
        "status": status,
        "businessStatus": concept(STATES[state]),
        "lastModified": instant(moment),
    }
    if reason is None:
        after.pop("statusReason", None)
    else:
        after["statusReason"] = {"text": reason}
    if outputs:
        after["output"] = [*task.get("output", ()), *outputs]
    return after


def item(name: str, **value: Any) -> dict[str, Any]:
    """One ``Task.input`` or ``Task.output``: ``item("report", valueReference={...})``."""
    return {"type": {"text": name}, **value}


def code_of(task: Mapping[str, Any]) -> str:
    """The Task's own code, empty when it has none of ours."""
    codings = task.get("code", {}).get("coding", ())
    return next((c["code"] for c in codings if c.get("system") == TASK_CODE), "")


def input_of(task: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The inputs of one name."""
    return [entry for entry in task.get("input", ()) if entry.get("type", {}).get("text") == name]


def why_undone(task: Mapping[str, Any]) -> str:
    """Why a job of ours has ended without its result; empty for one that has not, or that has one."""
    codings = task.get("businessStatus", {}).get("coding") or [{}]
    state = codings[0].get("code", "")
    if task.get("status") not in ("completed", "failed") or state not in UNDONE:
        return ""
    said = [one for one in task.get("output", ()) if one.get("type", {}).get("text") == "reason"]
    texts = [str(one.get("valueString", "")) for one in said]
    texts.append(str(task.get("statusReason", {}).get("text", "")))
    return next(filter(None, texts), str(codings[0].get("display", "")))
