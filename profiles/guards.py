"""Which members an invariant looks at: where all are absent it need not be evaluated.

An expression that reaches the element only through named members gives the same answer for every element that
has none of them. That answer is computed once, on an element without members.
"""

from collections.abc import Iterator

from profiles.definitions.r4 import definitions, member_name
from profiles.fhirpath.engine import Expression
from profiles.fhirpath.nodes import Node
from profiles.fhirpath.parser import parse
from profiles.fhirpath.syntax import (
    Binary,
    Call,
    Item,
    Member,
    Tree,
    TypeTest,
    Unary,
    Variable,
)

_TYPES = frozenset({"ofType", "as", "is"})


def guard(expression: Expression, kind: str) -> frozenset[str] | None:
    """JSON names of a type, one of which must be present for the invariant to fail; None when unknown."""
    names: set[str] = set()
    try:
        for name in _named(parse(expression.text)):
            names.add(name)
    except _Unknown:
        return None
    definition = definitions().types.get(kind)
    if definition is None or not names:
        return None
    empty: dict[str, object] = {}
    if not expression.holds(Node(empty, kind)):
        return None
    found = {
        json_name
        for element in definition.elements
        if element.name in names
        for json_name in (member_name(element, inner) for inner in element.types)
    }
    return frozenset(found | {f"_{name}" for name in found})


class _Unknown(Exception):  # noqa: N818 - leaves the walk, is caught beside it
    """The expression reaches the element in another way."""


def _named(tree: Tree | None) -> Iterator[str]:
    """Every name that a tree follows, those inside functions included."""
    if tree is None or (isinstance(tree, Variable) and tree.name != "$this"):
        raise _Unknown
    if isinstance(tree, Member):
        yield tree.name
        if tree.of is None:
            return
    for part in _parts(tree):
        yield from _named(part)


def _parts(tree: Tree) -> tuple[Tree | None, ...]:
    match tree:
        case Member(of, _):
            return (of,)
        case Call(of, name, arguments):
            return (of,) if name in _TYPES else (of, *arguments)
        case Item(of, index):
            return (of, index)
        case Binary(_, left, right):
            return (left, right)
        case Unary(_, operand) | TypeTest(_, operand, _):
            return (operand,)
    return ()
