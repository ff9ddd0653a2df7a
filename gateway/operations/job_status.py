"""The status of a job, for a client that polls (R4 async.html): 200, 202, 404, 409, 500."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Transaction
from gateway.fhir_answer import base_of, fhir_json, resource_id, store_of, transact
from gateway.operations.result_bundle import result_bundle
from profiles.outcome import OperationOutcomeError, outcome
from profiles.task import code_of, moved

ENDED: Final = frozenset({"completed", "failed", "cancelled"})


async def job_status(request: Request) -> Response:
    """How far a job is: 202 while it runs, then its result."""
    store, task_id = store_of(request), resource_id(request)
    task = store.read("Task", task_id).json()
    if not code_of(task):
        raise OperationOutcomeError("not-found", "this Task is no job of the gateway")
    if task["status"] in ENDED:
        return ended(request, task)
    display = store.note(f"progress:{task_id}") or task["businessStatus"]["coding"][0]["display"]
    return Response(status_code=202, headers={"X-Progress": display, "Retry-After": "1"})


async def cancel_job(request: Request) -> Response:
    """Cancel a job that has not ended (R4 async.html#delete)."""
    task_id = resource_id(request)

    def work(tx: Transaction) -> None:
        task = tx.require("Task", task_id).json()
        if not code_of(task):
            raise OperationOutcomeError("not-found", "this Task is no job of the gateway")
        tx.cancel(task_id, moved(task, "cancelled", "superseded", tx.moment))

    await transact(request, work)
    return Response(status_code=202)


def ended(request: Request, task: dict[str, Any]) -> Response:
    """Answer with what an ended job has come to."""
    for output in task.get("output", ()):
        name = output["type"]["text"]
        if name == "report":
            report = output["valueReference"]["reference"]
            return fhir_json(request, result_bundle(store_of(request), report, base_of(request)))
        if name == "result":
            kind, _, key = output["valueReference"]["reference"].partition("/")
            return fhir_json(request, store_of(request).read(kind, key).body)
    reason = task.get("statusReason", {}).get("text", "")
    texts = [o["valueString"] for o in task.get("output", ()) if o["type"]["text"] == "reason"]
    if task["status"] == "completed":
        said = outcome("information", "informational", " ".join(texts) or "nothing to report")
        return fhir_json(request, said)
    kind = "exception" if task["status"] == "failed" else "conflict"
    raise OperationOutcomeError(kind, reason or f"the job was {task['status']}")
