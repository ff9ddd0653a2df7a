"""capabilities (R4 http.html#capabilities): the statement is made from the tables that do the work.

``mode=full`` is the CapabilityStatement, ``normative`` what is not for trial use; ``terminology``
the TerminologyCapabilities. OPTIONS answers as GET does, as clients of older versions ask.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Store
from gateway.fhir_answer import base_of, fhir_json, store_of
from gateway.interactions.terminology import terminology_statement
from gateway.negotiation import require_json_accepted
from gateway.operations.table import OPERATIONS
from profiles.definitions.r4 import definitions
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.search.parameters import SearchParameter, compartments
from terminology.systems import ISTHMUS

INTERACTIONS: Final = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)
SYSTEM: Final = ("transaction", "batch", "search-system", "history-system")
MODES: Final = ("full", "normative", "terminology")
_UNLISTED: Final = frozenset({"_query"})
_FOR_TRIAL: Final = frozenset(
    {
        "versioning",
        "readHistory",
        "updateCreate",
        "conditionalCreate",
        "conditionalRead",
        "conditionalUpdate",
        "conditionalDelete",
        "referencePolicy",
        "searchInclude",
        "searchRevInclude",
    }
)
"""Elements of ``rest.resource`` that R4 capabilitystatement.html marks for trial use."""


async def capabilities(request: Request) -> Response:
    """What this server does, as the mode wants it told."""
    require_json_accepted(request)
    mode = request.query_params.get("mode", "full")
    if mode not in MODES:
        raise OperationOutcomeError("invalid", f"mode is one of {', '.join(MODES)}", "mode")
    store, base, started = store_of(request), base_of(request), request.app.state.started
    store.refresh()
    if mode == "terminology":
        folder = request.app.state.settings.terminology
        return fhir_json(request, terminology_statement(store, base, started, folder))
    said = statement(store, base, started, request.app.state.settings.cors_origins)
    if mode == "normative":
        _drop_for_trial(said)
    return fhir_json(request, said, headers=_allowed(request))


def _allowed(request: Request) -> dict[str, str]:
    """The methods of the address, for who asks for its options (RFC 9110 9.3.7)."""
    if request.method != "OPTIONS":
        return {}
    ends = request.url.path.rstrip("/").endswith("/metadata")
    return {"Allow": "GET, HEAD, OPTIONS" if ends else "GET, HEAD, OPTIONS, POST"}


def _drop_for_trial(said: dict[str, Any]) -> None:
    for rest in said["rest"]:
        rest.pop("security", None)
        rest["resource"] = [
            {name: value for name, value in resource.items() if name not in _FOR_TRIAL}
            for resource in rest["resource"]
        ]


def statement(store: Store, base: str, started: Any, origins: Sequence[str]) -> dict[str, Any]:
    """The CapabilityStatement (R4 capabilitystatement.html); ``origins`` may call from a browser."""
    kinds = sorted(definitions().resources)
    includes = _revincludes(store, kinds)
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/metadata",
        "name": "Isthmus",
        "status": "active",
        "date": instant(started),
        "kind": "instance",
        "software": {"name": "Isthmus", "version": version("isthmus")},
        "implementation": {"description": "Isthmus AI gateway", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "patchFormat": [
            "application/json-patch+json",
            "application/fhir+json",
            "application/merge-patch+json",
        ],
        "rest": [
            {
                "mode": "server",
                "security": {"cors": bool(origins)},
                "resource": [_resource(store, kind, includes.get(kind, [])) for kind in kinds],
                "interaction": [{"code": code} for code in SYSTEM],
                "operation": _operations(""),
                "compartment": [
                    f"http://hl7.org/fhir/CompartmentDefinition/{code.lower()}"
                    for code in sorted(compartments())
                ],
            }
        ],
    }


def operation_definition(name: str) -> dict[str, Any] | None:
    """OperationDefinition of one of our operations, None when there is none of this id."""
    return next((o.definition() for o in OPERATIONS if o.id == name), None)


def _resource(store: Store, kind: str, revincludes: list[str]) -> dict[str, Any]:
    parameters = [p for p in store.registry.searchable(kind).values() if p.code not in _UNLISTED]
    resource: dict[str, Any] = {
        "type": kind,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "logical", "local"],
        "searchInclude": ["*", *(f"{kind}:{p.code}" for p in parameters if p.kind == "reference")],
        "searchRevInclude": revincludes,
        "searchParam": [_parameter(p) for p in sorted(parameters, key=lambda p: p.code)],
    }
    if not revincludes:
        del resource["searchRevInclude"]
    operations = _operations(kind)
    return {**resource, "operation": operations} if operations else resource


def _parameter(parameter: SearchParameter) -> dict[str, str]:
    found = {"name": parameter.code, "type": parameter.kind}
    return {**found, "definition": parameter.url} if parameter.url else found


def _revincludes(store: Store, kinds: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source in kinds:
        for parameter in store.registry.searchable(source).values():
            if parameter.kind == "reference":
                for target in parameter.targets or kinds:
                    found.setdefault(target, []).append(f"{source}:{parameter.code}")
    return found


def _operations(kind: str) -> list[dict[str, str]]:
    return [
        {"name": o.name, "definition": f"{ISTHMUS}/OperationDefinition/{o.id}"}
        for o in OPERATIONS
        if (kind and (kind in o.resources or o.resources == ("Resource",)))
        or (not kind and "system" in o.levels)
    ]
