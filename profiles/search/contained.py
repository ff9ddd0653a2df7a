"""Contained resources as search sees them (R4 search.html#contained, references.html#contained).

A contained resource is of the type ``#Patient`` to the index: searches for Patients do not meet it, chains
that go over a reference to it do. Its id is that of its container, then ``#`` and its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from profiles.definitions.r4 import definitions
from profiles.search.values import Row

MARK: Final = "#"
"""Begins the type of a contained resource, and its own id behind that of its container."""
_LOCAL: Final = "urn:contained:"
"""Stands for a local reference while values are extracted; has no place for a type, so that it is asked."""


def contained_type(kind: str) -> str:
    """The type to the index of a contained resource."""
    return kind if kind.startswith(MARK) else f"{MARK}{kind}"


def own_type(kind: str) -> str:
    """The type of R4 that a resource has, contained or not."""
    return kind.removeprefix(MARK)


def contained_in(resource: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id to the index and content of each contained resource, its references complete."""
    kinds, outer = _kinds(resource), f"{resource['resourceType']}/{resource['id']}"
    for inner in resource.get("contained", ()):
        if isinstance(inner, dict) and inner.get("id") in kinds:
            yield f"{outer}{MARK}{inner['id']}", _linked(inner, kinds, outer)


def with_links(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A copy whose local references say to which type they lead."""
    linked: dict[str, Any] = _linked(resource, _kinds(resource), "")
    return linked


def linked_row(row: Row, outer: str) -> Row:
    """An index row; one of a local reference becomes a link to what is contained in ``outer``."""
    if row[0] != "uri" or not row[2].startswith(_LOCAL):
        return row
    kind, _, own = row[2].removeprefix(_LOCAL).partition(":")
    return ("ref", row[1], f"{MARK}{kind}", f"{outer}{MARK}{own}")


def _kinds(resource: Mapping[str, Any]) -> dict[str, str]:
    known = definitions().resources
    return {
        inner["id"]: inner["resourceType"]
        for inner in resource.get("contained", ())
        if isinstance(inner, dict)
        and isinstance(inner.get("id"), str)
        and inner.get("resourceType") in known
    }


def _linked(value: Any, kinds: Mapping[str, str], outer: str) -> Any:
    if isinstance(value, list):
        return [_linked(entry, kinds, outer) for entry in value]
    if not isinstance(value, Mapping):
        return value
    copy = {name: _linked(inner, kinds, outer) for name, inner in value.items()}
    reference = copy.get("reference")
    if isinstance(reference, str) and reference.startswith(MARK):
        kind = kinds.get(reference[1:])
        if kind is not None:
            return {**copy, "reference": f"{_LOCAL}{kind}:{reference[1:]}", "type": kind}
        if reference == MARK and outer:
            return {**copy, "reference": outer}
    return copy
