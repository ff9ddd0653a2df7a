"""delete, also by condition (R4 http.html#delete): 200 or 204, 400, 403, 412.

What is not there, or no longer, is as good as deleted. What others refer to may be deleted: references are
not enforced. A condition that several meet is refused.
"""

from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import CACHING, base_of, fhir_json, resource_id, served_type, transact
from gateway.interactions.write import Writes, Written
from gateway.negotiation import preference, require_json_accepted, require_parameters
from gateway.preconditions import preconditions
from profiles.outcome import outcome


async def delete(request: Request) -> Response:
    """Delete a resource; its versions stay readable."""
    kind, wanted = served_type(request), resource_id(request)
    _require_answerable(request)
    require_parameters(request)
    conditions = preconditions(request)
    base, on_created = base_of(request), request.app.state.services.on_created
    done = await transact(
        request, lambda tx: Writes(tx, base, on_created).delete(kind, wanted, conditions)
    )
    return _gone(request, done)


async def conditional_delete(request: Request) -> Response:
    """Delete the one resource that the query finds."""
    kind, query = served_type(request), request.url.query
    _require_answerable(request)
    require_parameters(request, condition=True)
    conditions = preconditions(request)
    base, on_created = base_of(request), request.app.state.services.on_created
    done = await transact(
        request, lambda tx: Writes(tx, base, on_created).conditional_delete(kind, query, conditions)
    )
    return _gone(request, done)


def _tells(request: Request) -> bool:
    return preference(request, "return") == "OperationOutcome"


def _require_answerable(request: Request) -> None:
    """An answer without a body has no format that could be refused."""
    if _tells(request):
        require_json_accepted(request)


def _gone(request: Request, done: Written) -> Response:
    """204, or 200 with an OperationOutcome for who prefers one."""
    tagged = {} if done.stored is None else {"ETag": f'W/"{done.stored.version}"'}
    if _tells(request):
        said = outcome(
            "information", "informational", "deleted" if tagged else "there is nothing to delete"
        )
        tagged["Preference-Applied"] = "return=OperationOutcome"
        return fhir_json(request, said, 200, tagged)
    return Response(status_code=204, headers={**CACHING, **tagged})
