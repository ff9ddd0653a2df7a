"""Where the values of a result stand: FHIRPath from the resource, with every index (FHIRPath N1 5.2.1)."""

from typing import Any

from profiles.definitions.r4 import definitions
from profiles.fhirpath.nodes import Node, all_children

Key = tuple[int, str, int | None]


def places(root: Node) -> dict[Key, str]:
    """Expression of every element of a resource, by ``place_of``."""
    found: dict[Key, str] = {}
    front = [(root, root.type)]
    while front:
        inner: list[tuple[Node, str]] = []
        for owner, path in front:
            for child in all_children(owner):
                index = "" if child.index is None else f"[{child.index}]"
                below = f"{path}.{_name(owner.type, child.member)}{index}"
                found[place_of(child)] = below
                inner.append((child, below))
        front = inner
    return found


def place_of(node: Node) -> Key:
    """What tells an element from all others of its resource."""
    return (id(node.owner), node.member, node.index)


def _name(kind: str, member: str) -> Any:
    """Name of an element: a choice has none of its types in it."""
    definition = definitions().types.get(kind)
    found = None if definition is None else definition.members.get(member)
    return member if found is None else found[0].name
