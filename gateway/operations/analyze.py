"""``ImagingStudy/[id]/$analyze`` and its job status (R4 async.html, operations.html): 200, 202, 4xx.

``Prefer: respond-async`` answers 202 at once; without it the answer waits for a bounded time. The job is
the Task; ``$job-status/[task]`` is the same Task seen by a client that polls.
"""

import time
from typing import Any, Final

import anyio
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Transaction
from gateway.fhir_answer import (
    base_of,
    fhir_json,
    read_resource,
    resource_id,
    store_of,
    transact,
)
from gateway.negotiation import preference
from gateway.operations.result_bundle import result_bundle
from profiles.outcome import OperationOutcomeError, outcome
from profiles.task import moved

POLL_S: Final = 0.02
ENDED: Final = frozenset({"completed", "failed", "cancelled"})


async def analyze(request: Request) -> Response:
    """Queue the analysis of a study and answer with its result or its job."""
    parameters = await _parameters(request)
    study_id = resource_id(request)
    task_id = await anyio.to_thread.run_sync(
        request.app.state.services.request_analysis, study_id, parameters
    )
    if preference(request, "respond-async") != "true":
        deadline = time.monotonic() + request.app.state.settings.analyze_wait_s
        while time.monotonic() < deadline:
            task = store_of(request).read("Task", task_id).json()
            if task["status"] in ENDED:
                return _ended(request, task)
            await anyio.sleep(POLL_S)
    return _accepted(request, task_id)


async def job_status(request: Request) -> Response:
    """How far a job is: 202 while it runs, then its result."""
    task = store_of(request).read("Task", resource_id(request)).json()
    if task["status"] in ENDED:
        return _ended(request, task)
    display = task["businessStatus"]["coding"][0]["display"]
    return Response(status_code=202, headers={"X-Progress": display, "Retry-After": "1"})


async def cancel_job(request: Request) -> Response:
    """Cancel a job that has not ended (R4 async.html#delete)."""
    task_id = resource_id(request)

    def work(tx: Transaction) -> None:
        task = tx.require("Task", task_id).json()
        tx.cancel(task_id, moved(task, "cancelled", "superseded", tx.moment))

    await transact(request, work)
    return Response(status_code=202)


async def _parameters(request: Request) -> dict[str, Any]:
    if not await request.body():
        return {}
    _, parameters = await read_resource(request)
    if parameters["resourceType"] != "Parameters":
        raise OperationOutcomeError("invalid", "the body is no Parameters", "resourceType")
    return parameters


def _accepted(request: Request, task_id: str) -> Response:
    headers = {"Content-Location": f"{base_of(request)}/$job-status/{task_id}"}
    said = outcome("information", "informational", f"Task/{task_id} is queued")
    return fhir_json(request, said, 202, headers)


def _ended(request: Request, task: dict[str, Any]) -> Response:
    for output in task.get("output", ()):
        if output["type"]["text"] == "report":
            report = output["valueReference"]["reference"]
            return fhir_json(request, result_bundle(store_of(request), report, base_of(request)))
    reason = task.get("statusReason", {}).get("text", "")
    texts = [o["valueString"] for o in task.get("output", ()) if o["type"]["text"] == "reason"]
    if task["status"] == "completed":
        said = outcome("information", "informational", " ".join(texts) or "nothing to report")
        return fhir_json(request, said)
    kind = "exception" if task["status"] == "failed" else "conflict"
    raise OperationOutcomeError(kind, reason or f"the job was {task['status']}")
