"""A search as a tree: leaves, chains and reverse chains (R4 search.html#chaining, #has).

Nothing here knows how resources are stored. A name that means nothing for the type is returned as ignored,
so that the caller can refuse it or leave it out of the self link.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError
from profiles.search.contained import contained_type
from profiles.search.parameters import SearchParameter
from profiles.search.syntax import alternatives, plain, split

Lookup = Callable[[str], Mapping[str, SearchParameter]]
"""The parameters of a type."""

DEEPEST: Final = 12
"""Links of a chain."""

_ANY: Final = frozenset({"missing"})
MODIFIERS: Final[dict[str, frozenset[str]]] = {
    "string": _ANY | {"exact", "contains", "text"},
    "token": _ANY | {"not", "text", "in", "not-in", "above", "below", "of-type"},
    "reference": _ANY | {"identifier", "above", "below", "text"},
    "uri": _ANY | {"above", "below", "contains"},
    "date": _ANY,
    "number": _ANY,
    "quantity": _ANY,
    "composite": _ANY,
    "special": _ANY,
}
"""Modifiers by kind of parameter (R4 search.html#modifiers); references also take a type."""

_OF_RESOURCE: Final[dict[str, frozenset[str]]] = {
    "_id": _ANY | {"not"},
    "_text": frozenset(),
    "_content": frozenset(),
}
"""Those of parameters that no element has."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parameter of a type, with its modifier and the values of which any may match."""

    kind: str
    parameter: SearchParameter
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Resources whose reference leads to one that satisfies a branch; a branch per target type."""

    kind: str
    parameter: SearchParameter
    branches: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Has:
    """Resources to which a reference of another type leads, if that other one satisfies a node."""

    kind: str
    source: str
    parameter: SearchParameter
    inner: "Node"


@dataclass(frozen=True, slots=True)
class InCompartment:
    """Resources that one of several references puts into a compartment."""

    kind: str
    parameters: tuple[SearchParameter, ...]
    target: str
    target_id: str


Node = Leaf | Chain | Has | InCompartment


def in_contained(node: Node) -> Node | None:
    """The same tree, asked of contained resources; None where it makes no sense for them."""
    return None if isinstance(node, Has) else replace(node, kind=contained_type(node.kind))


def parse(kind: str, name: str, text: str, lookup: Lookup) -> Node | None:
    """The tree of one parameter of a search on a type; None when the type has no such parameter.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for a modifier that the parameter does not have, and for a value that is missing.
    """
    return _node(kind, name, text, lookup, 0)


def _node(kind: str, name: str, text: str, lookup: Lookup, depth: int) -> Node | None:
    if depth > DEEPEST:
        raise OperationOutcomeError("too-costly", f"a chain has at most {DEEPEST} links")
    if name.startswith("_has:"):
        return _has(kind, name, text, lookup, depth)
    first, dot, rest = name.partition(".")
    if dot:
        return _chain(kind, first, rest, text, lookup, depth)
    code, _, modifier = name.partition(":")
    if code == "_list" and not modifier:
        if text.startswith("$"):
            raise OperationOutcomeError("invalid", "_list takes ids of stored lists here", code)
        return _node(kind, "_has:List:item:_id", text, lookup, depth)
    parameter = lookup(kind).get(code)
    if parameter is None:
        return None
    return _leaf(kind, parameter, modifier, text)


def _leaf(kind: str, parameter: SearchParameter, modifier: str, text: str) -> Leaf:
    code = parameter.code
    if modifier and modifier not in _OF_RESOURCE.get(code, MODIFIERS[parameter.kind]):
        if parameter.kind != "reference" or modifier not in definitions().resources:
            raise OperationOutcomeError(
                "invalid", f"{code} has no modifier :{modifier}", f"{code}:{modifier}"
            )
        wanted = (_typed(modifier, value) for value in alternatives(text, code))
        return Leaf(kind, parameter, "", tuple(value for value in wanted if value))
    if modifier == "missing" and text not in ("true", "false"):
        raise OperationOutcomeError("invalid", ":missing is true or false", f"{code}:missing")
    values = alternatives(text, code)
    if parameter.systems and "|" in text and modifier in ("", "not"):
        values = tuple(one for value in values for one in _implied(parameter, value))
    return Leaf(kind, parameter, modifier, values)


def _implied(parameter: SearchParameter, value: str) -> Iterator[str]:
    """A token, and the same without its system where elements leave that out (R4 search.html#token)."""
    yield value
    system, *rest = split(value, "|")
    if plain(system) in parameter.systems and any(rest):
        yield "|".join(("", *rest))


def _typed(wanted: str, value: str) -> str:
    """A reference to a type from an id or an address; empty when it leads to another type."""
    if "/" not in value:
        return f"{wanted}/{value}"
    return value if f"/{value}".partition("/_history/")[0].split("/")[-2] == wanted else ""


def _chain(kind: str, first: str, rest: str, text: str, lookup: Lookup, depth: int) -> Node | None:
    code, _, wanted = first.partition(":")
    parameter = lookup(kind).get(code)
    if parameter is None or parameter.kind != "reference":
        return None
    if wanted and wanted not in definitions().resources:
        raise OperationOutcomeError("invalid", f"{wanted} is no resource type", first)
    targets = (wanted,) if wanted else parameter.targets or tuple(sorted(definitions().resources))
    found = [_node(target, rest, text, lookup, depth + 1) for target in targets]
    branches = tuple(node for node in found if node is not None)
    return Chain(kind, parameter, branches) if branches else None


def _has(kind: str, name: str, text: str, lookup: Lookup, depth: int) -> Node | None:
    parts = name.split(":", 3)
    if len(parts) != 4 or parts[1] not in definitions().resources:
        raise OperationOutcomeError("invalid", "_has is _has:Type:reference:parameter", name)
    _, source, code, rest = parts
    parameter = lookup(source).get(code)
    if parameter is None or parameter.kind != "reference":
        return None
    inner = _node(source, rest, text, lookup, depth + 1)
    return None if inner is None else Has(kind, source, parameter, inner)
