"""``CodeSystem/$subsumes`` (R4 codesystem-operation-subsumes.html): how two codes stand to each other."""

from typing import Any, Final

from gateway.operations.codes import DATE, known_of, of_instance, parameters
from gateway.operations.definition import HL7, Call, Operation, Parameter
from profiles.code_systems.resource import ResourceCodeSystem
from profiles.outcome import OperationOutcomeError
from terminology.code_system import CodeSystem


def subsumes(call: Call) -> dict[str, Any]:
    """``equivalent``, ``subsumes``, ``subsumed-by`` or ``not-subsumed``."""
    first, second = (_given(call, letter) for letter in "AB")
    system = _system(call, first[0], second[0])
    one, other = (
        _code(system, code, letter) for (_, code), letter in ((first, "A"), (second, "B"))
    )
    if one == other:
        outcome = "equivalent"
    elif system.subsumes(one, other):
        outcome = "subsumes"
    else:
        outcome = "subsumed-by" if system.subsumes(other, one) else "not-subsumed"
    return parameters([{"name": "outcome", "valueCode": outcome}])


def _given(call: Call, letter: str) -> tuple[str, str]:
    """System, empty where none is said, and code."""
    coding = call.one(f"coding{letter}")
    code = coding.get("code") if coding is not None else call.one(f"code{letter}")
    if not code:
        raise OperationOutcomeError(
            "required", f"give code{letter} or coding{letter}", f"code{letter}"
        )
    return (coding or {}).get("system", ""), code


def _system(call: Call, *stated: str) -> CodeSystem:
    resource = of_instance(call) if call.id else None
    named = {one for one in (*stated, call.one("system") or "") if one}
    if resource is not None:
        named.add(str(resource.get("url", "")))
    if not named:
        raise OperationOutcomeError("required", "the parameter system is required", "system")
    if len(named) > 1:
        raise OperationOutcomeError(
            "not-supported", "how codes of two code systems stand to each other is not known here"
        )
    if resource is not None:
        return ResourceCodeSystem(resource)
    return known_of(call).require_system(named.pop(), call.one("version") or "")


def _code(system: CodeSystem, code: str, letter: str) -> str:
    concept = system.concept(code)
    if concept is None:
        raise OperationOutcomeError(
            "not-found", "the code system has no such code", f"code{letter}"
        )
    return concept.code


OPERATION: Final = Operation(
    "subsumes",
    "Whether one code of a code system stands above another.",
    resources=("CodeSystem",),
    levels=("type", "instance"),
    compute=subsumes,
    methods=("GET", "POST"),
    affects_state=False,
    base=f"{HL7}/CodeSystem-subsumes",
    parameters=(
        Parameter("codeA", "in", 0, "1", "code", "The one code."),
        Parameter("codeB", "in", 0, "1", "code", "The other code."),
        Parameter("system", "in", 0, "1", "uri", "Their code system."),
        Parameter("version", "in", 0, "1", "string", "Its version."),
        Parameter("codingA", "in", 0, "1", "Coding", "The one code with its system."),
        Parameter("codingB", "in", 0, "1", "Coding", "The other code with its system."),
        DATE,
        Parameter(
            "outcome", "out", 1, "1", "code", "equivalent, subsumes, subsumed-by or not-subsumed."
        ),
    ),
)
