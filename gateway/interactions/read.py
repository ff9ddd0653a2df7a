"""read and vread (R4 http.html#read, #vread): 200, 304, 400, 404, 406, 410; HEAD as GET without a body.

``_summary`` and ``_elements`` give a part. A Binary is answered as what it holds to who asks for that
(R4 binary.html#rest).
"""

import base64

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion
from gateway.fhir_answer import (
    fhir_json,
    resource_id,
    served_type,
    store_of,
    version_headers,
    versioned,
)
from gateway.interactions.capabilities import operation_definition
from gateway.negotiation import JSON_TYPES, media_type, not_modified, require_json_accepted
from profiles.outcome import OperationOutcomeError
from profiles.search.request import SUMMARIES
from profiles.subset import part_of


async def read(request: Request) -> Response:
    """The current version of a resource."""
    kind, wanted = served_type(request), resource_id(request)
    if kind == "Binary" and _wants_content(request):
        return _content(request, store_of(request).read(kind, wanted))
    require_json_accepted(request)
    try:
        stored = store_of(request).read(kind, wanted)
    except OperationOutcomeError:
        ours = operation_definition(wanted) if kind == "OperationDefinition" else None
        if ours is None:
            raise
        return fhir_json(request, ours)
    return versioned_part(request, stored)


async def vread(request: Request) -> Response:
    """One version of a resource."""
    kind, version = served_type(request), str(request.path_params["version"])
    if not version.isascii() or not version.isdecimal() or len(version) > 18:
        raise OperationOutcomeError("not-found", "there is no such version")
    stored = store_of(request).vread(kind, resource_id(request), int(version))
    if kind == "Binary" and _wants_content(request):
        return _content(request, stored)
    require_json_accepted(request)
    return versioned_part(request, stored)


def versioned_part(request: Request, stored: StoredVersion) -> Response:
    """Answer with a version, or with the part of it that the request asks for."""
    query = request.query_params
    if "_summary" not in query and "_elements" not in query:
        return versioned(request, stored)
    mode = query.get("_summary", "false")
    if mode not in SUMMARIES - {"count"}:
        raise OperationOutcomeError("invalid", "_summary is true, false, text or data", "_summary")
    elements = tuple(name.strip() for name in query.get("_elements", "").split(",") if name.strip())
    return versioned(request, stored, part_of(stored.body, mode, elements))


def _wants_content(request: Request) -> bool:
    """Whether the client names a type that is not FHIR; ``*/*`` alone is not enough to leave FHIR."""
    if "_format" in request.query_params:
        return False
    offers = [media_type(part) for part in request.headers.get("accept", "").split(",")]
    named = [offer for offer in offers if offer and offer != "*/*"]
    return bool(named) and not any(o in JSON_TYPES or "fhir" in o for o in named)


def _content(request: Request, stored: StoredVersion) -> Response:
    binary = stored.json()
    tagged = {**version_headers(stored), "X-Content-Type-Options": "nosniff"}
    if not_modified(request, stored.version, stored.last_updated):
        return Response(status_code=304, headers=tagged)
    content = b"" if request.method == "HEAD" else base64.b64decode(binary.get("data", ""))
    return Response(content, 200, {**tagged, "Content-Type": binary["contentType"]})
