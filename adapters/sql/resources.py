"""Resources with versions, on one connection: the current one in ``res``, older ones in ``hist``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from adapters.sql.contained import contained_rows, replace
from adapters.sql.extraction import Extracted
from adapters.sql.index import Index
from adapters.sql.names import Names
from adapters.sql.records import StoredVersion
from adapters.sql.schema import AWAITED, DELETED, LIVE
from profiles.exact_json import dumps_exact
from profiles.fhir_time import instant_of
from profiles.outcome import OperationOutcomeError

_UNLESS = "ON CONFLICT (rt, id) DO NOTHING"
_CURRENT = "SELECT pk, ver, ts, deleted, op, body FROM res WHERE rt = ? AND id = ?"


def read(connection: Any, names: Names, kind: str, resource_id: str) -> StoredVersion | None:
    """The current version, a tombstone included; ``None`` when there never was one."""
    row = connection.execute(_CURRENT, (names.find(kind), resource_id)).fetchone()
    if row is None or row[3] == AWAITED:
        return None
    key, ver, ts, deleted, op, body = row
    return StoredVersion(kind, resource_id, ver, ts, body, deleted == DELETED, op, key)


def version(
    connection: Any, names: Names, kind: str, resource_id: str, number: int
) -> StoredVersion | None:
    """One version; ``None`` when there is none of this number."""
    current = connection.execute(_CURRENT, (names.find(kind), resource_id)).fetchone()
    if current is None or current[3] == AWAITED:
        return None
    if current[1] != number:
        current = connection.execute(
            "SELECT pk, ver, ts, deleted, op, body FROM hist WHERE pk = ? AND ver = ?",
            (current[0], number),
        ).fetchone()
    if current is None:
        return None
    _, ver, ts, deleted, op, body = current
    return StoredVersion(kind, resource_id, ver, ts, body, deleted == DELETED, op)


class Resources:
    """Writes resources on one connection.

    Parameters
    ----------
    connection
        The writer's.
    names : Names
    index : Index
    """

    def __init__(self, connection: Any, names: Names, index: Index) -> None:
        self._connection = connection
        self._names = names
        self._index = index

    def put(
        self,
        resource: Mapping[str, Any],
        moment: datetime,
        *,
        if_match: int | None = None,
        op: str = "",
        fresh: bool = False,
        extracted: Extracted | None = None,
    ) -> StoredVersion:
        """Write the next version of a resource.

        Parameters
        ----------
        resource : mapping
            Complete, with its id; numbers as ``profiles.strict_json`` reads them.
        fresh : bool
            The id was just made: nothing but a place that is kept for it can be there.
        extracted : Extracted, optional
            Its index rows, where they were extracted before.
        op : str
            HTTP method of the history; POST or PUT by the version where it is not given.

        Raises
        ------
        OperationOutcomeError
            ``precondition`` when ``if_match`` is not the current version.
        """
        kind, resource_id = resource["resourceType"], resource["id"]
        fresh = fresh and not self._index.is_awaited(kind, resource_id)
        row = None if fresh else self._row(kind, resource_id)
        current = row[1] if row is not None and row[3] == LIVE else None
        if if_match is not None and if_match != current:
            raise OperationOutcomeError(
                "precondition", f"If-Match {if_match} is not the current version"
            )
        number = 1 if row is None else row[1] + 1
        stamp = _stamp(moment)
        meta = {
            **resource.get("meta", {}),
            "versionId": str(number),
            "lastUpdated": instant_of(stamp),
        }
        whole = _with_meta(resource, meta)
        stored = StoredVersion(
            kind,
            resource_id,
            number,
            stamp,
            dumps_exact(whole),
            False,
            op or _method(number),
        )
        rows = self._index.new_rows(whole, extracted)
        key = self._write(row, stored, self._index.present(kind, rows), fresh)
        if key is None:
            return self.put(resource, moment, op=op)
        self._index.learn(kind, resource_id, key)
        old = self._before(row)
        before = self._index.rows(old) if old is not None else set()
        if before:
            self._index.remove(kind, key, before - rows, rows)
        self._index.add(kind, key, rows - before)
        self._index.changed(key)
        if "contained" in whole or (old is not None and "contained" in old):
            self._replace_contained(old, whole, stored.stamp)
        return stored

    def amend(self, resource: Mapping[str, Any]) -> StoredVersion:
        """Give the current version another content; for a version that is not yet committed.

        Parameters
        ----------
        resource : mapping
            Complete, with the id and, as far as it has any other, the ``meta`` of the version.
        """
        kind, resource_id = resource["resourceType"], resource["id"]
        row = self._row(kind, resource_id)
        before = orjson.loads(row[5])
        meta = {**resource.get("meta", {}), **_of_version(before["meta"])}
        whole = _with_meta(resource, meta)
        body, rows = dumps_exact(whole), self._index.new_rows(whole)
        old = self._index.rows(before)
        self._connection.execute(
            "UPDATE res SET has = ?, body = ? WHERE pk = ?",
            (self._index.present(kind, rows), body, row[0]),
        )
        self._index.remove(kind, row[0], old - rows, rows)
        self._index.add(kind, row[0], rows - old)
        self._index.changed(row[0])
        return StoredVersion(kind, resource_id, row[1], row[2], body, False, row[4])

    def delete(self, kind: str, resource_id: str, moment: datetime) -> StoredVersion | None:
        """Write a tombstone; ``None`` when there is nothing to delete."""
        row = self._row(kind, resource_id)
        if row is None or row[3] != LIVE:
            return None
        stored = StoredVersion(kind, resource_id, row[1] + 1, _stamp(moment), b"", True, "DELETE")
        self._write(row, stored, "")
        old = orjson.loads(row[5])
        self._index.remove(kind, row[0], self._index.rows(old))
        self._index.changed(row[0])
        if "contained" in old:
            self._replace_contained(old, None, stored.stamp)
        return stored

    def index_contained(self, resource: Mapping[str, Any], stamp: int) -> None:
        """Write the index rows of what a resource contains, of which there are none."""
        if "contained" in resource:
            self._replace_contained(None, resource, stamp)

    def _replace_contained(
        self, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, stamp: int
    ) -> None:
        before = contained_rows(self._index.rows, old)
        after = contained_rows(self._index.new_rows, new)
        replace(self._connection, self._index, before, after, stamp)

    def _row(self, kind: str, resource_id: str) -> Any:
        return self._connection.execute(
            _CURRENT + self._connection.for_update, (self._names.key(kind), resource_id)
        ).fetchone()

    def _before(self, row: Any) -> dict[str, Any] | None:
        """The version that is replaced; None when nothing is there."""
        if row is None or row[3] != LIVE:
            return None
        body: dict[str, Any] = orjson.loads(row[5])
        return body

    def _write(self, row: Any, stored: StoredVersion, has: str, fresh: bool = False) -> int | None:
        """Write a version; the key of its resource, None when a fresh one has a row after all."""
        values = (
            stored.version,
            stored.stamp,
            DELETED if stored.deleted else LIVE,
            stored.op,
            has,
            stored.body,
        )
        kind = self._names.key(stored.type)
        # What was looked up is written at once: the next look-up would make it visible, one by one.
        if fresh and self._connection.defers:
            ver, stamp, _, *rest = values
            aside: int | None = self._connection.put_aside(kind, stored.id, ver, stamp, *rest)
            if aside is not None:
                return aside
        if row is None:
            made = self._connection.execute(
                "INSERT INTO res (rt, id, ver, ts, deleted, op, has, body) "
                f"VALUES (?, ?, ?, ?, ?, ?, ?, ?) {_UNLESS if fresh else ''} RETURNING pk",
                (kind, stored.id, *values),
            ).fetchone()
            return None if made is None else int(made[0])
        key, ver, ts, deleted, op, body = row
        if deleted != AWAITED:
            self._connection.execute(
                "INSERT INTO hist (pk, ver, rt, ts, until, deleted, op, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (key, ver, kind, ts, stored.stamp, deleted, op, body),
            )
        self._connection.execute(
            "UPDATE res SET ver = ?, ts = ?, deleted = ?, op = ?, has = ?, body = ? WHERE pk = ?",
            (*values, key),
        )
        return int(key)


def _with_meta(resource: Mapping[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    """The resource with its new meta; every member stays where the client has put it."""
    if "meta" in resource:
        return {**resource, "meta": meta}
    whole: dict[str, Any] = {}
    for name, value in resource.items():
        whole[name] = value
        if name == "id":
            whole["meta"] = meta
    return whole


def _of_version(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What the server says of a version."""
    return {name: meta[name] for name in ("versionId", "lastUpdated")}


def _method(number: int) -> str:
    return "POST" if number == 1 else "PUT"


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
