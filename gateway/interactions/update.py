"""update, also as create (R4 http.html#update): 200, 201, 400, 404, 412, 413, 415, 422."""

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion, Transaction
from gateway.fhir_answer import (
    if_match,
    read_resource,
    resource_id,
    served_type,
    transact,
    written,
)
from gateway.interactions.admission import admit
from profiles.outcome import OperationOutcomeError


async def update(request: Request) -> Response:
    """Store the next version of a resource, or the first under the client's id."""
    kind, wanted = served_type(request), resource_id(request)
    body, resource = await read_resource(request)
    admit(resource, kind)
    if resource.get("id") != wanted:
        raise OperationOutcomeError("invalid", "the id in the body is not the id in the URL", "id")
    expected = if_match(request)
    on_created = request.app.state.services.on_created

    def work(tx: Transaction) -> StoredVersion:
        stored = tx.put(body, if_match=expected)
        on_created(tx, resource)
        return stored

    stored = await transact(request, work)
    return written(request, stored, 201 if stored.version == 1 else 200)
