"""update, also as create and by condition (R4 http.html#update, #cond-update): 200, 201, 400 to 422.

Every update makes a version, also one that changes nothing.
"""

from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import base_of, read_resource, resource_id, served_type, transact
from gateway.interactions.admission import admit
from gateway.interactions.binary import read_binary
from gateway.interactions.create import answer
from gateway.interactions.write import Writes
from gateway.negotiation import require_parameters
from gateway.preconditions import preconditions
from profiles.outcome import OperationOutcomeError


async def update(request: Request) -> Response:
    """Store the next version of a resource, or the first under the client's id."""
    kind, wanted = served_type(request), resource_id(request)
    require_parameters(request)
    resource = await (read_binary(request, wanted) if kind == "Binary" else read_resource(request))
    require_same_id(resource, wanted)
    admit(resource, kind)
    base, on_created = base_of(request), request.app.state.services.on_created
    conditions = preconditions(request)
    done = await transact(
        request, lambda tx: Writes(tx, base, on_created).update(resource, conditions)
    )
    return answer(request, done)


async def conditional_update(request: Request) -> Response:
    """Update the one resource that the query finds, or create it."""
    kind, query = served_type(request), request.url.query
    require_parameters(request, condition=True)
    resource = await (read_binary(request) if kind == "Binary" else read_resource(request))
    admit(resource, kind)
    base, on_created = base_of(request), request.app.state.services.on_created
    conditions = preconditions(request)
    done = await transact(
        request,
        lambda tx: Writes(tx, base, on_created).conditional_update(resource, query, conditions),
    )
    return answer(request, done)


def require_same_id(resource: dict[str, object], wanted: str) -> None:
    """Refuse a body whose id is not that of the URL (R4 http.html#update)."""
    if "id" not in resource:
        raise OperationOutcomeError("invalid", "an update needs the id in the body", "id")
    if resource["id"] != wanted:
        raise OperationOutcomeError("invalid", "the id in the body is not the id in the URL", "id")
