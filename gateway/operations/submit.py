"""``Claim/[id]/$submit`` and ``Claim/$submit`` (R4 claim-operation-submit.html; PAS 2.2.1).

On an instance our approved Claim goes to its payer: 202 and a job, 422 when it may not. On the type a
provider's Bundle has come: it goes on to the payer of its insurer where the site knows one, else we are the
payer and answer it.
"""

from typing import Any, Final

import anyio
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Transaction
from gateway.adjudication import ON
from gateway.answer_bundle import answer_bundle
from gateway.claim_payer import send
from gateway.claim_scrub import tables_of
from gateway.fhir_answer import fhir_json, transact
from gateway.operations.definition import HL7, Call, Operation, Parameter
from gateway.operations.endpoint import accepted, read_call
from gateway.payers import Payers
from gateway.received_bundle import receive
from gateway.received_claim import forward, require_request
from profiles.exact_json import dumps_exact
from profiles.outcome import OperationOutcomeError
from terminology.payer import PAS_RESPONSE


async def submit(request: Request) -> Response:
    """Queue our Claim, or pass on the one that has come."""
    call = await read_call(request, OPERATION)
    payers: Payers | None = request.app.state.services.payers
    if call.id:
        if call.one("resource") is not None:
            raise OperationOutcomeError("invalid", "the URL names the Claim already", "resource")
        resend = bool(call.one("resend", False))
        task_id = await transact(request, lambda tx: send(tx, call.id, payers, resend=resend))
        return accepted(request, task_id)
    bundle = call.one("resource")
    if bundle is None:
        raise OperationOutcomeError("required", "the parameter resource is required", "resource")
    claim, organization = require_request(bundle)
    payer = None if payers is None else payers.named_by(claim.get("insurer", {}), organization)
    if payers is None or payer is None:
        return fhir_json(request, await _answered(request, call, bundle))
    status, said = await anyio.to_thread.run_sync(
        forward, payers.connection(payer), "Claim/$submit", bundle
    )
    return fhir_json(request, said, status)


async def _answered(request: Request, call: Call, bundle: dict[str, Any]) -> bytes:
    """The PAS Response Bundle of a Claim that is meant for this payer."""
    settings = request.app.state.settings
    if settings.receive_claims != ON:
        raise OperationOutcomeError(
            "not-supported", "this server is not the insurer of the Claim and knows no way to it"
        )
    tables = tables_of(settings)

    def work(tx: Transaction) -> dict[str, Any]:
        return answer_bundle(tx, [receive(tx, bundle, tables)], PAS_RESPONSE, call.base)

    return dumps_exact(await transact(request, work))


OPERATION: Final = Operation(
    "submit",
    "Send an approved Claim to its payer, once; or, on the type, answer or pass on a provider's.",
    resources=("Claim",),
    levels=("type", "instance"),
    endpoint=submit,
    base=f"{HL7}/Claim-submit",
    parameters=(
        Parameter("resource", "in", 0, "1", "Resource", "A Bundle whose first entry is a Claim."),
        Parameter(
            "resend",
            "in",
            0,
            "1",
            "boolean",
            "Send again without asking: a person has made sure that the payer does not have it.",
        ),
        Parameter("return", "out", 0, "1", "Resource", "The payer's answer."),
    ),
)
