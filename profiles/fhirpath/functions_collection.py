"""Functions on collections (FHIRPath N1, sections 5.1 to 5.4 and 5.8)."""

from collections.abc import Callable
from typing import Any

from profiles.fhirpath import operators
from profiles.fhirpath.compile import FUNCTIONS, Nodes, Run, Scope, compiled, united
from profiles.fhirpath.kinds import is_of, require_type
from profiles.fhirpath.members import Members, distinct, key_of
from profiles.fhirpath.nodes import Node, all_children, boolean, system, unwrapped
from profiles.fhirpath.syntax import Member, Tree
from profiles.outcome import OperationOutcomeError

MOST_STEPS = 20_000
"""Nodes that ``repeat`` visits."""


def function(name: str, least: int = 0, most: int | None = None) -> Callable[[Any], Any]:
    """Register a builder under a name; it gets between ``least`` and ``most`` argument trees."""
    top = least if most is None else most

    def decorate(build: Callable[..., Run]) -> Callable[..., Run]:
        def checked(arguments: tuple[Tree, ...]) -> Run:
            if not least <= len(arguments) <= top:
                raise OperationOutcomeError("invalid", f"FHIRPath: {name}() has other arguments")
            return build(*arguments)

        FUNCTIONS[name] = checked
        return build

    return decorate


def plain(name: str, compute: Callable[[Nodes], Nodes]) -> None:
    """Register a function without arguments."""

    def build() -> Run:
        return lambda scope, nodes: compute(nodes)

    function(name)(build)


def type_named(tree: Tree) -> str:
    """Type that an argument names."""
    parts: list[str] = []
    at: Tree | None = tree
    while isinstance(at, Member):
        parts.append(at.name)
        at = at.of
    if at is not None or not parts:
        raise OperationOutcomeError("invalid", "FHIRPath: a type is expected")
    name = ".".join(reversed(parts))
    require_type(name)
    return name


def each(scope: Scope, nodes: Nodes, run: Run) -> list[tuple[Node, Nodes]]:
    """Every node with what a closure gives on it."""
    meter = scope.evaluation.meter
    if meter is None:
        return [(node, run(scope.of(node, at), [node])) for at, node in enumerate(nodes)]
    found = []
    for at, node in enumerate(nodes):
        more = run(scope.of(node, at), [node])
        meter.spend(1 + len(more))
        found.append((node, more))
    return found


def _all_are(wanted: bool) -> Callable[[Nodes], Nodes]:
    return lambda nodes: boolean(all(value is wanted for value in _booleans(nodes)))


def _any_is(wanted: bool) -> Callable[[Nodes], Nodes]:
    return lambda nodes: boolean(any(value is wanted for value in _booleans(nodes)))


def _booleans(nodes: Nodes) -> list[Any]:
    values = [unwrapped(node) for node in nodes]
    if not all(isinstance(value, bool) for value in values):
        raise OperationOutcomeError("invalid", "FHIRPath: a collection of Booleans is expected")
    return values


def _negation(nodes: Nodes) -> Nodes:
    value = operators.truth(nodes)
    return [] if value is None else boolean(not value)


def _one(nodes: Nodes) -> Nodes:
    operators.single(nodes, "single()")
    return nodes


def _grown(name: str, compute: Callable[[Nodes], Nodes]) -> None:
    """Register a function without arguments that may give more nodes than it takes."""

    def build() -> Run:
        def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
            found = compute(nodes)
            scope.evaluation.spend(len(found))
            return found

        return evaluate

    function(name)(build)


def _descendants(nodes: Nodes) -> Nodes:
    found: Nodes = []
    front = nodes
    while front:
        front = [child for node in front for child in all_children(node)]
        found.extend(front)
    return found


plain("empty", lambda nodes: boolean(not nodes))
plain("not", _negation)
plain("count", lambda nodes: [system(len(nodes))])
plain("allTrue", _all_are(True))
plain("allFalse", _all_are(False))
plain("anyTrue", _any_is(True))
plain("anyFalse", _any_is(False))
plain("single", _one)
plain("first", lambda nodes: nodes[:1])
plain("last", lambda nodes: nodes[-1:])
plain("tail", lambda nodes: nodes[1:])
_grown("children", lambda nodes: [child for node in nodes for child in all_children(node)])
_grown("descendants", _descendants)


@function("distinct")
def _distinct() -> Run:
    return lambda scope, nodes: distinct(nodes, scope.evaluation.spend)


@function("isDistinct")
def _is_distinct() -> Run:
    return lambda scope, nodes: boolean(
        len(nodes) < 2 or len(distinct(nodes, scope.evaluation.spend)) == len(nodes)
    )


@function("exists", 0, 1)
def _exists(criteria: Tree | None = None) -> Run:
    if criteria is None:
        return lambda scope, nodes: boolean(bool(nodes))
    run = compiled(criteria)
    return lambda scope, nodes: boolean(
        any(operators.truth(found) is True for _, found in each(scope, nodes, run))
    )


@function("all", 1)
def _all(criteria: Tree) -> Run:
    run = compiled(criteria)
    return lambda scope, nodes: boolean(
        all(operators.truth(found) is True for _, found in each(scope, nodes, run))
    )


@function("where", 1)
def _where(criteria: Tree) -> Run:
    run = compiled(criteria)
    return lambda scope, nodes: [
        node for node, found in each(scope, nodes, run) if operators.truth(found) is True
    ]


@function("select", 1)
def _select(projection: Tree) -> Run:
    run = compiled(projection)
    return lambda scope, nodes: [one for _, found in each(scope, nodes, run) for one in found]


@function("repeat", 1)
def _repeat(projection: Tree) -> Run:
    run = compiled(projection)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        found: Nodes = []
        seen: set[Any] = set()
        front = nodes
        while front:
            following = [one for _, more in each(scope, front, run) for one in more]
            front = []
            for node in following:
                key = key_of(unwrapped(node))
                if key not in seen:
                    seen.add(key)
                    front.append(node)
            found.extend(front)
            if len(found) > MOST_STEPS:
                raise OperationOutcomeError("too-costly", "FHIRPath: repeat() does not end")
        return found

    return evaluate


Combining = Callable[[Scope, Nodes, Nodes], Nodes]


def _with_collection(name: str, compute: Combining) -> None:
    def build(other: Tree) -> Run:
        run = compiled(other)
        return lambda scope, nodes: compute(scope, nodes, run(scope, scope.this))

    function(name, 1)(build)


def _combined(scope: Scope, one: Nodes, other: Nodes) -> Nodes:
    scope.evaluation.spend(len(one) + len(other))
    return [*one, *other]


def _within(scope: Scope, one: Nodes, other: Nodes) -> list[bool]:
    """Of each member, whether the other collection has one that equals it."""
    members = Members(other if one else (), scope.evaluation.spend)
    return [unwrapped(node) in members for node in one]


def _kept(scope: Scope, one: Nodes, other: Nodes, *, inside: bool) -> Nodes:
    found = zip(one, _within(scope, one, other), strict=True)
    return [node for node, within in found if within is inside]


_with_collection("union", united)


@function("combine", 1, 2)
def _combine(other: Tree, preserve_order: Tree | None = None) -> Run:
    """Both collections; the order is kept in any case, which is all that the second argument asks."""
    run, order = compiled(other), None if preserve_order is None else compiled(preserve_order)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        if order is not None:
            operators.single(order(scope, scope.this), "combine()")
        return _combined(scope, nodes, run(scope, scope.this))

    return evaluate


_with_collection(
    "intersect",
    lambda scope, one, other: distinct(
        _kept(scope, one, other, inside=True), scope.evaluation.spend
    ),
)
_with_collection("exclude", lambda scope, one, other: _kept(scope, one, other, inside=False))
_with_collection("subsetOf", lambda scope, one, other: boolean(all(_within(scope, one, other))))
_with_collection("supersetOf", lambda scope, one, other: boolean(all(_within(scope, other, one))))


def whole(run: Run, scope: Scope, what: str) -> int | None:
    """An Integer argument."""
    node = operators.single(run(scope, scope.this), what)
    if node is None:
        return None
    value = unwrapped(node)
    if not isinstance(value, int) or isinstance(value, bool):
        raise OperationOutcomeError("invalid", f"FHIRPath: {what} takes an Integer")
    return value


@function("skip", 1)
def _skip(count: Tree) -> Run:
    run = compiled(count)
    return lambda scope, nodes: nodes[max(0, whole(run, scope, "skip()") or 0) :]


@function("take", 1)
def _take(count: Tree) -> Run:
    run = compiled(count)
    return lambda scope, nodes: nodes[: max(0, whole(run, scope, "take()") or 0)]


@function("ofType", 1)
def _of_type(wanted: Tree) -> Run:
    name = type_named(wanted)
    return lambda scope, nodes: [node for node in nodes if is_of(node, name)]


@function("as", 1)
def _as(wanted: Tree) -> Run:
    name = type_named(wanted)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        node = operators.single(nodes, "as()")
        return [node] if node is not None and is_of(node, name) else []

    return evaluate


@function("is", 1)
def _is(wanted: Tree) -> Run:
    name = type_named(wanted)

    def evaluate(scope: Scope, nodes: Nodes) -> Nodes:
        node = operators.single(nodes, "is()")
        return [] if node is None else boolean(is_of(node, name))

    return evaluate
