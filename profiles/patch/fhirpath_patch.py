"""FHIRPath Patch: add, insert, delete, replace and move as Parameters (R4 fhirpatch.html)."""

import copy
from collections.abc import Callable
from typing import Any, Final

from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.nodes import Node, all_children
from profiles.outcome import OperationOutcomeError
from profiles.patch.parameters import (
    Value,
    append,
    element_named,
    insert,
    keep,
    length,
    lists,
    put,
    value_for,
)

MOST_OPERATIONS: Final = 1000
Parts = dict[str, dict[str, Any]]


def fhirpath_patch(resource: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """The resource after all operations; the given one is left alone.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for a malformed operation, ``invariant`` for one that cannot be applied.
    """
    if parameters.get("resourceType") != "Parameters":
        raise OperationOutcomeError("invalid", "a FHIRPath Patch is a Parameters resource")
    operations = parameters.get("parameter") or ()
    if len(operations) > MOST_OPERATIONS:
        raise OperationOutcomeError(
            "too-costly", f"a patch has at most {MOST_OPERATIONS} operations"
        )
    patched = copy.deepcopy(resource)
    for at, entry in enumerate(operations):
        place = f"Parameters.parameter[{at}]"
        if not isinstance(entry, dict) or entry.get("name") != "operation":
            raise OperationOutcomeError(
                "invalid", "every parameter of a patch is an operation", place
            )
        parts = _parts(entry, place)
        apply = _APPLY.get(str(_given(parts, "type")))
        if apply is None:
            raise OperationOutcomeError(
                "invalid", "type is add, insert, delete, replace or move", place
            )
        apply(patched, parts)
    return patched


_NAMES: Final = frozenset({"type", "path", "name", "value", "index", "source", "destination"})


def _parts(entry: dict[str, Any], place: str) -> Parts:
    """The parts of an operation by name: each once, and none that means nothing."""
    found: Parts = {}
    for part in entry.get("part") or ():
        name = part.get("name") if isinstance(part, dict) else None
        if name not in _NAMES or name in found:
            raise OperationOutcomeError(
                "invalid", "an operation has each of its parts once, and no others", place
            )
        found[str(name)] = part
    return found


def _given(parts: Parts, name: str) -> Any:
    part = parts.get(name)
    if part is None:
        raise OperationOutcomeError("invalid", f"the operation needs {name}")
    for key, value in part.items():
        if key.startswith("value"):
            return value
    raise OperationOutcomeError("invalid", f"{name} has no value")


def _nodes(resource: dict[str, Any], parts: Parts) -> list[Node]:
    path = _given(parts, "path")
    if not isinstance(path, str):
        raise OperationOutcomeError("invalid", "path is a FHIRPath expression")
    return compile_expression(path).evaluate(resource)


def _one(resource: dict[str, Any], parts: Parts) -> Node:
    found = _nodes(resource, parts)
    if len(found) != 1:
        raise OperationOutcomeError("invariant", "the path of the patch has to select one element")
    return found[0]


def _owner(resource: dict[str, Any], node: Node) -> tuple[dict[str, Any], str]:
    """The object that an element stands in, and its type; it has to be a part of the resource."""
    front = [Node(resource, str(resource.get("resourceType")))]
    while front and node.owner is not None:
        for one in front:
            if one.value is node.owner:
                return node.owner, one.type
            if one.extension is node.owner:
                return node.owner, "Element"
        front = [child for one in front for child in all_children(one)]
    raise OperationOutcomeError("invariant", "the path of the patch selects no element")


def _add(resource: dict[str, Any], parts: Parts) -> None:
    node, name = _one(resource, parts), str(_given(parts, "name"))
    if node.owner is None and node.value is not resource:
        raise OperationOutcomeError("invariant", "the path of the patch selects no element")
    if node.owner is not None:
        _owner(resource, node)
    simple = not isinstance(node.value, dict)
    element = element_named("Element" if simple else node.type, name)
    value = value_for(element, name, parts.get("value", {}))
    append(_beside(node) if simple else node.value, element, value)


def _beside(node: Node) -> dict[str, Any]:
    """The object beside a primitive, which holds its id and extensions (R4 json.html#primitive)."""
    if node.extension is not None:
        return node.extension
    owner, made = node.owner or {}, dict[str, Any]()
    if node.index is None:
        owner[f"_{node.member}"] = made
    else:
        values, beside = lists(owner, node.member)
        beside[node.index] = made
        keep(owner, node.member, values, beside)
    return made


def _list_at(resource: dict[str, Any], parts: Parts) -> tuple[dict[str, Any], str, Node]:
    """Object, its type, and the first item of the one list that a path selects."""
    found = _nodes(resource, parts)
    if not found or found[0].index is None:
        raise OperationOutcomeError("invariant", "the path of the patch has to select a list")
    first = found[0]
    if any(n.owner is not first.owner or n.member != first.member for n in found):
        raise OperationOutcomeError("invariant", "the path of the patch selects several lists")
    return *_owner(resource, first), first


def _insert(resource: dict[str, Any], parts: Parts) -> None:
    owner, kind, first = _list_at(resource, parts)
    at = _place(parts, "index", length(owner, first.member))
    element = element_named(kind, first.member)
    insert(owner, value_for(element, first.member, parts.get("value", {})), at)


def _place(parts: Parts, name: str, most: int) -> int:
    at = _given(parts, name)
    if not isinstance(at, int) or isinstance(at, bool):
        raise OperationOutcomeError("invalid", f"{name} is an integer")
    if not 0 <= at <= most:
        raise OperationOutcomeError("invariant", f"{name} is no place in the list")
    return at


def _delete(resource: dict[str, Any], parts: Parts) -> None:
    found = _nodes(resource, parts)
    if not found:
        return  # R4 fhirpatch.html: nothing to delete is no error
    if len(found) > 1:
        raise OperationOutcomeError("invariant", "the path of the patch has to select one element")
    owner, _ = _owner(resource, found[0])
    _drop(owner, found[0])
    _without_empty(resource)


def _drop(owner: dict[str, Any], node: Node) -> None:
    if node.index is None:
        put(owner, Value(node.member, None))
        return
    values, beside = lists(owner, node.member)
    del values[node.index], beside[node.index]
    keep(owner, node.member, values, beside)


def _without_empty(owner: dict[str, Any]) -> None:
    """An element without value and children does not exist (constraint ele-1)."""
    for name, value in list(owner.items()):
        if isinstance(value, dict):
            _without_empty(value)
            if not value:
                del owner[name]
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    _without_empty(one)
            if any(one == {} for one in value):
                _without_empty_items(owner, name)


def _without_empty_items(owner: dict[str, Any], name: str) -> None:
    """Items that became empty go; beside a primitive only their place stays."""
    if name.startswith("_"):
        values, beside = lists(owner, name[1:])
        keep(owner, name[1:], values, [one or None for one in beside])
    else:
        keep(owner, name, [one for one in owner[name] if one != {}], [])


def _replace(resource: dict[str, Any], parts: Parts) -> None:
    node = _one(resource, parts)
    owner, kind = _owner(resource, node)
    element = element_named(kind, node.member)
    # The name of a choice follows the type of the new value, which parts cannot say.
    value = value_for(element, node.member, parts.get("value", {}))
    if node.index is None:
        put(owner, Value(node.member, None))
        put(owner, value)
        return
    values, beside = lists(owner, node.member)
    values[node.index], beside[node.index] = value.json, value.beside
    keep(owner, node.member, values, beside)


def _move(resource: dict[str, Any], parts: Parts) -> None:
    owner, _, first = _list_at(resource, parts)
    values, beside = lists(owner, first.member)
    source = _place(parts, "source", len(values) - 1)
    destination = _place(parts, "destination", len(values) - 1)
    for one in (values, beside):
        one.insert(destination, one.pop(source))
    keep(owner, first.member, values, beside)


_APPLY: Final[dict[str, Callable[[dict[str, Any], Parts], None]]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}
