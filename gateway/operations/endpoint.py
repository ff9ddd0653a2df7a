"""How an operation is called over HTTP (R4 operations.html#executing, async.html).

A long operation is a job when the client prefers ``respond-async``; any other is answered at once.
"""

from typing import Any
from urllib.parse import parse_qsl

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import StoredVersion
from gateway.fhir_answer import (
    base_of,
    fhir_json,
    location,
    read_body,
    resource_id,
    store_of,
    transact,
    version_headers,
)
from gateway.interactions.within import Within
from gateway.negotiation import preference, require_json_accepted, require_json_body
from gateway.operations.definition import Call, Endpoint, Operation
from gateway.operations.job import enqueue_call
from gateway.operations.parameters import given_by_body, given_by_query, require_complete
from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError, outcome
from profiles.strict_json import parse_resource


def endpoint_of(operation: Operation) -> Endpoint:
    """The handler of an operation's routes."""
    if operation.endpoint is not None:
        return operation.endpoint

    async def answer(request: Request) -> Response:
        call = await read_call(request, operation)
        if operation.long and preference(request, "respond-async") == "true":
            if call.id:
                # What is not there is said at once, not by a job.
                call.store.read(call.kind, call.id)
            task_id = await transact(request, lambda tx: enqueue_call(tx, operation.name, call))
            return accepted(request, task_id)
        if operation.compute is None:
            raise OperationOutcomeError("not-supported", "this operation cannot be computed here")
        if isinstance(call.store, Within):
            # In a transaction this is the thread that works already.
            return _answered(request, operation.compute(call))
        return _answered(request, await anyio.to_thread.run_sync(operation.compute, call))

    return answer


def _answered(request: Request, made: Any) -> Response:
    """Answer with what was computed; with its address where it was stored."""
    if isinstance(made, StoredVersion):
        headers = {**version_headers(made), "Location": location(base_of(request), made)}
        return fhir_json(request, made.body, 200, headers)
    return fhir_json(request, made if isinstance(made, bytes) else orjson.dumps(made))


def accepted(request: Request, task_id: str) -> Response:
    """202 with the address of the job's status."""
    headers = {"Content-Location": f"{base_of(request)}/$job-status/{task_id}"}
    said = outcome("information", "informational", f"Task/{task_id} is queued")
    return fhir_json(request, said, 202, headers)


async def read_call(request: Request, operation: Operation) -> Call:
    """The call of an operation, its parameters checked against its definition.

    Raises
    ------
    OperationOutcomeError
        ``invalid``, ``required`` or ``structure`` for parameters, ``not-found`` for a type.
    """
    require_json_accepted(request)
    return await read_parameters(request, operation)


async def read_parameters(request: Request, operation: Operation) -> Call:
    """As ``read_call``, for an operation whose answer need not be JSON."""
    path = request.path_params
    kind = str(path.get("type") or _kind_in_path(request, operation))
    if kind and kind not in definitions().resources:
        raise OperationOutcomeError("not-found", "this resource type is not served here")
    wanted = resource_id(request) if "id" in path else ""
    call = Call(store_of(request), base_of(request), kind, wanted, str(path.get("version", "")))
    call.terminology = request.app.state.settings.terminology
    call.given = given_by_query(operation, parse_qsl(request.url.query, keep_blank_values=True))
    if request.method == "POST":
        body = await read_body(request)
        if body:
            require_json_body(request)
            for name, values in given_by_body(operation, kind, parse_resource(body)).items():
                call.given.setdefault(name, []).extend(values)
    require_complete(operation, call.given)
    return call


def _kind_in_path(request: Request, operation: Operation) -> str:
    first = request.url.path.removeprefix("/fhir/").partition("/")[0]
    return first if first in operation.resources else ""
