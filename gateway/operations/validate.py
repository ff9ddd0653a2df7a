"""``$validate`` (R4 resource-operation-validate.html): whether a resource would be accepted.

Answers 200 with an OperationOutcome, whatever it says; warnings are said as well. The only profile that is
judged is the type itself: another one that is asked for is an error, as R4 wants where it cannot be judged.
"""

from typing import Any, Final

from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.admission import issues
from profiles.definitions.r4 import definitions
from profiles.outcome import KINDS, OperationOutcomeError

_TYPES: Final = "http://hl7.org/fhir/StructureDefinition"
MODES: Final = frozenset({"create", "update", "delete", "profile"})


def validate(call: Call) -> dict[str, Any]:
    """Everything that is to be said of a resource."""
    resource = call.one("resource")
    mode = call.one("mode")
    if mode is not None and mode not in MODES:
        raise OperationOutcomeError("invalid", "mode is create, update, delete or profile", "mode")
    if resource is None:
        if mode == "delete" and not call.id:
            return _outcome([])
        if not call.id:
            raise OperationOutcomeError(
                "required", "the parameter resource is required", "resource"
            )
        resource = call.store.read(call.kind, call.id).json()
    found = [_issue(*issue) for issue in _judged(call, resource, mode)]
    profile = call.one("profile")
    if profile is not None and not _is_base(profile, resource):
        found.append(_issue("error", "not-supported", "this profile cannot be judged here", ""))
    return _outcome(found)


def _is_base(profile: Any, resource: Any) -> bool:
    """Whether a canonical names the type that is judged anyway (R4 profiling.html)."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return str(profile).removesuffix("|4.0.1") in (f"{_TYPES}/{kind}", f"{_TYPES}/Resource")


def _outcome(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The issues, or that there is none."""
    if not found:
        found = [_issue("information", "informational", "the resource is valid R4", "")]
    return {"resourceType": "OperationOutcome", "issue": found}


def _judged(call: Call, resource: Any, mode: Any) -> list[tuple[str, str, str, str]]:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if kind not in definitions().resources:
        return [("error", "structure", "this is no resource type of R4", "resourceType")]
    if call.kind and kind != call.kind:
        return [("error", "invalid", f"the resource is no {call.kind}", "resourceType")]
    # What is to be deleted need not be valid.
    found = [] if mode == "delete" else issues(resource)
    if mode == "update" and call.id and resource.get("id") != call.id:
        found.append(
            ("error", "invalid", "the id in the body is not the id in the URL", f"{kind}.id")
        )
    return found


def _issue(severity: str, kind: str, text: str, expression: str) -> dict[str, Any]:
    code = KINDS[kind].code if kind in KINDS else kind
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if expression:
        issue["expression"] = [expression]
    return issue


OPERATION: Final = Operation(
    "validate",
    "Check whether a resource is valid R4 and would be accepted.",
    resources=("Resource",),
    levels=("system", "type", "instance"),
    compute=validate,
    methods=("POST", "GET"),
    affects_state=False,
    base=f"{HL7}/Resource-validate",
    parameters=(
        Parameter("resource", "in", 0, "1", "Resource", "What to check."),
        Parameter("mode", "in", 0, "1", "code", "create, update, delete or profile."),
        Parameter("profile", "in", 0, "1", "uri", "The type itself; another one is an error."),
        Parameter(
            "return", "out", 1, "1", "OperationOutcome", "Errors, warnings, or that it is valid."
        ),
    ),
)
