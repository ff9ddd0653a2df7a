"""patch, also by condition (R4 http.html#patch): 200, 400 to 422.

JSON Patch (RFC 6902), FHIRPath Patch (R4 fhirpatch.html) and merge patch (RFC 7396), told apart by the
Content-Type alone: what is merged by mistake is lost without a word.
"""

from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Transaction
from gateway.fhir_answer import base_of, read_body, resource_id, served_type, transact
from gateway.interactions.admission import admit
from gateway.interactions.create import answer
from gateway.interactions.write import Writes, Written
from gateway.literal_references import require_literal_references
from gateway.negotiation import (
    FHIR_JSON,
    JSON_TYPES,
    content_type,
    require_declared,
    require_json_accepted,
    require_parameters,
)
from gateway.preconditions import Preconditions, preconditions
from profiles.exact_json import dumps_exact
from profiles.outcome import OperationOutcomeError
from profiles.patch.fhirpath_patch import fhirpath_patch
from profiles.patch.json_patch import json_patch
from profiles.patch.merge_patch import merge_patch
from profiles.strict_json import parse

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
PATCH_TYPES: Final = frozenset({JSON_PATCH, MERGE_PATCH}) | JSON_TYPES

Patch = Callable[[dict[str, Any]], Any]
"""What a patch document makes of a resource."""


async def patch(request: Request) -> Response:
    """Change a resource by a patch document."""
    kind, wanted = served_type(request), resource_id(request)
    require_parameters(request)
    change, conditions = await _change(request), preconditions(request)
    writes = _writes(request)
    done = await transact(request, lambda tx: apply(writes(tx), kind, wanted, change, conditions))
    return answer(request, done)


async def conditional_patch(request: Request) -> Response:
    """Change the one resource that the query finds."""
    kind, query = served_type(request), request.url.query
    require_parameters(request, condition=True)
    change, conditions = await _change(request), preconditions(request)
    writes = _writes(request)

    def work(tx: Transaction) -> Written:
        one = writes(tx)
        return apply(one, kind, matched(one, kind, query), change, conditions)

    return answer(request, await transact(request, work))


async def _change(request: Request) -> Patch:
    require_json_accepted(request)
    declared = require_declared(content_type(request), PATCH_TYPES)
    return declared_patch(declared, parse(await read_body(request)))


def matched(writes: Writes, kind: str, condition: str) -> str:
    """Id of the one resource that a condition finds (``not-found``, ``precondition``)."""
    existing = writes.match(kind, condition, "the condition")
    if existing is None:
        raise OperationOutcomeError("not-found", "the condition matches no resource")
    return existing.id


def parsed_patch(header: str, body: bytes) -> Patch:
    """The patch in a body (``media-type``, ``structure``)."""
    return declared_patch(require_declared(header, PATCH_TYPES), parse(body))


def declared_patch(declared: str, document: Any) -> Patch:
    """The patch of a media type (``structure`` when the document is none of it).

    Plain JSON is no format of R4. Clients such as fhirpy send objects to merge in it, which name no type.
    """
    if declared == JSON_PATCH:
        if isinstance(document, list):
            return lambda resource: json_patch(resource, document)
        document = None
    if isinstance(document, dict):
        named = document.get("resourceType")
        if declared == MERGE_PATCH or (declared != FHIR_JSON and named is None):
            return lambda resource: merge_patch(resource, document)
        if named == "Parameters":
            return lambda resource: fhirpath_patch(resource, document)
    raise OperationOutcomeError(
        "structure",
        f"the body is no patch of the declared type: a list of operations as {JSON_PATCH}, "
        f"an object as {MERGE_PATCH}, or Parameters as application/fhir+json",
    )


def apply(
    writes: Writes,
    kind: str,
    wanted: str,
    change: Patch,
    conditions: Preconditions,
    *,
    literal: bool = True,
) -> Written:
    """Patch the current version inside a transaction; the result must be valid.

    Unless it is ``literal``, searches that stand for references are resolved afterwards.
    """
    current = writes.tx.require(kind, wanted)
    conditions.require(current)
    before = parse(current.body)
    resource = parse(dumps_exact(change(before)))
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        raise OperationOutcomeError("invariant", "a patch cannot change the type of a resource")
    if resource.get("id") != wanted:
        raise OperationOutcomeError("invariant", "a patch cannot change the id of a resource")
    resource = _with_true_narrative(parse(current.body), resource)
    if literal:
        require_literal_references(resource)
    admit(resource, kind)
    return writes.update(resource, conditions, op="PATCH")


def _with_true_narrative(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The patched resource without a narrative that still tells what it was before.

    R4 http.html#patch: a narrative must not be clinically unsafe after a patch. One that was generated can be
    made again, so it goes; one that people have written is not ours to remove.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` when a narrative that says more than the data is left as it was.
    """
    text = after.get("text")
    if not isinstance(text, dict) or text != before.get("text") or text.get("status") == "empty":
        return after
    told = {*before, *after} - {"text", "meta"}
    if all(name in before and before[name] == after.get(name) for name in told):
        return after
    if text.get("status") == "additional":
        raise OperationOutcomeError(
            "business-rule", "the patch has to renew the narrative, which is more than data", "text"
        )
    return {name: value for name, value in after.items() if name != "text"}


def _writes(request: Request) -> Any:
    base, on_created = base_of(request), request.app.state.services.on_created
    return lambda tx: Writes(tx, base, on_created)
