"""patch, also by condition, with JSON Patch or FHIRPath Patch (R4 http.html#patch): 200, 400 to 422."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Transaction
from gateway.fhir_answer import base_of, read_body, resource_id, served_type, transact
from gateway.interactions.admission import admit
from gateway.interactions.create import answer
from gateway.interactions.write import Writes, Written
from gateway.negotiation import JSON_TYPES, media_type, version_tag
from profiles.exact_json import dumps_exact
from profiles.outcome import OperationOutcomeError
from profiles.patch.fhirpath_patch import fhirpath_patch
from profiles.patch.json_patch import json_patch
from profiles.patch.merge_patch import merge_patch
from profiles.strict_json import parse

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"


async def patch(request: Request) -> Response:
    """Change a resource by a patch document."""
    kind, wanted = served_type(request), resource_id(request)
    document = parsed_patch(request.headers.get("content-type", ""), await read_body(request))
    expected = version_tag(request.headers.get("if-match"))
    writes = _writes(request)
    done = await transact(request, lambda tx: apply(writes(tx), kind, wanted, document, expected))
    return answer(request, done)


async def conditional_patch(request: Request) -> Response:
    """Change the one resource that the query finds."""
    kind, condition = served_type(request), request.url.query
    document = parsed_patch(request.headers.get("content-type", ""), await read_body(request))
    expected = version_tag(request.headers.get("if-match"))
    writes = _writes(request)

    def work(tx: Transaction) -> Written:
        one = writes(tx)
        return apply(one, kind, matched(one, kind, condition), document, expected)

    return answer(request, await transact(request, work))


def matched(writes: Writes, kind: str, condition: str) -> str:
    """Id of the one resource that a condition finds (``not-found``, ``precondition``)."""
    existing = writes.match(kind, condition, "the condition")
    if existing is None:
        raise OperationOutcomeError("not-found", "the condition matches no resource")
    return existing.id


def parsed_patch(content_type: str, body: bytes) -> Any:
    """The patch document: a list, Parameters, or an object to merge (``media-type``)."""
    declared = media_type(content_type)
    if declared not in (JSON_PATCH, MERGE_PATCH) and declared not in JSON_TYPES:
        raise OperationOutcomeError(
            "media-type", f"send {JSON_PATCH}, or Parameters as application/fhir+json"
        )
    document = parse(body)
    if not isinstance(document, dict | list) or isinstance(document, list) != (
        declared == JSON_PATCH
    ):
        raise OperationOutcomeError("structure", "the body is no patch of the declared type")
    return document


def apply(writes: Writes, kind: str, wanted: str, document: Any, if_match: int | None) -> Written:
    """Patch the current version inside a transaction; the result must be valid."""
    current = writes.tx.require(kind, wanted)
    before = parse(current.body)
    after = _patched(before, document)
    resource = parse(dumps_exact(after))
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        raise OperationOutcomeError("invariant", "a patch cannot change the type of a resource")
    if resource.get("id") != wanted:
        raise OperationOutcomeError("invariant", "a patch cannot change the id of a resource")
    admit(resource, kind)
    return writes.update(resource, if_match, op="PATCH")


def _patched(before: dict[str, Any], document: Any) -> Any:
    if isinstance(document, list):
        return json_patch(before, document)
    if document.get("resourceType") == "Parameters":
        return fhirpath_patch(before, document)
    return merge_patch(before, document)


def _writes(request: Request) -> Any:
    base, on_created = base_of(request), request.app.state.services.on_created
    return lambda tx: Writes(tx, base, on_created)
