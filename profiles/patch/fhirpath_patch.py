"""FHIRPath Patch: add, insert, delete, replace and move as Parameters (R4 fhirpatch.html)."""

import copy
from collections.abc import Callable
from typing import Any, Final

from profiles.definitions.r4 import ElementDefinition, definitions, member_name
from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.nodes import Node
from profiles.outcome import OperationOutcomeError


def fhirpath_patch(resource: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """The resource after all operations; the given one is left alone.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for a malformed operation, ``invariant`` for one that cannot be applied.
    """
    if parameters.get("resourceType") != "Parameters":
        raise OperationOutcomeError("invalid", "a FHIRPath Patch is a Parameters resource")
    patched = copy.deepcopy(resource)
    for at, entry in enumerate(parameters.get("parameter", ())):
        if entry.get("name") != "operation":
            raise OperationOutcomeError(
                "invalid",
                "every parameter of a patch is an operation",
                f"Parameters.parameter[{at}]",
            )
        parts = {part.get("name"): part for part in entry.get("part", ())}
        kind = _given(parts, "type")
        apply = _APPLY.get(str(kind))
        if apply is None:
            raise OperationOutcomeError(
                "invalid",
                "type is add, insert, delete, replace or move",
                f"Parameters.parameter[{at}]",
            )
        apply(patched, parts)
    return patched


def _given(parts: dict[Any, Any], name: str) -> Any:
    part = parts.get(name)
    if part is None:
        raise OperationOutcomeError("invalid", f"the operation needs {name}")
    for key, value in part.items():
        if key.startswith("value"):
            return value
    raise OperationOutcomeError("invalid", f"{name} has no value")


def _nodes(resource: dict[str, Any], parts: dict[Any, Any]) -> list[Node]:
    path = _given(parts, "path")
    if not isinstance(path, str):
        raise OperationOutcomeError("invalid", "path is a FHIRPath expression")
    return compile_expression(path).evaluate(resource)


def _one(resource: dict[str, Any], parts: dict[Any, Any]) -> Node:
    found = _nodes(resource, parts)
    if len(found) != 1:
        raise OperationOutcomeError("invariant", "the path of the patch has to select one element")
    return found[0]


def _value(part: dict[str, Any]) -> tuple[str, Any, Any]:
    """Type name, value and extension of a parameter's value; parts make an object."""
    for key, value in part.items():
        if key.startswith("value"):
            return key.removeprefix("value"), value, part.get(f"_{key}")
        if key == "resource":
            return "Resource", value, None
    if "part" not in part:
        raise OperationOutcomeError("invalid", "the operation needs a value")
    made: dict[str, Any] = {}
    for inner in part["part"]:
        _, value, _ = _value(inner)
        name = str(inner.get("name"))
        if name in made:
            made[name] = (
                [*made[name], value] if isinstance(made[name], list) else [made[name], value]
            )
        else:
            made[name] = value
    return "", made, None


def _element(owner: Node, name: str) -> ElementDefinition:
    definition = definitions().types.get(owner.type)
    for element in definition.elements if definition is not None else ():
        if element.name == name or name in {member_name(element, k) for k in element.types}:
            return element
    raise OperationOutcomeError("invariant", f"{owner.type} has no element of this name")


def _json_name(element: ElementDefinition, kind: str) -> str:
    if not element.choice:
        return element.name
    for inner in element.types:
        if inner[0].upper() + inner[1:] == kind:
            return member_name(element, inner)
    raise OperationOutcomeError("invariant", "the element cannot have a value of this type")


def _shaped(element: ElementDefinition, value: Any) -> Any:
    """Parts that came as single values become lists where the type has lists."""
    kind = element.types[0] if len(element.types) == 1 else ""
    definition = definitions().types.get(kind)
    if not isinstance(value, dict) or definition is None:
        return value
    made = {}
    for name, inner in value.items():
        found = definition.members.get(name)
        if found is None:
            made[name] = inner
            continue
        listed = inner if isinstance(inner, list) else [inner]
        shaped = [_shaped(found[0], one) for one in listed]
        made[name] = shaped if found[0].many else shaped[0]
    return made


def _add(resource: dict[str, Any], parts: dict[Any, Any]) -> None:
    owner, name = _one(resource, parts), str(_given(parts, "name"))
    if not isinstance(owner.value, dict):
        raise OperationOutcomeError("invariant", "a primitive has no elements to add")
    kind, value, beside = _value(parts.get("value", {}))
    element = _element(owner, name)
    key = _json_name(element, kind)
    value = _shaped(element, value)
    if element.many:
        owner.value.setdefault(key, []).append(value)
    elif any(member_name(element, inner) in owner.value for inner in element.types):
        raise OperationOutcomeError("invariant", "the element has a value already; use replace")
    else:
        owner.value[key] = value
        if beside is not None:
            owner.value[f"_{key}"] = beside


def _list_at(resource: dict[str, Any], parts: dict[Any, Any]) -> tuple[list[Any], Node]:
    found = _nodes(resource, parts)
    if not found or found[0].owner is None or found[0].index is None:
        raise OperationOutcomeError("invariant", "the path of the patch has to select a list")
    first = found[0]
    if any(n.owner is not first.owner or n.member != first.member for n in found):
        raise OperationOutcomeError("invariant", "the path of the patch selects several lists")
    owner = first.owner or {}
    return owner[first.member], first


def _insert(resource: dict[str, Any], parts: dict[Any, Any]) -> None:
    listed, _ = _list_at(resource, parts)
    at = _place(parts, "index", len(listed))
    _, value, _ = _value(parts.get("value", {}))
    listed.insert(at, value)


def _place(parts: dict[Any, Any], name: str, most: int) -> int:
    at = _given(parts, name)
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at <= most:
        raise OperationOutcomeError("invariant", f"{name} is no place in the list")
    return at


def _delete(resource: dict[str, Any], parts: dict[Any, Any]) -> None:
    found = _nodes(resource, parts)
    if not found:
        return  # R4 fhirpatch.html: nothing to delete is no error
    if len(found) > 1:
        raise OperationOutcomeError("invariant", "the path of the patch has to select one element")
    _drop(found[0])


def _drop(node: Node) -> None:
    if node.owner is None:
        raise OperationOutcomeError("invariant", "the resource itself cannot be deleted by a patch")
    for key in (node.member, f"_{node.member}"):
        if key not in node.owner:
            continue
        listed = node.owner[key]
        if node.index is None:
            del node.owner[key]
        elif isinstance(listed, list) and node.index < len(listed):
            del listed[node.index]
            if not any(one is not None for one in listed):
                del node.owner[key]


def _replace(resource: dict[str, Any], parts: dict[Any, Any]) -> None:
    node = _one(resource, parts)
    if node.owner is None:
        raise OperationOutcomeError(
            "invariant", "the resource itself cannot be replaced by a patch"
        )
    kind, value, beside = _value(parts.get("value", {}))
    if node.index is not None:
        node.owner[node.member][node.index] = value
        return
    key = _renamed(node, kind)
    for old in (node.member, f"_{node.member}"):
        if old != key:
            node.owner.pop(old, None)
    node.owner[key] = value
    if beside is not None:
        node.owner[f"_{key}"] = beside


def _renamed(node: Node, kind: str) -> str:
    """JSON name after a replacement: that of a choice follows the type of the new value."""
    suffix = node.type[0].upper() + node.type[1:]
    if not kind or not node.member.endswith(suffix) or kind == suffix:
        return node.member
    stem = node.member.removesuffix(suffix)
    for definition in definitions().types.values():
        found = definition.members.get(node.member)
        if found is not None and found[0].choice and f"{stem}{kind}" in definition.members:
            return f"{stem}{kind}"
    return node.member


def _move(resource: dict[str, Any], parts: dict[Any, Any]) -> None:
    listed, _ = _list_at(resource, parts)
    source = _place(parts, "source", len(listed) - 1)
    destination = _place(parts, "destination", len(listed) - 1)
    listed.insert(destination, listed.pop(source))


_APPLY: Final[dict[str, Callable[[dict[str, Any], dict[Any, Any]], None]]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}
