"""read and vread (R4 http.html#read, #vread): 200, 304, 400, 404, 406, 410, 412; HEAD without a body.

``_summary`` and ``_elements`` give a part. A Binary is answered as what it holds unless FHIR is asked for.
"""

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion
from gateway.fhir_answer import (
    fhir_json,
    gone,
    resource_id,
    served_type,
    store_of,
    version_headers,
    versioned,
)
from gateway.interactions.binary import binary_answer, wants_content
from gateway.interactions.capabilities import operation_definition
from gateway.negotiation import require_json_accepted, require_parameters
from gateway.preconditions import version_number
from profiles.outcome import OperationOutcomeError


async def read(request: Request) -> Response:
    """The current version of a resource."""
    kind, wanted = served_type(request), resource_id(request)
    if kind != "Binary" or not wants_content(request):
        require_json_accepted(request)
    require_parameters(request)
    stored = store_of(request).current(kind, wanted)
    if stored is None:
        ours = operation_definition(wanted) if kind == "OperationDefinition" else None
        if ours is None:
            raise OperationOutcomeError("not-found", f"there is no {kind} with this id")
        return fhir_json(request, ours)
    if stored.deleted:
        return gone(request, kind, version_headers(stored))
    return _answer(request, stored)


async def vread(request: Request) -> Response:
    """One version of a resource."""
    kind, wanted = served_type(request), resource_id(request)
    number = version_number(str(request.path_params["version"]))
    if kind != "Binary" or not wants_content(request):
        require_json_accepted(request)
    require_parameters(request)
    if number is None:
        raise OperationOutcomeError("not-found", "there is no such version")
    try:
        stored = store_of(request).vread(kind, wanted, number)
    except OperationOutcomeError as error:
        if error.kind_name != "deleted":
            raise
        return gone(request, kind, {"ETag": f'W/"{number}"'})
    return _answer(request, stored)


def _answer(request: Request, stored: StoredVersion) -> Response:
    if stored.type == "Binary":
        return binary_answer(request, stored)
    return versioned(request, stored)
