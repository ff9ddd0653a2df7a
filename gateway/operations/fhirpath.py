"""``$fhirpath``: evaluate an expression, for people who look for a mistake in one.

Parameters and answer are those that the FHIRPath Lab expects of an engine (fhirpath-lab ``server-api.md``).
There a trace that saw something, and the result for an element of a context, have a value beside their
parts; R4 would have one of them alone (inv-1), and the programs that read the answer look for both. Every
other answer is a valid resource.
"""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import orjson

from gateway.operations.codes import known_of
from gateway.operations.definition import Call, Operation, Parameter
from gateway.operations.fhirpath_parts import NOT_APPLICABLE, Parts, absent
from profiles.code_systems.membership import Membership
from profiles.definitions.r4 import definitions
from profiles.exact_json import dumps_exact
from profiles.fhirpath.check import checked
from profiles.fhirpath.compile import Trace
from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.meter import Meter
from profiles.fhirpath.nodes import Node
from profiles.fhirpath.outline import outline
from profiles.fhirpath.parser import parse as parse_expression
from profiles.outcome import OperationOutcomeError
from profiles.strict_json import parse

_OURS: Final = frozenset({"resource", "rootResource", "context"})
"""Variables that the evaluation sets itself."""


def fhirpath(call: Call) -> bytes:
    """What was asked, and for every element of the context the values with what each ``trace()`` saw."""
    expression = call.one("expression")
    if not isinstance(expression, str) or not expression:
        raise OperationOutcomeError(
            "required", "the parameter expression is required", "expression"
        )
    resource = _resource(call)
    root = Node(resource, str(resource["resourceType"]))
    results = list(_results(call, expression, root))
    answer = [_asked(call, expression, resource), *results]
    return dumps_exact({"resourceType": "Parameters", "id": "fhirpath", "parameter": answer})


def _results(call: Call, expression: str, root: Node) -> Iterator[dict[str, Any]]:
    meter, parts, variables = Meter(), Parts(root), _variables(call)
    compiled, codes = compile_expression(expression), Membership(known_of(call))
    for name, here in _contexts(call, root, parts, meter, variables):
        traces: list[Trace] = []
        found = compiled.evaluate(
            root, context=here, variables=variables, traces=traces, metered=meter, codes=codes
        )
        inner = parts.of(found)
        for label, seen in traces:
            traced = {"name": "trace", "valueString": label or "trace"}
            inner.append({**traced, "part": parts.of(seen)} if seen else traced)
        said = {**name, "part": inner} if inner else name
        yield {"name": "result", **(said or absent(NOT_APPLICABLE))}


def _contexts(
    call: Call, root: Node, parts: Parts, meter: Meter, variables: dict[str, list[Node]]
) -> Iterator[tuple[dict[str, str], Node]]:
    """The elements on which the expression is evaluated, each with what says which it is."""
    context = call.one("context")
    if context is None:
        yield {}, root
        return
    found = compile_expression(context).evaluate(root, variables=variables, metered=meter)
    for at, node in enumerate(found):
        yield {"valueString": parts.path(node) or f"{context}[{at}]"}, node


def _variables(call: Call) -> dict[str, list[Node]]:
    """What the call says of ``%name``."""
    found: dict[str, list[Node]] = {}
    for part in (part for given in call.given.get("variables", ()) for part in given):
        name = part["name"]
        if name in _OURS or name in found:
            raise OperationOutcomeError("invalid", "this variable is set already", "variables")
        found[name] = [] if (node := _variable(part)) is None else [node]
    return found


def _variable(part: dict[str, Any]) -> Node | None:
    """The value of a variable with the type that ``value[x]`` says."""
    if isinstance(part.get("resource"), dict):
        return Node(part["resource"], str(part["resource"].get("resourceType")))
    name = next((name for name in part if name.startswith("value")), "")
    kind = name.removeprefix("value")
    known = definitions()
    kind = kind if kind in known.types else kind[:1].lower() + kind[1:]
    return Node(part[name], kind, part.get(f"_{name}")) if name else None


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


def _asked(call: Call, expression: str, resource: dict[str, Any]) -> dict[str, Any]:
    """What was asked, who answers, and how the expression was understood."""
    tree = orjson.dumps(outline(parse_expression(expression)), option=orjson.OPT_INDENT_2).decode()
    parts: list[dict[str, Any]] = [
        {"name": "evaluator", "valueString": f"Isthmus {version('isthmus')} (R4)"},
        {"name": "parseDebugTree", "valueString": tree},
        {"name": "expression", "valueString": expression},
    ]
    if (context := call.one("context")) is not None:
        parts.append({"name": "context", "valueString": context})
    parts.append({"name": "resource", "resource": resource})
    if call.one("validate"):
        parts += _validation(expression, context, str(resource["resourceType"]))
    parts += [{"name": "variables", "part": given} for given in call.given.get("variables", ())]
    return {"name": "parameters", "part": parts}


def _validation(expression: str, context: str | None, kind: str) -> list[dict[str, Any]]:
    """The types that the expression gives, and what cannot be right for the type of the resource."""
    problems, here = checked(context, kind) if context is not None else ([], frozenset({kind}))
    more, found = checked(expression, kind, here)
    issues = [
        {"severity": "error", "code": "invalid", "diagnostics": one} for one in problems + more
    ]
    fine = [{"severity": "information", "code": "informational", "diagnostics": "no problem found"}]
    outcome = {"resourceType": "OperationOutcome", "issue": issues or fine}
    kinds = "|".join(sorted(found)) if found else ""
    typed = [{"name": "expectedReturnType", "valueString": kinds}] if kinds else []
    return [*typed, {"name": "validation", "resource": outcome}]


_VALUE: Final = Parameter("*", "in", 0, "*", "Element", "The value of the variable of this name.")
_ASKED: Final = (
    Parameter("evaluator", "out", 1, "1", "string", "Name and version of the engine."),
    Parameter("parseDebugTree", "out", 1, "1", "string", "The expression as a tree, in JSON."),
    Parameter("expression", "out", 1, "1", "string", "The expression."),
    Parameter("context", "out", 0, "1", "string", "The expression of the context."),
    Parameter("resource", "out", 1, "1", "Resource", "What it was evaluated on."),
    Parameter("expectedReturnType", "out", 0, "1", "string", "The types of the result."),
    Parameter("validation", "out", 0, "1", "OperationOutcome", "What the types do not allow."),
    Parameter("variables", "out", 0, "*", "", "The variables.", parts=(_VALUE,), free=True),
)
_FOUND: Final = (
    Parameter("*", "out", 0, "*", "Element", "A value, under the name of its type."),
    Parameter("trace", "out", 0, "*", "Element", "Name and values of a trace()."),
)

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
        Parameter(
            "context", "in", 0, "1", "string", "An expression; on each of its values one result."
        ),
        Parameter("resource", "in", 0, "1", "Resource", "What to evaluate it on."),
        Parameter("variables", "in", 0, "*", "", "Values by name.", parts=(_VALUE,), free=True),
        Parameter("validate", "in", 0, "1", "boolean", "Whether to check it against the types."),
        Parameter(
            "terminologyserver", "in", 0, "1", "string", "Not asked: codes are looked up here."
        ),
        Parameter("parameters", "out", 1, "1", "", "What was asked.", parts=_ASKED),
        Parameter("result", "out", 0, "*", "", "Values and traces.", parts=_FOUND),
    ),
)
