"""``Claim/$scrub``: what a payer would object to in a Claim, before it is sent; nothing is stored."""

from datetime import UTC, datetime
from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from gateway.claim_scrub import scrub_claim, tables_of
from gateway.fhir_answer import fhir_json, store_of
from gateway.operations.definition import Operation, Parameter
from gateway.operations.endpoint import read_call
from profiles.admission import require_admissible
from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.scrub.finding import scrub_outcome


async def scrub(request: Request) -> Response:
    """Scrub a stored Claim, or the one that was sent."""
    call = await read_call(request, OPERATION)
    tables = tables_of(request.app.state.settings)
    store = store_of(request)

    def said() -> bytes:
        claim = call.one("resource")
        if claim is None and not call.id:
            raise OperationOutcomeError(
                "required", "the parameter resource is required", "resource"
            )
        if claim is None:
            claim = loads_exact(store.read("Claim", call.id).body)
        _require_claim(claim)
        findings = scrub_claim(store, claim, tables, datetime.now(UTC).date())
        return dumps_exact(scrub_outcome(findings))

    return fhir_json(request, await anyio.to_thread.run_sync(said))


def _require_claim(claim: dict[str, Any]) -> None:
    if claim.get("resourceType") != "Claim":
        raise OperationOutcomeError("invalid", "the resource is a Claim", "resource")
    require_admissible(claim)


OPERATION: Final = Operation(
    "scrub",
    "Say what a payer would object to in a Claim: codes, order, pairs, units, duplicates, payer rules.",
    resources=("Claim",),
    levels=("type", "instance"),
    endpoint=scrub,
    methods=("GET", "POST"),
    affects_state=False,
    parameters=(
        Parameter("resource", "in", 0, "1", "Resource", "The Claim, where the URL names none."),
        Parameter("return", "out", 1, "1", "OperationOutcome", "One issue per finding."),
    ),
)
