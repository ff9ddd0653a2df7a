"""The embedded store's schema: its versions, and the way from an older one."""

from typing import Any, Final

from adapters.sql.schema import (
    ADDED,
    DROPPED,
    IMAGING,
    QUEUE,
    RESOURCES,
    SECOND_TO_THIRD,
    SQLITE,
    THIRD,
    statements,
)
from adapters.sqlite.words import SCHEMA as WORDS
from profiles.outcome import OperationOutcomeError

VERSION: Final = 3

_KEEP_FIRST: Final = (
    "ALTER TABLE res RENAME TO old_res",
    "ALTER TABLE hist RENAME TO old_hist",
    *(f"DROP TABLE {name}" for name in ("dict", "s_tok", "s_str", "s_ref", "s_dat")),
    "DROP INDEX res_recent",
)
_MOVE_FIRST: Final = (
    "INSERT INTO dict (text) SELECT DISTINCT type FROM old_res",
    "INSERT INTO res (pk, rt, id, ver, ts, deleted, op, has, body) SELECT o.pk, d.id, o.id, o.ver, o.ts, "
    "o.deleted, CASE WHEN o.deleted = 1 THEN 'DELETE' WHEN o.ver = 1 THEN 'POST' ELSE 'PUT' END, '', o.body "
    "FROM old_res o JOIN dict d ON d.text = o.type",
    "INSERT INTO hist (pk, ver, rt, ts, until, deleted, op, body) SELECT h.pk, h.ver, r.rt, h.ts, COALESCE("
    "(SELECT n.ts FROM old_hist n WHERE n.pk = h.pk AND n.ver = h.ver + 1), r.ts), h.deleted, "
    "CASE WHEN h.deleted = 1 THEN 'DELETE' WHEN h.ver = 1 THEN 'POST' ELSE 'PUT' END, h.body "
    "FROM old_hist h JOIN res r ON r.pk = h.pk",
    "DROP TABLE old_res",
    "DROP TABLE old_hist",
)


def migrate(connection: Any) -> None:
    """Bring a store forward to this program's schema, in one transaction.

    An older store keeps its resources, their versions, the archive and the queue; its index is built again
    by the caller, because the note ``index`` is missing or names another extraction.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` when a newer program has written the store.
    """
    # Another process may be doing the same: the version is read again under the write lock.
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _require_known(version)
        dropped = [f"DROP INDEX IF EXISTS {name}" for name in DROPPED]
        for statement in (*_steps(version), *ADDED.values(), *dropped):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _steps(version: int) -> list[str]:
    made = [*statements(RESOURCES, SQLITE), *statements(THIRD, SQLITE), *WORDS]
    if version == 0:
        return [*made, *statements(IMAGING, SQLITE), *statements(QUEUE, SQLITE)]
    if version == 1:
        return [*_KEEP_FIRST, *made, *_MOVE_FIRST]
    return [*statements(SECOND_TO_THIRD, SQLITE), *WORDS] if version == 2 else []


def _require_known(version: int) -> None:
    if version > VERSION:
        raise OperationOutcomeError(
            "not-supported", f"the store has schema {version}; this program knows up to {VERSION}"
        )
