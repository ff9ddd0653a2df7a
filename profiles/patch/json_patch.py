"""JSON Patch on a parsed resource (RFC 6902, RFC 6901; R4 http.html#patch)."""

import copy
import re
from typing import Any, Final

from profiles.outcome import OperationOutcomeError

_INDEX: Final = re.compile(r"0|[1-9]\d{0,8}")
_ESCAPES: Final = re.compile(r"~(?![01])")
MOST_OPERATIONS: Final = 1000
MOST_COPIED: Final = 100_000
"""Values that the copies of one patch make."""


def json_patch(document: Any, operations: list[Any]) -> Any:
    """The document after all operations; the given one is left alone.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for a malformed operation, ``invariant`` for one that cannot be applied.
    """
    if len(operations) > MOST_OPERATIONS:
        raise OperationOutcomeError(
            "too-costly", f"a patch has at most {MOST_OPERATIONS} operations"
        )
    root = [copy.deepcopy(document)]
    copied = 0
    for operation in operations:
        copied += _apply(root, operation)
        if copied > MOST_COPIED:
            raise OperationOutcomeError("too-costly", "the copies of the patch are too large")
    return root[0]


def _apply(root: list[Any], operation: Any) -> int:
    """Apply one operation; the number of values that it copied inside the document."""
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise OperationOutcomeError("invalid", "a patch operation needs op and path")
    name, path = operation.get("op"), _pointer(operation["path"])
    if name in ("add", "replace", "test") and "value" not in operation:
        raise OperationOutcomeError("invalid", f"{name} needs a value")
    if name == "add":
        _add(root, path, copy.deepcopy(operation["value"]))
    elif name == "remove":
        _remove(root, path)
    elif name == "replace":
        _replace(root, path, copy.deepcopy(operation["value"]))
    elif name in ("move", "copy"):
        return _carry(root, name, operation, path)
    elif name == "test":
        if not _same(_get(root, path), operation["value"]):
            raise OperationOutcomeError("invariant", "a test of the patch does not hold")
    else:
        raise OperationOutcomeError("invalid", "op is add, remove, replace, move, copy or test")
    return 0


def _carry(root: list[Any], name: str, operation: dict[str, Any], path: list[str]) -> int:
    if not isinstance(operation.get("from"), str):
        raise OperationOutcomeError("invalid", f"{name} needs from")
    source = _pointer(operation["from"])
    if name == "move" and path[: len(source)] == source and path != source:
        raise OperationOutcomeError("invalid", "nothing can be moved into itself")
    value = copy.deepcopy(_get(root, source))
    if name == "move":
        _remove(root, source)
    _add(root, path, value)
    return _size(value) if name == "copy" else 0


def _size(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, inner))


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON, in which true is not 1 (RFC 6902, 4.6)."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _pointer(text: str) -> list[str]:
    if text == "":
        return []
    if not text.startswith("/"):
        raise OperationOutcomeError("invalid", "a JSON Pointer begins with /")
    if _ESCAPES.search(text):
        raise OperationOutcomeError("invalid", "~ of a JSON Pointer is written ~0")
    return [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]


def _index(text: str, length: int) -> int:
    if _INDEX.fullmatch(text) is None or int(text) >= length:
        raise OperationOutcomeError("invariant", "the patch names a place that does not exist")
    return int(text)


def _parent(root: list[Any], path: list[str]) -> tuple[Any, Any]:
    """Container and key of a place; the document itself is the only member of ``root``."""
    if not path:
        return root, 0
    at: Any = root[0]
    for part in path[:-1]:
        at = _child(at, part)
    return at, path[-1]


def _child(at: Any, part: str) -> Any:
    if isinstance(at, list):
        return at[_index(part, len(at))]
    if isinstance(at, dict) and part in at:
        return at[part]
    raise OperationOutcomeError("invariant", "the patch names a place that does not exist")


def _get(root: list[Any], path: list[str]) -> Any:
    at: Any = root[0]
    for part in path:
        at = _child(at, part)
    return at


def _add(root: list[Any], path: list[str], value: Any) -> None:
    owner, key = _parent(root, path)
    if owner is root:
        root[0] = value
    elif isinstance(owner, list):
        owner.insert(len(owner) if key == "-" else _index(key, len(owner) + 1), value)
    elif isinstance(owner, dict):
        owner[key] = value
    else:
        raise OperationOutcomeError("invariant", "the patch names a place that does not exist")


def _replace(root: list[Any], path: list[str], value: Any) -> None:
    owner, key = _parent(root, path)
    if owner is not root:
        _child(owner, key)
    owner[int(key) if isinstance(owner, list) else key] = value


def _remove(root: list[Any], path: list[str]) -> None:
    owner, key = _parent(root, path)
    if owner is root:
        raise OperationOutcomeError("invariant", "a patch cannot remove the resource")
    _child(owner, key)
    if isinstance(owner, list):
        del owner[int(key)]
    else:
        del owner[key]
