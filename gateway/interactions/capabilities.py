"""capabilities (R4 http.html#capabilities): the statement is made from the tables that do the work."""

from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import Response

from gateway.fhir_answer import base_of, fhir_json
from gateway.interactions.admission import WRITABLE
from gateway.operations.table import OPERATIONS
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.searchparams import ALWAYS, PARAMETERS
from terminology.systems import ISTHMUS


async def capabilities(request: Request) -> Response:
    """CapabilityStatement of this server."""
    started = request.app.state.started
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(started),
        "kind": "instance",
        "software": {"name": "Isthmus", "version": version("isthmus")},
        "implementation": {"description": "Isthmus AI gateway", "url": base_of(request)},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{"mode": "server", "resource": [_resource(kind) for kind in sorted(PARAMETERS)]}],
    }
    return fhir_json(request, statement)


async def operation_definition(request: Request) -> Response:
    """OperationDefinition of one of our operations."""
    name = request.path_params["name"]
    for operation in OPERATIONS:
        if operation.name == name:
            return fhir_json(request, operation.definition())
    raise OperationOutcomeError("not-found", "there is no operation of this name")


def _resource(kind: str) -> dict[str, object]:
    interactions = ["read", "vread", "history-instance", "search-type"]
    if kind in WRITABLE:
        interactions += ["create", "update"]
    resource: dict[str, object] = {
        "type": kind,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": kind in WRITABLE,
        "conditionalCreate": kind in WRITABLE,
        "searchParam": [
            {"name": name, "type": parameter_kind}
            for name, parameter_kind in sorted(
                {**ALWAYS, **{n: k for n, (k, _) in PARAMETERS[kind].items()}}.items()
            )
        ],
    }
    operations = [
        {"name": o.name, "definition": f"{ISTHMUS}/OperationDefinition/{o.name}"}
        for o in OPERATIONS
        if o.resource == kind
    ]
    return {**resource, "operation": operations} if operations else resource
