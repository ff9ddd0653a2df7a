"""From a tree to closures: ``(scope, input) -> nodes`` (FHIRPath N1, sections 5 and 6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from profiles.fhirpath import operators
from profiles.fhirpath.codes import Codes
from profiles.fhirpath.kinds import ancestors, is_of, require_type
from profiles.fhirpath.members import distinct
from profiles.fhirpath.meter import Meter
from profiles.fhirpath.nodes import FALSE, TRUE, Node, boolean, children, system, unwrapped
from profiles.fhirpath.quantities import Quantity
from profiles.fhirpath.syntax import (
    Binary,
    Call,
    Enclosed,
    Item,
    Literal,
    Member,
    Tree,
    TypeTest,
    Unary,
    Variable,
)
from profiles.fhirpath.whole import like
from profiles.outcome import OperationOutcomeError

Nodes = list[Node]
Trace = tuple[str, Nodes]
"""Label of a ``trace()`` and what it saw."""


@dataclass(slots=True)
class Evaluation:
    """What stays the same while an expression is evaluated.

    Parameters
    ----------
    now : datetime
        What ``now()`` gives.
    traces : list, optional
        Takes what every ``trace()`` saw.
    meter : Meter, optional
        Counts the cost; what we have written ourselves is not metered.
    codes : Codes, optional
        Value sets and code systems beside those that ship.
    """

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    traces: list[Trace] | None = None
    meter: Meter | None = None
    codes: Codes | None = None

    def spend(self, nodes: int) -> None:
        """Count nodes, where that is done."""
        if self.meter is not None:
            self.meter.spend(nodes)


@dataclass(slots=True)
class Scope:
    """What an expression sees beside its input."""

    this: Nodes
    variables: dict[str, Nodes]
    evaluation: Evaluation
    index: int | None = None
    total: Nodes | None = None

    def of(self, node: Node, index: int | None = None, total: Nodes | None = None) -> "Scope":
        """The scope inside an iteration."""
        return Scope(
            [node],
            self.variables,
            self.evaluation,
            index,
            total if total is not None else self.total,
        )


Run = Callable[[Scope, Nodes], Nodes]
Builder = Callable[[tuple[Tree, ...]], Callable[[Scope, Nodes], Nodes]]

FUNCTIONS: Final[dict[str, Callable[[tuple[Tree, ...]], Run]]] = {}
"""Function name → what builds its closure from the argument trees."""


def compiled(tree: Tree) -> Run:
    """The closure of a tree."""
    return _BUILD[type(tree)](tree)


def _enclosed(tree: Any) -> Run:
    inner = compiled(tree.tree)

    def run(scope: Scope, nodes: Nodes) -> Nodes:
        known = scope.variables
        try:
            return inner(scope, nodes)
        finally:
            scope.variables = known

    return run


def _shut(tree: Tree) -> Tree:
    """The tree, enclosed where it defines variables; the others cost nothing."""
    return Enclosed(tree) if _defines(tree) else tree


def _defines(tree: Any) -> bool:
    if isinstance(tree, Call) and tree.name == "defineVariable":
        return True
    if isinstance(tree, tuple):
        return any(map(_defines, tree))
    inner = (getattr(tree, name, None) for name in _INNER)
    return any(one is not None and not isinstance(one, str) and _defines(one) for one in inner)


_INNER: Final = ("of", "operand", "left", "right", "index", "arguments")


def _literal(tree: Any) -> Run:
    if tree.value is None:
        return lambda scope, nodes: []
    made = [Node(tree.value, tree.type)]
    return lambda scope, nodes: made


def _member(tree: Any) -> Run:
    name = tree.name
    if tree.of is None:
        return lambda scope, nodes: _first(nodes, name)
    of = compiled(tree.of)
    return lambda scope, nodes: [c for n in of(scope, nodes) for c in children(n, name)]


def _first(nodes: Nodes, name: str) -> Nodes:
    """A name at the beginning of a path: the type of the input, or a member of it."""
    if name[:1].isupper():
        kept = [node for node in nodes if name in ancestors(node.type)]
        if kept:
            return kept
    return [child for node in nodes for child in children(node, name)]


def _item(tree: Any) -> Run:
    of, index = compiled(tree.of), compiled(tree.index)

    def run(scope: Scope, nodes: Nodes) -> Nodes:
        node = operators.single(index(scope, scope.this), "an index")
        if node is None:
            return []
        at = unwrapped(node)
        if not isinstance(at, int) or isinstance(at, bool):
            raise OperationOutcomeError("invalid", "FHIRPath: an index is an Integer")
        found = of(scope, nodes)
        return [found[at]] if 0 <= at < len(found) else []

    return run


_CONSTANTS: Final = {
    "%ucum": "http://unitsofmeasure.org",
    "%sct": "http://snomed.info/sct",
    "%loinc": "http://loinc.org",
}


def _variable(tree: Any) -> Run:
    name = tree.name
    if name == "$this":
        return lambda scope, nodes: scope.this
    if name == "$index":
        return lambda scope, nodes: [] if scope.index is None else [system(scope.index)]
    if name == "$total":
        return lambda scope, nodes: scope.total or []
    if name in _CONSTANTS:
        constant = [system(_CONSTANTS[name])]
        return lambda scope, nodes: constant
    for prefix, base in (("%vs-", "ValueSet/"), ("%ext-", "StructureDefinition/")):
        if name.startswith(prefix):
            address = [system(f"http://hl7.org/fhir/{base}{name.removeprefix(prefix)}")]
            return lambda scope, nodes: address

    def run(scope: Scope, nodes: Nodes) -> Nodes:
        found = scope.variables.get(name[1:])
        if found is None:
            raise OperationOutcomeError("invalid", f"FHIRPath: {name} is not defined")
        return found

    return run


def _unary(tree: Any) -> Run:
    operand, negative = compiled(tree.operand), tree.operator == "-"

    def run(scope: Scope, nodes: Nodes) -> Nodes:
        node = operators.single(operand(scope, nodes))
        if node is None:
            return []
        value = unwrapped(node)
        if isinstance(value, Quantity):
            return [system(replace(value, value=-value.value if negative else value.value))]
        if not operators.number(value):
            raise OperationOutcomeError("invalid", "FHIRPath: a sign stands before a number")
        return [system(like(-value, value) if negative else value)]

    return run


def _binary(tree: Any) -> Run:
    left, right = compiled(_shut(tree.left)), compiled(_shut(tree.right))
    if tree.operator in _LOGIC:
        decide = _LOGIC[tree.operator]
        return lambda scope, nodes: decide(left, right, scope, nodes)
    if tree.operator == "|":
        return lambda scope, nodes: united(scope, left(scope, nodes), right(scope, nodes))
    combine = _COMBINE[tree.operator]
    return lambda scope, nodes: combine(left(scope, nodes), right(scope, nodes))


def united(scope: Scope, one: Nodes, other: Nodes) -> Nodes:
    """Both collections without what is twice in them (N1 5.4.1)."""
    both = [*one, *other]
    if len(both) < 2:
        return both
    spend = scope.evaluation.spend
    spend(len(both))
    return distinct(both, spend)


def _and(left: Run, right: Run, scope: Scope, nodes: Nodes) -> Nodes:
    one = operators.truth(left(scope, nodes))
    if one is False:
        return FALSE
    other = operators.truth(right(scope, nodes))
    if other is False:
        return FALSE
    return TRUE if one and other else []


def _or(left: Run, right: Run, scope: Scope, nodes: Nodes) -> Nodes:
    one = operators.truth(left(scope, nodes))
    if one is True:
        return TRUE
    other = operators.truth(right(scope, nodes))
    if other is True:
        return TRUE
    return FALSE if one is False and other is False else []


def _xor(left: Run, right: Run, scope: Scope, nodes: Nodes) -> Nodes:
    one, other = operators.truth(left(scope, nodes)), operators.truth(right(scope, nodes))
    return [] if one is None or other is None else boolean(one != other)


def _implies(left: Run, right: Run, scope: Scope, nodes: Nodes) -> Nodes:
    one = operators.truth(left(scope, nodes))
    if one is False:
        return TRUE
    other = operators.truth(right(scope, nodes))
    if other is True:
        return TRUE
    return FALSE if one is True and other is False else []


_LOGIC: Final = {"and": _and, "or": _or, "xor": _xor, "implies": _implies}


def _known(value: bool | None) -> Nodes:
    return [] if value is None else boolean(value)


def _negated(value: bool | None) -> Nodes:
    return [] if value is None else boolean(not value)


def _ordering(*wanted: int) -> Callable[[Nodes, Nodes], Nodes]:
    def run(left: Nodes, right: Nodes) -> Nodes:
        found = operators.ordered(left, right)
        return [] if found is None else boolean(found in wanted)

    return run


def _calculation(operator: str) -> Callable[[Nodes, Nodes], Nodes]:
    return lambda left, right: operators.arithmetic(operator, left, right)


_COMBINE: Final[Mapping[str, Callable[[Nodes, Nodes], Nodes]]] = {
    "=": lambda left, right: _known(operators.equal(left, right)),
    "!=": lambda left, right: _negated(operators.equal(left, right)),
    "~": lambda left, right: boolean(operators.equivalent(left, right)),
    "!~": lambda left, right: boolean(not operators.equivalent(left, right)),
    "<": _ordering(-1),
    ">": _ordering(1),
    "<=": _ordering(-1, 0),
    ">=": _ordering(0, 1),
    "in": operators.member_of,
    "contains": lambda left, right: operators.member_of(right, left),
    "&": operators.joined,
    **{operator: _calculation(operator) for operator in ("+", "-", "*", "/", "div", "mod")},
}


def _type_test(tree: Any) -> Run:
    operand, wanted = compiled(tree.operand), tree.type
    require_type(wanted)
    if tree.operator == "as":

        def cast(scope: Scope, nodes: Nodes) -> Nodes:
            node = operators.single(operand(scope, nodes), "as")
            return [node] if node is not None and is_of(node, wanted) else []

        return cast

    def run(scope: Scope, nodes: Nodes) -> Nodes:
        node = operators.single(operand(scope, nodes), "is")
        return [] if node is None else boolean(is_of(node, wanted))

    return run


def _call(tree: Any) -> Run:
    build = FUNCTIONS.get(tree.name)
    if build is None:
        raise OperationOutcomeError("invalid", f"FHIRPath: there is no function {tree.name}()")
    run = build(tuple(map(_shut, tree.arguments)))
    if tree.of is None:
        return run
    of = compiled(tree.of)
    return lambda scope, nodes: run(scope, of(scope, nodes))


_BUILD: Final[dict[type, Callable[[Any], Run]]] = {
    Literal: _literal,
    Member: _member,
    Item: _item,
    Variable: _variable,
    Unary: _unary,
    Binary: _binary,
    TypeTest: _type_test,
    Call: _call,
    Enclosed: _enclosed,
}
