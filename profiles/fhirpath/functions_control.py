"""Functions that steer the evaluation: choice, accumulation, order, variables (FHIRPath N1, 5.2, 7)."""

from typing import Any

from profiles.fhirpath import operators
from profiles.fhirpath.compile import Nodes, Run, Scope, compiled
from profiles.fhirpath.functions_collection import each, function
from profiles.fhirpath.nodes import unwrapped
from profiles.fhirpath.syntax import Tree
from profiles.outcome import OperationOutcomeError


@function("aggregate", 1, 2)
def _aggregate(aggregator: Tree, initial: Tree | None = None) -> Run:
    run, start = compiled(aggregator), None if initial is None else compiled(initial)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        total: Nodes = [] if start is None else start(scope, scope.this)
        for at, node in enumerate(nodes):
            total = run(scope.of(node, at, total), [node])
            scope.evaluation.spend(1 + len(total))
        return total

    return evaluate


@function("sort", 0, 8)
def _sort(*keys: Tree) -> Run:
    runs = [_sort_key(key) for key in keys]

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        ordered = list(nodes)
        for run, descending in reversed(runs or [(lambda s, n: n, False)]):
            found = {
                id(node): operators.single(key, "a key of sort()")
                for node, key in each(scope, ordered, run)
            }
            present = [(key, node) for node in ordered if (key := found[id(node)]) is not None]
            absent = [node for node in ordered if found[id(node)] is None]
            present.sort(key=lambda pair: _Key(unwrapped(pair[0])), reverse=descending)
            sorted_ones = [node for _, node in present]
            ordered = [*sorted_ones, *absent] if descending else [*absent, *sorted_ones]
        return ordered

    return evaluate


def _sort_key(tree: Tree) -> tuple[Run, bool]:
    operand = getattr(tree, "operand", None)
    if operand is not None and getattr(tree, "operator", "") == "-":
        return compiled(operand), True
    return compiled(tree), False


class _Key:
    """Order of system values for sorting."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Key") -> bool:
        return operators.order_values(self.value, other.value) == -1


@function("iif", 2, 3)
def _iif(criterion: Tree, yes: Tree, no: Tree | None = None) -> Run:
    test, then = compiled(criterion), compiled(yes)
    otherwise = None if no is None else compiled(no)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        if len(nodes) > 1:
            raise OperationOutcomeError("invalid", "FHIRPath: iif() takes one item at most")
        inner = scope.of(nodes[0], scope.index) if nodes else scope
        if operators.truth(test(inner, nodes)) is True:
            return then(inner, nodes)
        return [] if otherwise is None else otherwise(inner, nodes)

    return evaluate


@function("defineVariable", 1, 2)
def _define_variable(name: Tree, value: Tree | None = None) -> Run:
    named, run = compiled(name), None if value is None else compiled(value)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        node = operators.single(named(scope, scope.this))
        key = "" if node is None else str(unwrapped(node))
        if not key or key in scope.variables:
            raise OperationOutcomeError("invalid", "FHIRPath: this variable is defined already")
        # What follows sees it; another iteration begins without it.
        defined = nodes if run is None else run(scope, nodes)
        scope.variables = {**scope.variables, key: defined}
        return nodes

    return evaluate
