"""Which members an invariant looks at: where all are absent it need not be evaluated.

An expression that reaches the element only through named members gives the same answer for every element that
has none of them. That answer is computed once, on an element without members.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from profiles.definitions.r4 import TypeDefinition, definitions, member_name
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
_EMPTY_OF_EMPTY = frozenset(
    {"where", "select", "ofType", "as", "first", "last", "tail", "skip", "take"}
)
_STAYING = frozenset({"$this", "%context", "%ucum", "%sct", "%loinc"})
"""Variables that are constants, or lead no further than the element and its parts."""
_TRUE_OF_EMPTY = frozenset({"empty", "all", "isDistinct"})


@dataclass(frozen=True, slots=True)
class Guard:
    """JSON names of a type that decide an invariant alone.

    It holds where all of one set of ``needed`` are absent, and where one of ``enough`` is present. The
    smallest set comes first: one look at each of its names is all that most resources cost.
    """

    needed: tuple[frozenset[str], ...] = ()
    enough: frozenset[str] = frozenset()

    def holds(self, value: Mapping[str, object]) -> bool:
        """Whether the members that an object has say that the invariant holds."""
        members = value.keys()
        for names in self.needed:
            if members.isdisjoint(names):
                return True
        return not members.isdisjoint(self.enough)


def guard(expression: Expression, kind: str) -> Guard:
    """What an expression says of its type by the mere presence of members."""
    definition = definitions().types.get(kind)
    if definition is None:
        return Guard()
    tree = parse(expression.text)
    sets = [{root} for root in _sufficient(tree)]
    whole = names_in(expression.text)
    empty: dict[str, object] = {}
    if whole and expression.holds(Node(empty, kind)):
        sets.append(whole)
    needed = (frozenset(_json_names(definition, names)) for names in sets)
    return Guard(
        # A name that is no member, such as that of the type, decides nothing.
        tuple(sorted((names for names in needed if names), key=len)),
        frozenset(_json_names(definition, set(_enough(tree)))),
    )


def names_in(expression: str) -> set[str] | None:
    """Every name that an expression follows from its element; None when it leaves the element."""
    try:
        return set(_named(parse(expression)))
    except _Unknown:
        return None


def _json_names(definition: TypeDefinition, names: set[str]) -> Iterator[str]:
    for element in definition.elements:
        if element.name in names:
            for inner in element.types:
                name = member_name(element, inner)
                yield from (name, f"_{name}")


def _sufficient(tree: Tree) -> Iterator[str]:
    """Members the absence of any one of which makes a tree true (FHIRPath 6.5, ``or`` and ``implies``)."""
    match tree:
        case Binary("or", left, right):
            yield from _sufficient(left)
            yield from _sufficient(right)
        case Binary("implies", Call(of, "exists", _), _):
            yield from _root(of)
        case Call(Call(of, "exists", _), "not", ()):
            yield from _root(of)
        case Call(of, name, _) if name in _TRUE_OF_EMPTY:
            yield from _root(of)


def _enough(tree: Tree) -> Iterator[str]:
    """Members the presence of any one of which makes a tree true."""
    match tree:
        case Binary("or", left, right):
            yield from _enough(left)
            yield from _enough(right)
        case Call(Member(None, name), "exists", ()):
            yield name


def _root(tree: Tree | None) -> Iterator[str]:
    """The member that a path begins with; without it the path is empty, whatever its functions hold."""
    match tree:
        case Member(None, name):
            yield name
        case Member(of, _) | Item(of, _):
            yield from _root(of)
        case Call(of, name, _) if name in _EMPTY_OF_EMPTY:
            yield from _root(of)


class _Unknown(Exception):  # noqa: N818 - leaves the walk, is caught beside it
    """The expression reaches the element in another way."""


def _named(tree: Tree | None) -> Iterator[str]:
    """Every name that a tree follows, those inside functions included."""
    if tree is None or (isinstance(tree, Variable) and tree.name not in _STAYING):
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
