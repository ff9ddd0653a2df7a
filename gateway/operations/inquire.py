"""``Claim/$inquire`` (PAS 2.2.1, also by its STU 1 name ``$inquiry``): what became of Claims, by example.

The Claim of the Bundle says which are meant: by its identifiers, else by patient, insurer and provider. The
patient always has to be the same, so that nobody learns of another's. What this server does not know, the
payer of the insurer is asked for, where the site knows one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import anyio
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion
from gateway.answer_bundle import answer_bundle
from gateway.fhir_answer import fhir_json
from gateway.operations.definition import Call, Operation, Parameter
from gateway.operations.endpoint import read_call
from gateway.operations.record import found, targets
from gateway.payers import Payers
from gateway.received_claim import forward, require_request, resolved
from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError
from profiles.payer_answer import identifiers_of
from profiles.search.syntax import token_of
from terminology.payer import PAS, PAS_INQUIRY_RESPONSE

MOST: Final = 100


async def inquire(request: Request) -> Response:
    """Answer from what is known here, else ask the payer."""
    call = await read_call(request, OPERATION)
    bundle = call.one("resource")
    claim, insurer = require_request(bundle)
    known = await anyio.to_thread.run_sync(inquiry_answer, call, bundle, claim)
    payers: Payers | None = request.app.state.services.payers
    payer = payers.named_by(claim.get("insurer", {}), insurer) if payers is not None else None
    if known["entry"] or payers is None or payer is None:
        return fhir_json(request, dumps_exact(known))
    connection = payers.connection(payer)
    status, said = await anyio.to_thread.run_sync(forward, connection, "Claim/$inquire", bundle)
    return fhir_json(request, said, status)


def inquiry_answer(
    call: Call, bundle: Mapping[str, Any], claim: Mapping[str, Any]
) -> dict[str, Any]:
    """The PAS Inquiry Response Bundle: ClaimResponses of what is meant, and what they refer to."""
    example = _Example(bundle, claim)
    responses = {one.id: loads_exact(one.body) for one in islice(_responses(call, example), MOST)}
    if len(responses) == MOST:
        raise OperationOutcomeError("too-costly", "the inquiry is met by too many: say more")
    return answer_bundle(call.store, responses.values(), PAS_INQUIRY_RESPONSE, call.base)


class _Example:
    """The identifiers by which an inquiry says what it means."""

    def __init__(self, bundle: Mapping[str, Any], claim: Mapping[str, Any]) -> None:
        self.claim = identifiers_of(claim)
        self.patient = identifiers_of(resolved(bundle, claim.get("patient", {})))
        self.provider = identifiers_of(resolved(bundle, claim.get("provider", {})))
        if not self.patient:
            raise OperationOutcomeError(
                "required", "the patient of an inquiry has an identifier", "Patient.identifier"
            )

    def fits(self, call: Call, claim: Mapping[str, Any]) -> bool:
        """Whether a Claim that is stored here is about the same patient and provider."""
        patient = _here(call, claim.get("patient", {}))
        provider = _here(call, claim.get("provider", {}))
        same_provider = not self.provider or not provider or bool(self.provider & provider)
        return bool(self.patient & patient) and same_provider


def _responses(call: Call, example: _Example) -> Iterator[StoredVersion]:
    """The latest answers to the Claims that are meant."""
    for claim in _claims(call, example):
        if example.fits(call, claim.json()):
            yield from found(
                call, "ClaimResponse", [("request", f"Claim/{claim.id}"), ("status", "active")]
            )


def _claims(call: Call, example: _Example) -> Iterator[StoredVersion]:
    names = example.claim or example.patient
    for pair in sorted(names):
        parameter = "identifier" if example.claim else "patient.identifier"
        yield from found(call, "Claim", [(parameter, token_of(*pair))])


def _here(call: Call, reference: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    for kind, key in targets({"reference": reference.get("reference", "")}, call.base):
        stored = call.store.current(kind, key)
        if stored is not None and not stored.deleted:
            return identifiers_of(stored.json())
    return frozenset()


OPERATION: Final = Operation(
    "inquire",
    "What became of Claims: ClaimResponses, by an example of the Claim.",
    resources=("Claim",),
    levels=("type",),
    endpoint=inquire,
    affects_state=False,
    methods=("POST", "GET"),
    base=f"{PAS}/OperationDefinition/Claim-inquiry",
    parameters=(
        Parameter("resource", "in", 1, "1", "Resource", "PAS Inquiry Request Bundle."),
        Parameter("return", "out", 1, "1", "Bundle", "PAS Inquiry Response Bundle."),
    ),
)
OPERATIONS: Final = (OPERATION, replace(OPERATION, name="inquiry"))
