"""create (R4 http.html#create): 201, 200 (conditional), 400, 404, 412, 413, 415, 422."""

from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion, Transaction
from gateway.fhir_answer import read_resource, served_type, store_of, transact, written
from gateway.interactions.admission import admit
from profiles.outcome import OperationOutcomeError
from profiles.rawjson import with_meta


async def create(request: Request) -> Response:
    """Store a new resource under an id of ours; its jobs are in the same transaction."""
    kind = served_type(request)
    body, resource = await read_resource(request)
    admit(resource, kind)
    existing = _existing(request, kind)
    if existing is not None:
        return written(request, existing, 200)
    resource_id = str(uuid4())
    on_created = request.app.state.services.on_created

    def work(tx: Transaction) -> StoredVersion:
        stored = tx.put(with_meta(body, resource_id, resource.get("meta", {})))
        on_created(tx, {**resource, "id": resource_id})
        return stored

    return written(request, await transact(request, work), 201)


def _existing(request: Request, kind: str) -> StoredVersion | None:
    """The match of ``If-None-Exist`` (R4 http.html#ccreate)."""
    condition = request.headers.get("if-none-exist")
    if condition is None:
        return None
    parameters: list[tuple[str, Any]] = parse_qsl(condition.lstrip("?"))
    page = store_of(request).search(kind, parameters, count=2)
    if page.ignored or not page.used:
        raise OperationOutcomeError("precondition", "If-None-Exist names no known parameter")
    if len(page.matches) > 1:
        raise OperationOutcomeError("precondition", "If-None-Exist matches several resources")
    return page.matches[0] if page.matches else None
