"""The status of a job, for a client that polls (R4 async.html): 200, 202, 404, 409, 500.

A job that its client has cancelled, or whose result it has let go, is not found any more; its Task stays.
"""

from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Store, Transaction
from gateway.fhir_answer import base_of, fhir_json, http_date, resource_id, store_of, transact
from gateway.operations.code_result import code_result
from gateway.operations.job_result import drop_result, expiry
from gateway.operations.result_bundle import result_bundle
from profiles.outcome import OperationOutcomeError, outcome
from profiles.task import ANALYZE, CODE, OPERATION, SUBMIT, TRANSCRIBE, code_of, moved

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
_JOBS: Final = frozenset({ANALYZE.code, CODE.code, OPERATION.code, SUBMIT.code, TRANSCRIBE.code})
_DRAFTS: Final = ("report", "composition")
"""Outputs that name what an AI has drafted; it is answered with what belongs to it."""
_RESULTS: Final = ("result", "kept", "response")
"""Outputs that name what an operation has come to: made for the answer, or stored as the client wished, or
received from a payer."""


async def job_status(request: Request) -> Response:
    """How far a job is: 202 while it runs, then its result."""
    store, task_id = store_of(request), resource_id(request)
    task = _job(store, task_id)
    if task["status"] == "completed" and code_of(task) == CODE.code:
        return await code_result(request, task)
    if task["status"] in ENDED:
        return ended(request, task)
    display = store.note(f"progress:{task_id}") or task["businessStatus"]["coding"][0]["display"]
    return Response(status_code=202, headers={"X-Progress": display, "Retry-After": "1"})


async def cancel_job(request: Request) -> Response:
    """Cancel a job, or let go of its result (R4 async.html#delete): 202, and from then on 404."""
    task_id = resource_id(request)
    _job(store_of(request), task_id)

    def work(tx: Transaction) -> None:
        task = tx.require("Task", task_id).json()
        if task["status"] in ENDED:
            drop_result(tx, task)
        else:
            _require_at_rest(task)
            tx.cancel(task_id, moved(task, "cancelled", "withdrawn", tx.moment))
        tx.set_note(f"progress:{task_id}", None)
        tx.set_note(f"withdrawn:{task_id}", "yes")

    await transact(request, work)
    said = outcome("information", "informational", f"Task/{task_id} is cancelled")
    return fhir_json(request, said, 202)


def _job(store: Store, task_id: str) -> dict[str, Any]:
    """The Task of a job (``not-found`` when it is none, or its client has cancelled it)."""
    stored = store.current("Task", task_id)
    task = {} if stored is None or stored.deleted else stored.json()
    if code_of(task) not in _JOBS:
        raise OperationOutcomeError("not-found", "there is no job with this id")
    if store.note(f"withdrawn:{task_id}") is not None:
        raise OperationOutcomeError("not-found", "the job was cancelled by its client")
    until = expiry(task)
    if until is not None and until <= datetime.now(UTC):
        raise OperationOutcomeError("not-found", "the result of this job is not kept any more")
    return task


def _require_at_rest(task: dict[str, Any]) -> None:
    """Refuse to cancel what may have reached a payer: its answer would be lost (``conflict``)."""
    if any(output["type"]["text"] == "attempt" for output in task.get("output", ())):
        raise OperationOutcomeError("conflict", "the Claim may be with the payer already")


def ended(request: Request, task: dict[str, Any]) -> Response:
    """Answer with what an ended job has come to."""
    for output in task.get("output", ()):
        name = output["type"]["text"]
        if name in _DRAFTS:
            drafted = output["valueReference"]["reference"]
            return fhir_json(request, result_bundle(store_of(request), drafted, base_of(request)))
        if name in _RESULTS:
            kind, _, key = output["valueReference"]["reference"].partition("/")
            until = expiry(task)
            headers = {"Expires": http_date(int(until.timestamp()))} if until else {}
            return fhir_json(request, store_of(request).read(kind, key).body, 200, headers)
    reason = task.get("statusReason", {}).get("text", "")
    texts = [o["valueString"] for o in task.get("output", ()) if o["type"]["text"] == "reason"]
    if task["status"] == "completed":
        said = outcome("information", "informational", " ".join(texts) or "nothing to report")
        return fhir_json(request, said)
    kind = "exception" if task["status"] == "failed" else "conflict"
    raise OperationOutcomeError(kind, reason or f"the job was {task['status']}")
