"""``:above`` and ``:below`` of a reference: everything along the references that make a hierarchy.

R4 search.html#recursive. ``Procedure?location:below=42`` finds what happened at location 42 or at a part of
it, by ``Location.partOf``. However deep the hierarchy is, each resource is met once, so that a circle ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from adapters.sql.search.condition import Sql
from profiles.search.parameters import SearchParameter

_PARTS: Final = frozenset({"partof", "part-of", "parent"})
"""Parameters of R4 that say of what a resource is a part."""


def hierarchy_of(
    kind: str, asked: SearchParameter, owner: str, parameters: Mapping[str, SearchParameter]
) -> str | None:
    """Code of the parameter that orders the resources of a type; None when they have no hierarchy.

    Parameters
    ----------
    kind : str
        Type that is referred to.
    asked : SearchParameter
        The parameter with the modifier, and ``owner``, the type that has it.
    parameters : mapping
        Those of ``kind``.
    """
    if kind == owner and kind in asked.targets:
        return asked.code
    found = (p for p in parameters.values() if p.code in _PARTS and kind in p.targets)
    return next((p.code for p in found), None)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A resource with everything above it, or below it, by one reference parameter.

    Parameters
    ----------
    parameter, kind : int
        Keys of the parameter that refers upwards and of the type.
    resource_id : str
    above : bool
    """

    parameter: int
    kind: int
    resource_id: str
    above: bool
    ordered: bool = False
    lists: bool = True

    def members(self) -> Sql:
        """The resource, then link by link whatever was not met yet."""
        near, far = ("pk", "tpk") if self.above else ("tpk", "pk")
        return (
            "SELECT h.pk AS pk FROM (WITH RECURSIVE w(pk) AS ("
            "SELECT e.pk FROM res e WHERE e.rt = ? AND e.id = ? UNION "
            f"SELECT r.{far} FROM w CROSS JOIN s_ref r WHERE r.sp = ? AND r.{near} = w.pk) "
            "SELECT w.pk FROM w) h",
            [self.kind, self.resource_id, self.parameter],
        )

    def holds(self, key: str) -> Sql:
        """Whether the key is one of them; they are listed once."""
        text, values = self.members()
        return f"{key} IN ({text})", values
