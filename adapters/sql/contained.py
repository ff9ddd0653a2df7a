"""Contained resources in the index: rows of their own that only chains and ``_contained`` meet.

R4 search.html#contained. They have no body and no history; they come and go with their container.
"""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.sql.index import Index
from adapters.sql.records import StoredVersion
from adapters.sql.schema import AWAITED, CONTAINED
from profiles.exact_json import dumps_exact, loads_exact
from profiles.search.contained import contained_in, contained_type, linked_row
from profiles.search.values import Row

Rows = dict[tuple[str, str], set[Row]]
"""By type and id to the index."""


def contained_rows(
    rows_of: Callable[[Mapping[str, Any]], set[Row]], resource: Mapping[str, Any] | None
) -> Rows:
    """The index rows of everything that a resource contains, by what gives those of one."""
    if resource is None or "contained" not in resource:
        return {}
    outer = f"{resource['resourceType']}/{resource['id']}"
    found: Rows = {}
    for own_id, inner in contained_in(resource):
        rows = rows_of(inner)
        key = (contained_type(inner["resourceType"]), own_id)
        found[key] = {linked_row(row, outer) for row in rows}
    return found


def replace(connection: Any, index: Index, before: Rows, after: Rows, stamp: int) -> None:
    """Write what is contained now, and take away what was."""
    for kind, own_id in before.keys() - after.keys():
        key = index.target(kind, own_id)
        index.remove(kind, key, before[kind, own_id])
        index.changed(key)
        _place(connection, key, AWAITED, "", stamp)
    for (kind, own_id), rows in after.items():
        key = index.target(kind, own_id)
        known = before.get((kind, own_id), set())
        index.remove(kind, key, known - rows, rows)
        index.add(kind, key, rows - known)
        index.changed(key)
        _place(connection, key, CONTAINED, index.present(kind, rows), stamp)


def _place(connection: Any, key: int, state: int, has: str, stamp: int) -> None:
    connection.execute(
        "UPDATE res SET deleted = ?, has = ?, ts = ? WHERE pk = ?", (state, has, stamp, key)
    )


def contained_version(container: StoredVersion, place: str, own_id: str) -> StoredVersion | None:
    """A contained resource out of its container, addressed by its place in it."""
    for inner in loads_exact(container.body).get("contained", ()):
        if inner.get("id") == own_id:
            kind, version, stamp = inner["resourceType"], container.version, container.stamp
            return StoredVersion(kind, place, version, stamp, dumps_exact(inner))
    return None
