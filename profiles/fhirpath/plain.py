"""Conditions on one element, compiled to look at its JSON directly (FHIRPath N1 5.1, 6.1, 6.5).

Most constraints ask whether members exist and which codes they have. These need no nodes and no types at run
time: the definitions say under which JSON names an element stands. What is not of this kind is left to the
engine, and so is a value that it would see differently: extensions beside a primitive, several values where
one is expected.
"""

from collections.abc import Callable
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.fhirpath.nodes import names_of
from profiles.fhirpath.parser import parse
from profiles.fhirpath.syntax import Binary, Call, Literal, Member, Tree, Variable
from profiles.outcome import OperationOutcomeError

Condition = Callable[[Any], bool | None]
_Path = Callable[[Any], list[Any]]

_TEXTS: Final = frozenset(
    {"string", "code", "id", "uri", "url", "canonical", "markdown", "oid", "uuid"}
)
_NUMBERS: Final = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})
_ORDER: Final[dict[str, Callable[[Any, int], bool]]] = {
    "<": lambda one, other: bool(one < other),
    ">": lambda one, other: bool(one > other),
    "<=": lambda one, other: bool(one <= other),
    ">=": lambda one, other: bool(one >= other),
}


class Unsure(Exception):  # noqa: N818 - no error: the engine is asked instead
    """A value that the engine has to judge."""


class _NotPlain(Exception):  # noqa: N818 - leaves the compilation, is caught beside it
    """An expression of another kind."""


def plain_condition(expression: str, kind: str) -> Condition | None:
    """The condition that an expression is on the JSON of a type; None where the engine is needed.

    The condition raises ``Unsure`` for a value that only the engine can judge.
    """
    try:
        return _condition(parse(expression), kind)
    except (_NotPlain, OperationOutcomeError):
        return None


def _condition(tree: Tree, kind: str) -> Condition:
    match tree:
        case Binary(operator, left, right) if operator in _LOGIC:
            return _LOGIC[operator](_condition(left, kind), _condition(right, kind))
        case Binary("=" | "!=" as operator, left, Literal(str() as text, _)):
            return _equality(_typed(left, kind, _TEXTS), text, wanted=operator == "=")
        case Binary("in", left, right):
            return _membership(_typed(left, kind, _TEXTS), frozenset(_texts(right)))
        case Binary(operator, left, Literal(int() as number, _)) if operator in _ORDER:
            return _comparison(_typed(left, kind, _NUMBERS), _ORDER[operator], number)
        case Call(of, "not", ()) if of is not None:
            return _negation(_condition(of, kind))
        case Call(of, name, arguments) if of is not None and name in ("exists", "empty", "all"):
            return _existence(name, of, arguments, kind)
    return _truth(_typed(tree, kind, frozenset({"boolean"})))


def _existence(name: str, of: Tree, arguments: tuple[Tree, ...], kind: str) -> Condition:
    path, kinds = _path(of, kind)
    if not arguments and name != "all":
        wanted = name == "exists"
        return lambda value: bool(path(value)) is wanted
    if name == "empty" or len(arguments) != 1:
        raise _NotPlain
    criterion = _condition(arguments[0], _one_of(kinds))
    # Every item is asked, as the engine does, so that what it would refuse is not passed over.
    if name == "all":
        return lambda value: {criterion(one) for one in path(value)} <= {True}
    return lambda value: True in {criterion(one) for one in path(value)}


def _path(tree: Tree | None, kind: str) -> tuple[_Path, frozenset[str]]:
    """What leads from an object to values, and their types."""
    match tree:
        case Variable("$this"):
            return lambda value: [value], frozenset({kind})
        case Member(None, name):
            return _members(kind, name)
        case Member(of, name):
            outer, kinds = _path(of, kind)
            inner, found = _members(_one_of(kinds), name)
            return lambda value: [one for each in outer(value) for one in inner(each)], found
        case Call(of, "where", (criterion,)) if of is not None:
            outer, kinds = _path(of, kind)
            kept = _condition(criterion, _one_of(kinds))
            return lambda value: [one for one in outer(value) if kept(one) is True], kinds
    raise _NotPlain


def _members(kind: str, name: str) -> tuple[_Path, frozenset[str]]:
    names = names_of(kind, name)
    if not names or any(inner == "Resource" for _, inner in names):
        raise _NotPlain
    pairs = tuple((json_name, f"_{json_name}") for json_name, _ in names)

    def path(value: Any) -> list[Any]:
        found: list[Any] = []
        for json_name, beside in pairs:
            if beside in value:
                raise Unsure
            one = value.get(json_name)
            if type(one) is list:
                if None in one:
                    raise Unsure
                found += one
            elif one is not None:
                found.append(one)
        return found

    return path, frozenset(inner for _, inner in names)


def _one_of(kinds: frozenset[str]) -> str:
    """The one type of objects that a path leads to."""
    if len(kinds) != 1 or not kinds <= definitions().types.keys():
        raise _NotPlain
    return next(iter(kinds))


def _typed(tree: Tree, kind: str, wanted: frozenset[str]) -> _Path:
    path, kinds = _path(tree, kind)
    if not kinds <= wanted:
        raise _NotPlain
    return path


def _texts(tree: Tree) -> list[str]:
    """The texts of ``'a' | 'b'``."""
    match tree:
        case Literal(str() as text, _):
            return [text]
        case Binary("|", left, right):
            return _texts(left) + _texts(right)
    raise _NotPlain


def _single(values: list[Any]) -> Any:
    if len(values) > 1:
        raise Unsure
    return values[0] if values else None


def _equality(path: _Path, text: str, *, wanted: bool) -> Condition:
    def condition(value: Any) -> bool | None:
        found = path(value)
        return (found == [text]) is wanted if found else None

    return condition


def _membership(path: _Path, texts: frozenset[str]) -> Condition:
    def condition(value: Any) -> bool | None:
        one = _single(path(value))
        return None if one is None else one in texts

    return condition


def _comparison(path: _Path, compare: Callable[[Any, int], bool], number: int) -> Condition:
    def condition(value: Any) -> bool | None:
        one = _single(path(value))
        return None if one is None else compare(one, number)

    return condition


def _truth(path: _Path) -> Condition:
    def condition(value: Any) -> bool | None:
        one: bool | None = _single(path(value))
        return one

    return condition


def _negation(inner: Condition) -> Condition:
    def condition(value: Any) -> bool | None:
        found = inner(value)
        return None if found is None else not found

    return condition


def _and(left: Condition, right: Condition) -> Condition:
    def condition(value: Any) -> bool | None:
        one = left(value)
        if one is False:
            return False
        other = right(value)
        return False if other is False else (True if one and other else None)

    return condition


def _or(left: Condition, right: Condition) -> Condition:
    def condition(value: Any) -> bool | None:
        one = left(value)
        if one is True:
            return True
        other = right(value)
        return True if other is True else (False if one is other is False else None)

    return condition


def _implies(left: Condition, right: Condition) -> Condition:
    return _or(_negation(left), right)


_LOGIC: Final = {"and": _and, "or": _or, "implies": _implies}
