"""``Claim/[id]/$x12``: an approved Claim as an X12 837 interchange; ``$x12-remittance``: an 835 comes in.

X12 goes both ways as the content itself (``application/EDI-X12``, RFC 1767) or as a Binary that holds it.
"""

import base64
import binascii
from typing import Any, Final

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.x12.remittance import read_remittances
from gateway.claim_x12 import EDI, export_claims, site_of
from gateway.fhir_answer import CACHING, base_of, fhir_json, read_body, store_of, transact
from gateway.interactions.within import Within
from gateway.negotiation import (
    accepted,
    answer_type,
    content_type,
    field,
    media_type,
    named_format,
    require_json_accepted,
    wanted_as,
)
from gateway.operations.definition import Operation, Parameter
from gateway.operations.endpoint import read_parameters
from gateway.remittance import Imported, import_remittances
from profiles.outcome import OperationOutcomeError, outcome

RAW: Final = frozenset({EDI.lower(), "text/plain", "application/octet-stream"})
"""What a file may be declared as that comes as itself."""


async def export(request: Request) -> Response:
    """Write the interchange; ``Accept: application/EDI-X12`` asks for it as it is."""
    plain = _wants_content(request)
    if not plain and answer_type(request) is None:
        raise OperationOutcomeError("not-acceptable", f"this is answered as FHIR JSON or {EDI}")
    call = await read_parameters(request, EXPORT)
    site = site_of(request.app.state.settings)
    control = call.one("control")
    text = await transact(request, lambda tx: export_claims(tx, [call.id], site, control))
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
    "Write an approved Claim as X12 837 (005010X222A1 or 005010X223A2), under the next control number. "
    "What the Claim lacks is said with the FHIRPath of every element.",
    resources=("Claim",),
    endpoint=export,
    parameters=(
        Parameter(
            "control",
            "in",
            0,
            "1",
            "positiveInt",
            "Interchange control number; the store's next if absent.",
        ),
        Parameter("return", "out", 1, "1", "Binary", f"The interchange, of type {EDI}."),
    ),
)


async def receive(request: Request) -> Response:
    """Take in a remittance file and answer with what it has made."""
    require_json_accepted(request)
    text = _decoded(await _content(request))
    if isinstance(store_of(request), Within):
        # In a Bundle this is the thread that works already.
        remittances = read_remittances(text)
    else:
        remittances = await anyio.to_thread.run_sync(read_remittances, text)
    made = await transact(request, lambda tx: import_remittances(tx, text, remittances))
    return fhir_json(request, orjson.dumps(_collection(request, made)))


async def _content(request: Request) -> bytes:
    declared = media_type(content_type(request))
    if declared in RAW:
        return await read_body(request)
    call = await read_parameters(request, IMPORT)
    binary = call.one("resource", {})
    if binary.get("resourceType") != "Binary" or "data" not in binary:
        raise OperationOutcomeError("required", f"send {EDI}, or a Binary that holds it", "Binary")
    try:
        return base64.b64decode(binary["data"], validate=True)
    except (binascii.Error, ValueError):
        raise OperationOutcomeError("invalid", "the data is no base64", "Binary.data") from None


def _decoded(content: bytes) -> str:
    """X12 is ASCII; names beyond it come as UTF-8, or as Latin-1 from older senders."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _collection(request: Request, made: Imported) -> dict[str, Any]:
    """What the file is about, and an outcome that says what does not fit."""
    store, base = store_of(request), base_of(request)
    issues = [_finding(*one) for one in made.findings]
    text = f"{made.changed} resources written" if made.changed else "nothing new in this file"
    said = outcome("information", "informational", text)
    entries: list[dict[str, Any]] = [{"resource": {**said, "issue": [*said["issue"], *issues]}}]
    for reference in made.references:
        kind, _, id_ = reference.partition("/")
        body = orjson.Fragment(store.read(kind, id_).body)
        entries.append({"fullUrl": f"{base}/{reference}", "resource": body})
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _finding(reference: str, text: str) -> dict[str, Any]:
    issue: dict[str, Any] = outcome("warning", "business-rule", text, reference)["issue"][0]
    return issue


IMPORT: Final = Operation(
    "x12-remittance",
    "Take in an X12 835 (005010X221A1): a ClaimResponse for each Claim of ours and a PaymentReconciliation "
    "with everything that was paid. A file that comes again changes nothing.",
    levels=("system",),
    endpoint=receive,
    parameters=(
        Parameter("resource", "in", 0, "1", "Resource", f"A Binary of {EDI}; or that as the body."),
        Parameter("return", "out", 1, "1", "Bundle", "An OperationOutcome and what it is about."),
    ),
)
