"""Expressions of search parameters as plain JSON paths, so that extraction is dictionary look-ups.

Nearly every expression of R4 is a union of element paths. A choice becomes one path per JSON name; a path
whose first member a resource lacks is never looked at. Whatever is no such path is left to FHIRPath.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from profiles.definitions.r4 import definitions, member_name

Predicate = Callable[[Any], bool]

_STEP: Final = re.compile(
    r"(?P<name>[A-Za-z]\w*)(?:\[(?P<index>\d+)\])?|where\((?P<where>.*)\)|(?:as|ofType)\((?P<type>[\w.]+)\)"
)
_EQUAL: Final = re.compile(r"(\w+)\s*=\s*'([^']*)'")
_RESOLVES: Final = re.compile(r"resolve\(\) is (\w+)")
_CAST: Final = re.compile(r"\(([\w.]+) as (\w+)\)(?=\.)")
_SYSTEM_NAMES: Final = {"DateTime": "dateTime", "String": "string", "Boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Step:
    """One member to follow; only list members that satisfy ``where``, or the one at ``index``."""

    name: str
    where: Predicate | None = None
    index: int | None = None

    def follow(self, objects: list[Any]) -> list[Any]:
        """What the member of each object holds."""
        name, where, index = self.name, self.where, self.index
        found: list[Any] = []
        for one in objects:
            inner = one.get(name) if type(one) is dict else None
            if inner is None:
                continue
            entries = inner if type(inner) is list else (inner,)
            if index is not None:
                entries = entries[index : index + 1]
            found += [e for e in entries if e is not None and (where is None or where(e))]
        return found


@dataclass(frozen=True, slots=True)
class JsonPath:
    """Members from an object down to a value of one FHIR type."""

    steps: tuple[Step, ...]
    type: str

    def values(self, start: Any) -> list[Any]:
        """Every value at the end of the path."""
        found = [start]
        for step in self.steps:
            found = step.follow(found)
            if not found:
                break
        return found


def json_paths(expression: str, kind: str) -> list[JsonPath] | None:
    """The paths of an expression from a type; None when it is more than paths."""
    found: list[JsonPath] = []
    for alternative in _alternatives(expression):
        paths = _paths(alternative, kind)
        if paths is None:
            return None
        found.extend(paths)
    return found


def _alternatives(expression: str) -> list[str]:
    return [part.strip() for part in expression.split("|")]


def _split(path: str) -> list[str]:
    """Steps of a path; a dot inside parentheses is not a separator."""
    found, depth, start = [], 0, 0
    for at, character in enumerate(path):
        depth += (character == "(") - (character == ")")
        if character == "." and depth == 0:
            found.append(path[start:at])
            start = at + 1
    return [*found, path[start:]]


def _paths(alternative: str, kind: str) -> list[JsonPath] | None:
    wanted = None
    alternative = _CAST.sub(r"\1.as(\2)", alternative)
    if alternative.startswith("(") and alternative.endswith(")"):
        alternative = alternative[1:-1].strip()
    if " as " in alternative:
        alternative, _, wanted = (part.strip() for part in alternative.partition(" as "))
    steps = _split(alternative)
    if steps[0] in (kind, "Resource", "DomainResource"):
        steps = steps[1:]
    paths: list[JsonPath] | None = [JsonPath((), kind)]
    for text in [*steps, *([f"as({wanted})"] if wanted else [])]:
        match = _STEP.fullmatch(text)
        if match is None or paths is None:
            return None
        paths = _extended(paths, match)
    return paths


def _extended(paths: list[JsonPath], match: re.Match[str]) -> list[JsonPath] | None:
    if match["type"]:
        wanted = _SYSTEM_NAMES.get(match["type"], match["type"])
        return [path for path in paths if path.type == wanted]
    if match["where"]:
        predicate = _predicate(match["where"])
        if predicate is None:
            return None
        return [_narrowed(path, predicate) for path in paths]
    index = int(match["index"]) if match["index"] else None
    return [
        JsonPath((*path.steps, Step(name, index=index)), kind)
        for path in paths
        for name, kind in _children(path.type, match["name"])
    ]


def _children(kind: str, name: str) -> list[tuple[str, str]]:
    definition = definitions().types.get(kind)
    if definition is None:
        return []
    return [
        (member_name(element, inner), inner)
        for element in definition.elements
        if element.name == name
        for inner in element.types
    ]


def _narrowed(path: JsonPath, predicate: Predicate) -> JsonPath:
    *before, last = path.steps
    return JsonPath((*before, Step(last.name, predicate, last.index)), path.type)


def _predicate(text: str) -> Predicate | None:
    if match := _EQUAL.fullmatch(text):
        name, value = match.groups()
        return lambda entry: isinstance(entry, dict) and entry.get(name) == value
    if match := _RESOLVES.fullmatch(text):
        wanted = match[1]
        return lambda entry: refers_to(entry, wanted)
    return None


def refers_to(reference: Any, kind: str) -> bool:
    """Whether a Reference leads to a type, by its text alone; nothing is resolved."""
    if not isinstance(reference, dict):
        return False
    named = _named_type(str(reference.get("reference", "")))
    return (reference.get("type") if named is None else named) == kind


@functools.lru_cache(maxsize=8192)
def _named_type(text: str) -> str | None:
    """Type in the text of a reference; None when the text has no place for one."""
    if "/" not in text:
        return None
    parts = text.partition("/_history/")[0].split("/")
    return parts[-2] if len(parts) > 1 else ""
