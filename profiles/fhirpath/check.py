"""Whether an expression fits the types that it is written for (FHIRPath N1 10, type safety).

An evaluation is lenient: an element that a type does not have is empty. Here every path is followed through
the definitions, so that a name that can never be there is found without a resource that lacks it.
"""

from collections.abc import Iterable
from typing import Final

from profiles.definitions.r4 import definitions
from profiles.fhirpath.functions_collection import type_named
from profiles.fhirpath.kinds import ancestors
from profiles.fhirpath.nodes import names_of
from profiles.fhirpath.parser import parse
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

Kinds = frozenset[str] | None
"""The types that a collection may have; None where that cannot be said."""

_BOOLEAN: Final[Kinds] = frozenset({"System.Boolean"})
_STRING: Final[Kinds] = frozenset({"System.String"})
_INTEGER: Final[Kinds] = frozenset({"System.Integer"})
_OPEN: Final = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})
"""Types of which everything may be a special case."""
_SAME: Final = frozenset(
    {
        *("where", "first", "last", "tail", "skip", "take", "single", "distinct"),
        *("intersect", "exclude", "sort", "trace", "defineVariable", "checkModifiers"),
    }
)
"""Functions whose result has the types of what they are asked of."""
_SCOPED: Final = frozenset(
    {
        *("where", "select", "exists", "all", "repeat", "repeatAll", "aggregate", "sort", "iif"),
        *("trace", "defineVariable", "coalesce"),
    }
)
"""Functions whose arguments are evaluated on each item."""
_ORDERED: Final = frozenset({"first", "last", "tail", "skip", "take"})
_UNORDERED: Final = frozenset({"children", "descendants"})
_ON_TEXT: Final = frozenset(
    {
        *("startsWith", "endsWith", "contains", "matches", "matchesFull", "substring", "upper"),
        *("lower", "replace", "replaceMatches", "length", "trim", "split", "indexOf", "toChars"),
    }
)
_RESULTS: Final[dict[str, Kinds]] = {
    **dict.fromkeys(
        (
            *("exists", "empty", "not", "all", "allTrue", "anyTrue", "allFalse", "anyFalse", "is"),
            *("isDistinct", "subsetOf", "supersetOf", "hasValue", "startsWith", "endsWith"),
            *("contains", "matches", "matchesFull", "memberOf", "conformsTo"),
        ),
        _BOOLEAN,
    ),
    **dict.fromkeys(
        (
            *("toString", "upper", "lower", "replace", "replaceMatches", "substring", "join"),
            *("trim", "split", "encode", "decode", "escape", "unescape", "toChars"),
        ),
        _STRING,
    ),
    **dict.fromkeys(("count", "length", "indexOf", "toInteger"), _INTEGER),
    "extension": frozenset({"Extension"}),
    "type": frozenset({"System.TypeInfo"}),
}
_LOGICAL: Final = frozenset(
    {"and", "or", "xor", "implies", "=", "!=", "~", "!~", "<", ">", "<=", ">=", "in", "contains"}
)


def checked(expression: str, kind: str, here: Kinds | str = "") -> tuple[list[str], Kinds]:
    """What is wrong with an expression on a type, and the types of its result.

    Parameters
    ----------
    expression : str
        As it was written.
    kind : str
        Type of ``%resource``.
    here : frozenset of str or None, optional
        Types of the context, where that is not the resource; None where they cannot be said.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when it is no expression.
    """
    check = _Check(kind)
    begin = frozenset({kind}) if isinstance(here, str) else here
    return check.problems, check.of(parse(expression), begin)


class _Check:
    """Follows one expression; what it finds wrong is gathered."""

    def __init__(self, root: str) -> None:
        self._root = frozenset({root})
        self.problems: list[str] = []

    def of(self, tree: Tree, here: Kinds) -> Kinds:
        """The types of a tree on what ``$this`` is."""
        match tree:
            case Enclosed(inner):
                return self.of(inner, here)
            case Literal(value, kind):
                return frozenset({kind}) if value is not None else frozenset()
            case Variable(name):
                return self._variable(name, here)
            case Member():
                return self._member(tree, here)
            case Call():
                return self._call(tree, here)
        return self._operator(tree, here)

    def _operator(self, tree: Tree, here: Kinds) -> Kinds:
        match tree:
            case Item(of, index):
                self._ordered("[]", of)
                self.of(index, here)
                return self.of(of, here)
            case TypeTest(operator, operand, kind):
                return self._typed(operator, self.of(operand, here), kind)
            case Unary(_, operand):
                return self.of(operand, here)
            case Binary(operator, left, right):
                one, other = self.of(left, here), self.of(right, here)
                if operator == "|":
                    return _union((one, other))
                return _BOOLEAN if operator in _LOGICAL else None
        return None

    def _variable(self, name: str, here: Kinds) -> Kinds:
        if name == "$this":
            return here
        if name in ("%resource", "%rootResource"):
            return self._root
        return _INTEGER if name == "$index" else None

    def _member(self, tree: Member, here: Kinds) -> Kinds:
        owners = here if tree.of is None else self.of(tree.of, here)
        if owners is None:
            return None
        if tree.of is None and tree.name[:1].isupper():
            named = frozenset(kind for kind in owners if tree.name in ancestors(kind))
            if named:
                return named
        if owners & _OPEN:
            return None
        found = _union(_inside(kind, tree.name) for kind in owners)
        if owners and found is not None and not found:
            self.problems.append(f"{' and '.join(sorted(owners))}: there is no {tree.name}")
            return None
        return found

    def _call(self, tree: Call, here: Kinds) -> Kinds:
        owners = here if tree.of is None else self.of(tree.of, here)
        if tree.name in ("ofType", "as", "is") and len(tree.arguments) == 1:
            return self._typed(tree.name, owners, type_named(tree.arguments[0]))
        if tree.name in _ORDERED:
            self._ordered(f"{tree.name}()", tree.of)
        if tree.name in _ON_TEXT and owners and owners <= definitions().types.keys() - _OPEN:
            self.problems.append(f"{tree.name}(): {' and '.join(sorted(owners))} is no text")
        inner = owners if tree.name in _SCOPED else here
        arguments = [self.of(argument, inner) for argument in tree.arguments]
        return self._result(tree.name, owners, arguments)

    def _result(self, name: str, owners: Kinds, arguments: list[Kinds]) -> Kinds:
        if name in _SAME:
            return owners
        if name == "select" and arguments:
            return arguments[0]
        if name in ("union", "combine"):
            return _union((owners, *arguments[:1]))
        if name == "iif" and arguments:
            if arguments[0] and not arguments[0] & {"System.Boolean", "boolean"}:
                self.problems.append("iif(): the criterion is no Boolean")
            return _union(arguments[1:])
        return _RESULTS.get(name)

    def _typed(self, operator: str, owners: Kinds, wanted: str) -> Kinds:
        if operator == "is":
            return _BOOLEAN
        return frozenset({wanted.removeprefix("FHIR.")}) if owners != frozenset() else owners

    def _ordered(self, what: str, of: Tree | None) -> None:
        if isinstance(of, Call) and of.name in _UNORDERED:
            self.problems.append(f"{what}: {of.name}() has no order")


def _inside(kind: str, name: str) -> Kinds:
    """The types of an element of a type; nothing where there is none of this name."""
    if kind == "System.TypeInfo":
        return _STRING if name in ("namespace", "name") else frozenset()
    if kind.startswith("System."):
        return frozenset()
    if kind in definitions().types:
        return frozenset(inner for _, inner in names_of(kind, name))
    primitive = {"id": "string", "extension": "Extension"}.get(name)
    return frozenset({primitive}) if primitive else frozenset()


def _union(each: Iterable[Kinds]) -> Kinds:
    found: set[str] = set()
    for kinds in each:
        if kinds is None:
            return None
        found |= kinds
    return frozenset(found)
