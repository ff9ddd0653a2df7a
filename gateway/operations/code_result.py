"""The answer of an ended coding: its codes and its draft Claim, or why there are none."""

from datetime import UTC, datetime
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response

from gateway.claim_scrub import scrub_claim, tables_of
from gateway.coding_answer import ended_without_claim, stored_answer
from gateway.fhir_answer import base_of, fhir_json, store_of
from profiles.scrub.finding import scrub_outcome


async def code_result(request: Request, task: dict[str, Any]) -> Response:
    """What the Task of a coding has come to (the error with which it was refused)."""
    nothing = ended_without_claim(task)
    if nothing is not None:
        return fhir_json(request, nothing)
    store, base = store_of(request), base_of(request)
    tables = tables_of(request.app.state.settings)

    def scrubbed(claim: dict[str, Any]) -> dict[str, Any]:
        return scrub_outcome(scrub_claim(store, claim, tables, datetime.now(UTC).date()))

    made = await anyio.to_thread.run_sync(stored_answer, store, task, base, scrubbed)
    return fhir_json(request, made)
