"""delete, also by condition (R4 http.html#delete): 204, 400, 403, 412.

What is not there, or no longer, is as good as deleted: 204. A condition that several meet is refused.
"""

from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import base_of, resource_id, served_type, transact
from gateway.interactions.write import Writes, Written
from gateway.negotiation import version_tag


async def delete(request: Request) -> Response:
    """Delete a resource; its versions stay readable."""
    kind, wanted = served_type(request), resource_id(request)
    expected = version_tag(request.headers.get("if-match"))
    base, on_created = base_of(request), request.app.state.services.on_created
    return _gone(
        await transact(
            request, lambda tx: Writes(tx, base, on_created).delete(kind, wanted, expected)
        )
    )


async def conditional_delete(request: Request) -> Response:
    """Delete the one resource that the query finds."""
    kind, condition = served_type(request), request.url.query
    base, on_created = base_of(request), request.app.state.services.on_created
    return _gone(
        await transact(
            request, lambda tx: Writes(tx, base, on_created).conditional_delete(kind, condition)
        )
    )


def _gone(done: Written) -> Response:
    tagged = {} if done.stored is None else {"ETag": f'W/"{done.stored.version}"'}
    return Response(status_code=204, headers=tagged)
