"""read and vread (R4 http.html#read, http.html#vread): 200, 304, 404, 406, 410."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import (
    require_json_accepted,
    resource_id,
    served_type,
    store_of,
    versioned,
)
from profiles.outcome import OperationOutcomeError


async def read(request: Request) -> Response:
    """The current version of a resource."""
    require_json_accepted(request)
    stored = store_of(request).read(served_type(request), resource_id(request))
    return versioned(request, stored)


async def vread(request: Request) -> Response:
    """One version of a resource."""
    require_json_accepted(request)
    kind, version = served_type(request), str(request.path_params["version"])
    if not version.isdecimal() or len(version) > 18:
        raise OperationOutcomeError("not-found", "there is no such version")
    return versioned(request, store_of(request).vread(kind, resource_id(request), int(version)))
