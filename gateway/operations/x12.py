"""``Claim/[id]/$x12``: an approved Claim as an X12 837 interchange, as a Binary or as the content itself."""

import base64
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.claim_x12 import EDI, export_claims, site_of
from gateway.fhir_answer import CACHING, fhir_json, transact
from gateway.negotiation import accepted, answer_type, field, named_format, wanted_as
from gateway.operations.definition import Operation, Parameter
from gateway.operations.endpoint import read_parameters
from profiles.outcome import OperationOutcomeError


async def export(request: Request) -> Response:
    """Write the interchange; ``Accept: application/EDI-X12`` asks for it as it is."""
    plain = _wants_content(request)
    if not plain and answer_type(request) is None:
        raise OperationOutcomeError("not-acceptable", f"this is answered as FHIR JSON or {EDI}")
    call = await read_parameters(request, EXPORT)
    site = site_of(request.app.state.settings)
    text = await transact(request, lambda tx: export_claims(tx, [call.id], site))
    if plain:
        return Response(text, 200, {**CACHING, "Content-Type": EDI})
    return fhir_json(request, orjson.dumps(_binary(text, call.id)))


def _wants_content(request: Request) -> bool:
    wanted = named_format(request)
    if wanted:
        return wanted.lower() == EDI.lower()
    ranges = accepted(field(request, b"accept"))
    named = [one for one in ranges if one.name == EDI.lower()]
    return bool(named) and wanted_as(ranges, EDI.lower())[0] > 0


def _binary(text: str, claim_id: str) -> dict[str, Any]:
    return {
        "resourceType": "Binary",
        "contentType": EDI,
        "securityContext": {"reference": f"Claim/{claim_id}"},
        "data": base64.b64encode(text.encode()).decode(),
    }


EXPORT: Final = Operation(
    "x12",
    "Write an approved professional Claim as X12 837P (005010X222A1), under the next control number. What "
    "the Claim lacks is said with the FHIRPath of every element.",
    resources=("Claim",),
    endpoint=export,
    parameters=(Parameter("return", "out", 1, "1", "Binary", f"The interchange, of type {EDI}."),),
)
