"""Versions of one resource, of some types and of everything, the newest first (R4 http.html#history).

Only keys are looked through, in the order of an index; contents are read for the versions of a page. The
versions that others took the place of lie in ``hist`` by type, so that the history of everything is the
merged histories of its types.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.records import StoredVersion
from adapters.sql.schema import DELETED

_FIRST: Final = 1
"""Every version was written after 1970; a place that is only referred to has the time 0."""
_CONTENT: Final = (
    "SELECT v.pk, v.ver, v.ts, d.text, r.id, "
    "CASE WHEN h.pk IS NULL THEN r.deleted ELSE h.deleted END, "
    "CASE WHEN h.pk IS NULL THEN r.op ELSE h.op END, "
    "CASE WHEN h.pk IS NULL THEN r.body ELSE h.body END, b.deleted "
    "FROM ({keys}) AS v JOIN res r ON r.pk = v.pk JOIN dict d ON d.id = r.rt "
    "LEFT JOIN hist h ON h.pk = v.pk AND h.ver = v.ver "
    "LEFT JOIN hist b ON b.pk = v.pk AND b.ver = v.ver - 1 ORDER BY {order}"
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which versions a history is about.

    Parameters
    ----------
    kinds : tuple of str
        Types; empty for every type.
    id : str
        Of the one resource, of the one type.
    since : int
        Milliseconds UTC; versions written then or later.
    at : tuple of (int, int), optional
        Half-open range of milliseconds; versions that were current at some moment of it.
    """

    kinds: tuple[str, ...] = ()
    id: str = ""
    since: int = _FIRST
    at: tuple[int, int] | None = None


class History:
    """The versions of a span on one connection.

    Parameters
    ----------
    connection
        A reader's.
    names : Names
    span : Span
    """

    def __init__(self, connection: Any, names: Names, span: Span) -> None:
        self._connection = connection
        self._names = names
        self._span = span
        self._order = "ver DESC" if span.id else "ts DESC, pk DESC, ver DESC"

    def page(self, before: Sequence[int] | None, count: int) -> tuple[StoredVersion, ...]:
        """The next versions after a place, which is what ``place`` gives of a version."""
        keys, bound = self._keys(before, count, "pk, ver, ts")
        if not keys:
            return ()
        order = ", ".join(f"v.{part}" for part in self._order.split(", "))
        rows = self._connection.execute(
            _CONTENT.format(keys=f"{keys} ORDER BY {self._order} LIMIT ?", order=order),
            (*bound, count),
        )
        return tuple(
            StoredVersion(kind, key, ver, ts, body, deleted == DELETED, op, pk, _first(ver, before))
            for pk, ver, ts, kind, key, deleted, op, body, before in rows
        )

    def place(self, version: StoredVersion) -> list[int]:
        """Where a version stands in this history."""
        return [version.version] if self._span.id else [version.stamp, version.key, version.version]

    def total(self, most: int) -> int:
        """How many versions there are, counted up to a limit."""
        keys, bound = self._keys(None, most, "pk")
        if not keys:
            return 0
        (found,) = self._connection.execute(
            f"SELECT count(*) FROM ({keys} LIMIT ?) AS v", (*bound, most)
        ).fetchone()
        return int(found)

    def _keys(
        self, before: Sequence[int] | None, count: int, columns: str
    ) -> tuple[str, list[int]]:
        """The SQL of the first keys out of every table and type, and its values."""
        parts: list[str] = []
        bound: list[int] = []
        for table, limits, values in self._sources():
            where, more = self._limits(table, before)
            parts.append(
                f"SELECT * FROM (SELECT {columns} FROM {table} WHERE "
                f"{' AND '.join([*limits, *where])} ORDER BY {self._order} LIMIT ?) "
                f"AS s{len(parts)}"
            )
            bound += [*values, *more, count]
        return " UNION ALL ".join(parts), bound

    def _sources(self) -> list[tuple[str, list[str], list[int]]]:
        """Table, condition and values of each part of this history."""
        span, names = self._span, self._names
        if span.id:
            row = self._connection.execute(
                "SELECT pk FROM res WHERE rt = ? AND id = ?", (names.find(span.kinds[0]), span.id)
            ).fetchone()
            return [] if row is None else [(t, ["pk = ?"], [row[0]]) for t in ("res", "hist")]
        keys = [key for key in map(names.find, span.kinds or names.kinds()) if key is not None]
        current = [("res", ["rt = ?"], [key]) for key in keys]
        if not span.kinds:
            # Rows of what is contained elsewhere, or only referred to, are no versions of anything.
            current = [("res", [f"deleted <= {DELETED}"], [])]
        return [*current, *(("hist", ["rt = ?"], [key]) for key in keys)]

    def _limits(self, table: str, before: Sequence[int] | None) -> tuple[list[str], list[int]]:
        since, at = max(self._span.since, _FIRST), self._span.at
        where, bound = ["ts >= ?"], [since]
        if at is not None:
            where.append("ts < ?")
            bound.append(at[1])
        if at is not None and table == "hist" and since < at[0]:
            where.append("(ts >= ? OR until > ?)")
            bound += [at[0], at[0]]
        if before is not None:
            columns = "ver < ?" if self._span.id else "(ts, pk, ver) < (?, ?, ?)"
            where.append(columns)
            bound.extend(before)
        return where, bound


def _first(version: int, before: int | None) -> bool:
    """Whether a version made its resource: as the first one, or after its deletion."""
    return version == 1 or before == DELETED
