"""Links in the patches of a Bundle, where an entry may refer to another one as well (R4 http.html#trules).

A JSON Patch says no types: its paths lead to them from the type of the resource. What a path leads to inside
of ``contained`` has no known type, so there only references are known as such. The string of a FHIRPath Patch
is a reference where its path or its name says so.
"""

from collections.abc import Iterator
from typing import Any, Final

from gateway.interactions.links import REFERENCE, RESOURCE, Place, places, plans, walked

_MEMBER: Final = "reference"


def patch_places(document: Any, kind: str) -> Iterator[Place]:
    """Everything in a patch document for a type that may be a link."""
    if isinstance(document, list):
        for operation in document:
            if isinstance(operation, dict):
                yield from _of_operation(operation, kind)
    elif isinstance(document, dict):
        merged = "resourceType" not in document
        yield from places(document, kind=kind if merged else "")
        yield from () if merged else _texts(document)


def _of_operation(operation: dict[str, Any], kind: str) -> Iterator[Place]:
    path = operation.get("path")
    if not isinstance(path, str):
        return  # the patch is refused where it is applied
    step, known = _step(path, kind)
    if known:
        yield from walked(operation, {"value": step}) if step else ()
        return
    value = operation.get("value")
    if isinstance(value, str) and path.endswith(f"/{_MEMBER}"):
        yield Place(operation, "value", REFERENCE, value)
    yield from _references(value)


def _step(path: str, kind: str) -> tuple[Any, bool]:
    """What stands at a JSON Pointer: a leaf or a plan of ``links``, if any; and whether that is known."""
    # The entries of a Bundle are its own affair.
    step: Any = {} if kind == "Bundle" else plans(True).get(kind, {})
    parts = path.split("/")[1:]
    if not parts:
        return RESOURCE, True
    for part in parts:
        if part.isdecimal() or part == "-":
            continue
        if step == RESOURCE:
            return None, False
        step = step.get(part) if isinstance(step, dict) else None
    return step, True


def _references(value: Any) -> Iterator[Place]:
    waiting = [value]
    while waiting:
        node = waiting.pop()
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        waiting.extend(inner)
        if isinstance(node, dict) and isinstance(node.get(_MEMBER), str):
            yield Place(node, _MEMBER, REFERENCE, node[_MEMBER])


def _texts(parameters: dict[str, Any]) -> Iterator[Place]:
    """Strings of a FHIRPath Patch that are the text of a reference (R4 fhirpatch.html)."""
    for operation in _parts(parameters, "parameter"):
        parts = _parts(operation, "part")
        given = {str(part.get("name")): part for part in parts}
        path, name = (str(given.get(one, {}).get("valueString", "")) for one in ("path", "name"))
        if name == _MEMBER or (not name and path.endswith(f".{_MEMBER}")):
            yield from _text(given.get("value", {}))
        waiting = parts
        while waiting:
            part = waiting.pop()
            waiting += _parts(part, "part")
            if part.get("name") == _MEMBER:
                yield from _text(part)


def _parts(holder: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = holder.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _text(part: dict[str, Any]) -> Iterator[Place]:
    text = part.get("valueString")
    if isinstance(text, str):
        yield Place(part, "valueString", REFERENCE, text)
