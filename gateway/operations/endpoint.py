"""How an operation is called over HTTP (R4 operations.html#executing, async.html).

Parameters come as a Parameters resource, as a bare resource where one parameter is enough, or in the query
of a GET. A long operation is a job when the client prefers ``respond-async``.
"""

from typing import Any
from urllib.parse import parse_qsl

import anyio
import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import base_of, fhir_json, read_body, resource_id, store_of, transact
from gateway.interactions.within import Within
from gateway.negotiation import preference, require_json_accepted, require_json_body
from gateway.operations.definition import Call, Endpoint, Operation
from gateway.operations.job import enqueue_call
from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError, outcome
from profiles.strict_json import parse_resource


def endpoint_of(operation: Operation) -> Endpoint:
    """The handler of an operation's routes."""
    if operation.endpoint is not None:
        return operation.endpoint

    async def answer(request: Request) -> Response:
        call = await _call(request, operation)
        if operation.long and preference(request, "respond-async") == "true":
            task_id = await transact(request, lambda tx: enqueue_call(tx, operation.name, call))
            return accepted(request, task_id)
        if operation.compute is None:
            raise OperationOutcomeError("not-supported", "this operation cannot be computed here")
        if isinstance(call.store, Within):
            made = operation.compute(call)
        else:
            made = await anyio.to_thread.run_sync(operation.compute, call)
        return fhir_json(request, made if isinstance(made, bytes) else orjson.dumps(made))

    return answer


def accepted(request: Request, task_id: str) -> Response:
    """202 with the address of the job's status."""
    headers = {"Content-Location": f"{base_of(request)}/$job-status/{task_id}"}
    said = outcome("information", "informational", f"Task/{task_id} is queued")
    return fhir_json(request, said, 202, headers)


async def _call(request: Request, operation: Operation) -> Call:
    require_json_accepted(request)
    kind = request.path_params.get("type") or _kind_in_path(request, operation)
    if kind and kind not in definitions().resources:
        raise OperationOutcomeError("not-found", "this resource type is not served here")
    wanted = resource_id(request) if "id" in request.path_params else ""
    call = Call(store_of(request), base_of(request), str(kind), wanted)
    for name, text in parse_qsl(request.url.query, keep_blank_values=True):
        if name not in ("_format", "_pretty"):
            call.given.setdefault(name, []).append(text)
    if request.method == "POST":
        body = await read_body(request)
        if body:
            require_json_body(request)
            _take(call, parse_resource(body))
    return call


def _kind_in_path(request: Request, operation: Operation) -> str:
    first = request.url.path.removeprefix("/fhir/").partition("/")[0]
    return first if first in operation.resources else ""


def _take(call: Call, resource: dict[str, Any]) -> None:
    if resource["resourceType"] != "Parameters":
        call.given.setdefault("resource", []).append(resource)
        return
    for part in resource.get("parameter", ()):
        if not isinstance(part, dict) or not isinstance(part.get("name"), str):
            raise OperationOutcomeError(
                "required", "a parameter needs a name", "Parameters.parameter"
            )
        value = next(
            (v for k, v in part.items() if k.startswith("value") or k in ("resource", "part")), None
        )
        if value is not None:
            call.given.setdefault(part["name"], []).append(value)
