"""``ImagingStudy/[id]/$analyze`` and its job status (R4 async.html, operations.html): 200, 202, 4xx.

``Prefer: respond-async`` answers 202 at once; without it the answer waits for a bounded time. The job is
the Task; ``$job-status/[task]`` is the same Task seen by a client that polls.
"""

import time
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import store_of
from gateway.negotiation import preference
from gateway.operations.definition import Operation, Parameter
from gateway.operations.endpoint import accepted, read_call
from gateway.operations.job_status import ENDED, ended

POLL_S: Final = 0.02


async def analyze(request: Request) -> Response:
    """Queue the analysis of a study and answer with its result or its job."""
    call = await read_call(request, OPERATION)
    wanted = [{"name": "model", "valueCanonical": url} for url in call.given.get("model", ())]
    task_id = await anyio.to_thread.run_sync(
        request.app.state.services.request_analysis, call.id, {"parameter": wanted}
    )
    if preference(request, "respond-async") != "true":
        deadline = time.monotonic() + request.app.state.settings.analyze_wait_s
        while time.monotonic() < deadline:
            task = store_of(request).read("Task", task_id).json()
            if task["status"] in ENDED:
                return ended(request, task)
            await anyio.sleep(POLL_S)
    return accepted(request, task_id)


OPERATION: Final = Operation(
    "analyze",
    "Analyze a stored imaging study now. Synchronous up to a bounded wait, then 202 with a job.",
    resources=("ImagingStudy",),
    endpoint=analyze,
    parameters=(
        Parameter("model", "in", 0, "*", "canonical", "AI Device whose model is preferred."),
        Parameter("return", "out", 0, "1", "Bundle", "Report, Observations and provenance."),
    ),
)
