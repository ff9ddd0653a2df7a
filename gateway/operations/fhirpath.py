"""``$fhirpath``: evaluate an expression, for people who look for a mistake in one."""

from decimal import Decimal
from typing import Any, Final

from gateway.operations.definition import Call, Operation, Parameter
from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.nodes import Node
from profiles.outcome import OperationOutcomeError


def fhirpath(call: Call) -> dict[str, Any]:
    """Every value of the result, with its type."""
    expression = call.one("expression")
    if not isinstance(expression, str) or not expression:
        raise OperationOutcomeError(
            "required", "the parameter expression is required", "expression"
        )
    resource = call.one("resource")
    if resource is None:
        if not call.id:
            raise OperationOutcomeError(
                "required", "the parameter resource is required", "resource"
            )
        resource = call.store.read(call.kind, call.id).json()
    found = compile_expression(expression).evaluate(resource)
    parameters = [{"name": "result", "part": _parts(node)} for node in found]
    made: dict[str, Any] = {"resourceType": "Parameters"}
    return {**made, "parameter": parameters} if parameters else made


def _parts(node: Node) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"name": "type", "valueString": node.type}]
    value = node.value
    if isinstance(value, dict):
        if "resourceType" in value:
            return [*parts, {"name": "value", "resource": value}]
        return [*parts, {"name": "json", "valueString": _text(value)}]
    if isinstance(value, bool):
        return [*parts, {"name": "value", "valueBoolean": value}]
    if isinstance(value, int):
        return [*parts, {"name": "value", "valueInteger": value}]
    if isinstance(value, float | Decimal):
        return [*parts, {"name": "value", "valueDecimal": float(value)}]
    return [*parts, {"name": "value", "valueString": str(value)}] if str(value) else parts


def _text(value: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(value).decode()


OPERATION: Final = Operation(
    "fhirpath",
    "Evaluate a FHIRPath expression on a resource.",
    resources=("Resource",),
    levels=("system", "type", "instance"),
    compute=fhirpath,
    methods=("POST", "GET"),
    affects_state=False,
    parameters=(
        Parameter("expression", "in", 1, "1", "string", "The expression."),
        Parameter("resource", "in", 0, "1", "Resource", "What to evaluate it on."),
        Parameter("result", "out", 0, "*", "Element", "Type and value of each result."),
    ),
)
