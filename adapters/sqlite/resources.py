"""Resources with versions, on one connection: the current one in ``res``, older ones in ``hist``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import apsw
import orjson

from adapters.sqlite.records import StoredVersion
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError
from profiles.rawjson import with_meta
from profiles.searchparams import ALWAYS, PARAMETERS, index_values

_SELECT = "SELECT pk, ver, ts, deleted, body FROM res WHERE type = ? AND id = ?"
_TABLE = {"token": "s_tok", "string": "s_str", "reference": "s_ref", "date": "s_dat"}


def read(connection: apsw.Connection, kind: str, resource_id: str) -> StoredVersion | None:
    """The current version, a tombstone included; ``None`` when there never was one."""
    row = connection.execute(_SELECT, (kind, resource_id)).fetchone()
    if row is None:
        return None
    return StoredVersion(kind, resource_id, row[1], row[2], bytes(row[4]), bool(row[3]))


def history(connection: apsw.Connection, kind: str, resource_id: str) -> tuple[StoredVersion, ...]:
    """Every version, the newest first."""
    current = connection.execute(_SELECT, (kind, resource_id)).fetchone()
    if current is None:
        return ()
    older = connection.execute(
        "SELECT pk, ver, ts, deleted, body FROM hist WHERE pk = ? ORDER BY ver DESC", (current[0],)
    )
    return tuple(
        StoredVersion(kind, resource_id, ver, ts, bytes(body), bool(deleted))
        for _, ver, ts, deleted, body in (current, *older)
    )


def put(
    connection: apsw.Connection,
    resource: Mapping[str, Any] | bytes,
    moment: datetime,
    if_match: int | None,
) -> StoredVersion:
    """Write the next version of a resource.

    Raises
    ------
    OperationOutcomeError
        ``precondition`` when ``if_match`` is not the current version.
    """
    body = resource if isinstance(resource, bytes) else orjson.dumps(resource)
    parsed = orjson.loads(body)
    kind, resource_id = parsed["resourceType"], parsed["id"]
    row = connection.execute(_SELECT, (kind, resource_id)).fetchone()
    current = row[1] if row is not None and not row[3] else None
    if if_match is not None and if_match != current:
        raise OperationOutcomeError(
            "precondition", f"If-Match {if_match} is not the current version"
        )
    version = 1 if row is None else row[1] + 1
    stamp = int(moment.timestamp() * 1000)
    meta = {**parsed.get("meta", {}), "versionId": str(version), "lastUpdated": instant(moment)}
    body = with_meta(body, resource_id, meta)
    key = _write(connection, row, (kind, resource_id, version, stamp, 0, body))
    _index(connection, key, {**parsed, "meta": meta})
    return StoredVersion(kind, resource_id, version, stamp, body)


def delete(
    connection: apsw.Connection, kind: str, resource_id: str, moment: datetime
) -> StoredVersion | None:
    """Write a tombstone; ``None`` when there is nothing to delete."""
    row = connection.execute(_SELECT, (kind, resource_id)).fetchone()
    if row is None or row[3]:
        return None
    stamp = int(moment.timestamp() * 1000)
    key = _write(connection, row, (kind, resource_id, row[1] + 1, stamp, 1, b"{}"))
    _unindex(connection, key)
    return StoredVersion(kind, resource_id, row[1] + 1, stamp, b"{}", deleted=True)


def parameter_key(connection: apsw.Connection, kind: str, parameter: str) -> int:
    """Integer of a search parameter, made on first use."""
    text = f"{kind}.{parameter}"
    row = connection.execute("SELECT id FROM dict WHERE text = ?", (text,)).fetchone()
    if row is not None:
        return int(row[0])
    connection.execute("INSERT INTO dict (text) VALUES (?)", (text,))
    return int(connection.last_insert_rowid())


def find(connection: apsw.Connection, kind: str, parameter: str, value: str) -> list[str]:
    """Ids of the current resources that carry one exact token or reference."""
    parameter_kind = {**PARAMETERS[kind], **{k: (v, "") for k, v in ALWAYS.items()}}[parameter][0]
    table = _TABLE[parameter_kind]
    system, bar, code = value.partition("|")
    where, bound = ("val = ?", [value]) if not bar else ("val = ? AND sys = ?", [code, system])
    rows = connection.execute(
        f"SELECT res.id FROM {table} JOIN res USING (pk) "  # noqa: S608 - a name from our own table
        f"WHERE sp = ? AND {where} ORDER BY pk",
        (parameter_key(connection, kind, parameter), *bound),
    )
    return [row[0] for row in rows]


def _write(connection: apsw.Connection, row: Any, values: tuple[Any, ...]) -> int:
    if row is None:
        connection.execute(
            "INSERT INTO res (type, id, ver, ts, deleted, body) VALUES (?, ?, ?, ?, ?, ?)", values
        )
        return int(connection.last_insert_rowid())
    connection.execute(
        "INSERT INTO hist (pk, ver, ts, deleted, body) VALUES (?, ?, ?, ?, ?)", tuple(row)
    )
    connection.execute(
        "UPDATE res SET ver = ?, ts = ?, deleted = ?, body = ? WHERE pk = ?", (*values[2:], row[0])
    )
    _unindex(connection, row[0])
    return int(row[0])


def _unindex(connection: apsw.Connection, key: int) -> None:
    for table in _TABLE.values():
        connection.execute(f"DELETE FROM {table} WHERE pk = ?", (key,))  # noqa: S608 - our own names


def _index(connection: apsw.Connection, key: int, resource: Mapping[str, Any]) -> None:
    kind = resource["resourceType"]
    for value in index_values(resource):
        parameter = parameter_key(connection, kind, value.parameter)
        if value.kind == "token":
            row: tuple[Any, ...] = (parameter, value.value, value.system, key)
        elif value.kind == "date":
            row = (parameter, value.low, value.high, key)
        else:
            row = (parameter, value.value, key)
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT OR IGNORE INTO {_TABLE[value.kind]} VALUES ({marks})", row)  # noqa: S608
