"""create (R4 http.html#create, #ccreate): 201, 200 (If-None-Exist found one), 400 to 422."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import base_of, read_resource, served_type, store_of, transact, written
from gateway.interactions.admission import admit
from gateway.interactions.binary import read_binary
from gateway.interactions.write import Writes, Written, under_id
from gateway.negotiation import fields, require_parameters
from profiles.logical_id import new_id
from profiles.outcome import OperationOutcomeError


async def create(request: Request) -> Response:
    """Store a new resource under an id of ours; its jobs are in the same transaction."""
    kind = served_type(request)
    require_parameters(request)
    resource = await (read_binary(request) if kind == "Binary" else read_resource(request))
    admit(resource, kind)
    base, on_created = base_of(request), request.app.state.services.on_created
    condition = _condition(request)
    if condition is not None:
        done = await transact(
            request, lambda tx: Writes(tx, base, on_created).create(resource, condition)
        )
        return answer(request, done)
    # Nothing is asked of the store: what is possible is done here, beside the writer.
    named = under_id(resource, new_id())
    extracted = store_of(request).extract(named)
    done = await transact(request, lambda tx: Writes(tx, base, on_created).first(named, extracted))
    return answer(request, done)


def _condition(request: Request) -> str | None:
    """``If-None-Exist``, of which there can be one (R4 http.html#ccreate)."""
    if b"if-none-exist" not in fields(request):
        return None
    given = request.headers.getlist("if-none-exist")
    if len(given) > 1:
        raise OperationOutcomeError("invalid", "there are several If-None-Exist headers")
    return given[0]


def answer(request: Request, done: Written) -> Response:
    """Answer to a write that has stored something."""
    if done.stored is None:
        raise OperationOutcomeError("exception", "nothing was stored")
    return written(request, done.stored, done.status)
