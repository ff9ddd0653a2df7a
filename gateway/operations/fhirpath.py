"""``$fhirpath``: evaluate an expression, for people who look for a mistake in one."""

from decimal import Decimal
from itertools import chain
from typing import Any, Final

from gateway.operations.definition import Call, Operation, Parameter
from profiles.definitions.r4 import definitions
from profiles.exact_json import Number, dumps_exact
from profiles.fhirpath.compile import Trace
from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.nodes import UCUM, Node
from profiles.fhirpath.places import Key, place_of, places
from profiles.fhirpath.quantities import Quantity
from profiles.fhirpath.temporal import Temporal
from profiles.outcome import OperationOutcomeError
from profiles.strict_json import parse


def fhirpath(call: Call) -> bytes:
    """Every value of the result with its type and its place, and what each ``trace()`` saw."""
    expression = call.one("expression")
    if not isinstance(expression, str) or not expression:
        raise OperationOutcomeError(
            "required", "the parameter expression is required", "expression"
        )
    resource = _resource(call)
    traces: list[Trace] = []
    root = Node(resource, str(resource["resourceType"]))
    found = compile_expression(expression).evaluate(root, traces=traces)
    _require_small([found, *(nodes for _, nodes in traces)])
    known = places(root) if found or traces else {}
    parameters = [{"name": "result", "part": _parts(node, root, known)} for node in found]
    for label, nodes in traces:
        label_part = [{"name": "label", "valueString": label}] if label else []
        seen = [{"name": "value", "part": _parts(node, root, known)} for node in nodes]
        if label_part or seen:
            parameters.append({"name": "trace", "part": [*label_part, *seen]})
    made: dict[str, Any] = {"resourceType": "Parameters"}
    return dumps_exact({**made, "parameter": parameters} if parameters else made)


LARGEST: Final = 16 << 20
"""Bytes of all values of an answer."""


def _require_small(collections: list[list[Node]]) -> None:
    """Refuse an answer that repeats a large element again and again (``too-costly``)."""
    left = LARGEST
    for node in chain.from_iterable(collections):
        left -= len(dumps_exact(node.value)) if isinstance(node.value, dict) else len(node.type)
        if left < 0:
            raise OperationOutcomeError("too-costly", "FHIRPath: the result is too large")


def _resource(call: Call) -> dict[str, Any]:
    """The resource of the call, or the stored one of the address."""
    resource = call.one("resource")
    if resource is None:
        if not call.id:
            raise OperationOutcomeError(
                "required", "the parameter resource is required", "resource"
            )
        resource = parse(call.store.read(call.kind, call.id).body)
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    known = isinstance(kind, str) and kind in definitions().resources
    if not isinstance(resource, dict) or not known:
        raise OperationOutcomeError(
            "structure", "the parameter resource is no resource of R4", "resource"
        )
    return resource


def _parts(node: Node, root: Node, known: dict[Key, str]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"name": "type", "valueString": node.type}]
    path = root.type if node.value is root.value else known.get(place_of(node))
    if path is not None:
        parts.append({"name": "path", "valueString": path})
    value = _system(node) if node.type.startswith("System.") else _element(node)
    return [*parts, {"name": "value", **value}] if value else parts


def _element(node: Node) -> dict[str, Any]:
    """An element of FHIR as ``value[x]``; as JSON text where a parameter cannot have its type."""
    value, kind = node.value, node.type
    if isinstance(value, dict) and "resourceType" in value:
        return {"resource": value}
    if kind not in _CARRIED:
        text = dumps_exact(value).decode() if isinstance(value, dict) else value
        return {"valueString": text} if text else {}
    name = f"value{kind[0].upper()}{kind[1:]}"
    found = {name: value, f"_{name}": None if isinstance(value, dict) else node.extension}
    return {key: one for key, one in found.items() if one is not None}


_CARRIED: Final = frozenset(
    kind
    for element in definitions().types["Parameters.parameter"].elements
    if element.choice
    for kind in element.types
)


def _system(node: Node) -> dict[str, Any]:
    """A system value as the type of FHIR that holds it; as text where none does."""
    value = node.value
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int) and abs(value) < 2**31:
        return {"valueInteger": value}
    if isinstance(value, Decimal):
        return {"valueDecimal": Number(format(value, "f"))}
    if isinstance(value, Quantity):
        coded = {} if value.calendar else {"system": UCUM, "code": value.code}
        number = Number(format(value.value, "f"))
        return {"valueQuantity": {"value": number, "unit": value.calendar or value.code, **coded}}
    if isinstance(value, Temporal):
        return _temporal(value)
    if isinstance(value, dict):
        return {"valueString": f"{value.get('namespace')}.{value.get('name')}"}
    return {"valueString": str(value)} if str(value) else {}


def _temporal(value: Temporal) -> dict[str, Any]:
    """A date or time in FHIR's type, which has to say the seconds, and the zone of a moment."""
    text = str(value)
    if value.kind == "Date" or (value.kind == "DateTime" and len(value.parts) <= 3):
        return {f"value{value.kind}": text}
    whole = len(value.parts) == (3 if value.kind == "Time" else 6)
    if whole and (value.kind == "Time" or value.zone is not None):
        return {f"value{value.kind}": text}
    return {"valueString": text}


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
        Parameter("result", "out", 0, "*", "Element", "Type, path and value of each result."),
        Parameter("trace", "out", 0, "*", "Element", "Label and values of each trace()."),
    ),
)
