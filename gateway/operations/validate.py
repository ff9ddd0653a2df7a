"""``$validate`` (R4 resource-operation-validate.html): whether a resource would be accepted.

Answers 200 with an OperationOutcome, whatever it says; warnings are said as well. The only profile that is
judged is the type itself: another one that is asked for is an error, as R4 wants where it cannot be judged.
"""

from typing import Any, Final

from gateway.interactions.write import require_changeable
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.admission import issues
from profiles.definitions.r4 import definitions
from profiles.outcome import KINDS, OperationOutcomeError
from profiles.strict_json import parse

Issue = tuple[str, str, str, str]

_TYPES: Final = "http://hl7.org/fhir/StructureDefinition"
MODES: Final = frozenset({"create", "update", "delete", "profile"})
_OF_AN_INSTANCE: Final = MODES - {"create"}


def validate(call: Call) -> dict[str, Any]:
    """Everything that is to be said of a resource."""
    mode = call.one("mode")
    _require_fitting(call, mode)
    if mode == "delete":
        # What is to be deleted need not be valid, and its content is not looked at.
        return _outcome([_issue(*issue) for issue in _protected(call)])
    resource = call.one("resource")
    if resource is None:
        resource = parse(call.store.read(call.kind, call.id).body)
    found = [_issue(*issue) for issue in _judged(call, resource, mode)]
    profile = call.one("profile")
    if profile is not None and not _is_base(profile, resource):
        found.append(_issue("error", "not-supported", "this profile cannot be judged here", ""))
    return _outcome(found)


def _require_fitting(call: Call, mode: Any) -> None:
    """Refuse a mode that is none or does not fit the level, and a call without what it is about."""
    if mode is not None and mode not in MODES:
        raise OperationOutcomeError("invalid", "mode is create, update, delete or profile", "mode")
    if mode in _OF_AN_INSTANCE and not call.id:
        raise OperationOutcomeError("invalid", f"mode {mode} needs the id of a resource", "mode")
    if mode == "profile":
        _require_profile(call)
    elif mode == "delete":
        call.store.read(call.kind, call.id)
    elif call.one("resource") is None and (mode is not None or not call.id):
        raise OperationOutcomeError("required", "the parameter resource is required", "resource")


def _require_profile(call: Call) -> None:
    """Mode profile judges what is stored (R4 valueset-resource-validation-mode.html)."""
    if call.one("resource") is not None:
        raise OperationOutcomeError(
            "invalid", "mode profile is about the stored resource; send none", "resource"
        )
    if call.one("profile") is None:
        raise OperationOutcomeError(
            "required", "mode profile needs the parameter profile", "profile"
        )


def _is_base(profile: Any, resource: Any) -> bool:
    """Whether a canonical names the type that is judged anyway (R4 profiling.html)."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return str(profile).removesuffix("|4.0.1") in (f"{_TYPES}/{kind}", f"{_TYPES}/Resource")


def _outcome(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The issues, or that there is none."""
    if not found:
        found = [_issue("information", "informational", "the resource is valid R4", "")]
    return {"resourceType": "OperationOutcome", "issue": found}


def _judged(call: Call, resource: Any, mode: Any) -> list[Issue]:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or kind not in definitions().resources:
        return [("error", "structure", "this is no resource type of R4", "resourceType")]
    if call.kind and kind != call.kind:
        return [("error", "invalid", f"the resource is no {call.kind}", "resourceType")]
    found = list(issues(resource))
    if mode == "update":
        found += _protected(call)
    if mode == "update" and resource.get("id") != call.id:
        found.append(
            ("error", "invalid", "the id in the body is not the id in the URL", f"{kind}.id")
        )
    return found


def _protected(call: Call) -> list[Issue]:
    """What keeps the stored resource from being changed."""
    try:
        require_changeable(call.store.current(call.kind, call.id))
    except OperationOutcomeError as error:
        return [("error", error.kind_name, error.diagnostics, "")]
    return []


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
