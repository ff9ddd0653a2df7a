"""Tables of the embedded store, and how an older store becomes a newer one.

Integer-keyed, so that a search is ``(type, parameter, value)`` → resource keys. The current version of a
resource lives in ``res``, older ones in ``hist``; the queue is the ``job`` table beside its Task.
"""

from typing import Any, Final

from profiles.outcome import OperationOutcomeError

MIGRATIONS: Final = (
    """
    CREATE TABLE res (
        pk INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, ver INTEGER NOT NULL,
        ts INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL,
        UNIQUE (type, id));
    CREATE INDEX res_recent ON res (type, ts, pk);
    CREATE TABLE hist (
        pk INTEGER NOT NULL, ver INTEGER NOT NULL, ts INTEGER NOT NULL, deleted INTEGER NOT NULL,
        body BLOB NOT NULL, PRIMARY KEY (pk, ver)) WITHOUT ROWID;
    CREATE TABLE dict (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE s_tok (sp INTEGER NOT NULL, val TEXT NOT NULL, sys TEXT NOT NULL, pk INTEGER NOT NULL,
        PRIMARY KEY (sp, val, sys, pk)) WITHOUT ROWID;
    CREATE TABLE s_str (sp INTEGER NOT NULL, val TEXT NOT NULL, pk INTEGER NOT NULL,
        PRIMARY KEY (sp, val, pk)) WITHOUT ROWID;
    CREATE TABLE s_ref (sp INTEGER NOT NULL, val TEXT NOT NULL, pk INTEGER NOT NULL,
        PRIMARY KEY (sp, val, pk)) WITHOUT ROWID;
    CREATE TABLE s_dat (sp INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
        pk INTEGER NOT NULL, PRIMARY KEY (sp, lo, hi, pk)) WITHOUT ROWID;
    CREATE INDEX s_tok_pk ON s_tok (pk);
    CREATE INDEX s_str_pk ON s_str (pk);
    CREATE INDEX s_ref_pk ON s_ref (pk);
    CREATE INDEX s_dat_pk ON s_dat (pk);
    CREATE TABLE study (
        pk INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL DEFAULT 0,
        patient_id TEXT NOT NULL DEFAULT '', imaging_study_id TEXT NOT NULL DEFAULT '',
        published INTEGER NOT NULL DEFAULT 0, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
        gap_ms REAL NOT NULL DEFAULT 0, expected INTEGER, instances INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE instance (
        pk INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, study_pk INTEGER NOT NULL REFERENCES study,
        series_uid TEXT NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
        calling_ae TEXT NOT NULL, ours INTEGER NOT NULL, ts INTEGER NOT NULL, header BLOB NOT NULL);
    CREATE INDEX instance_series ON instance (study_pk, series_uid, pk);
    CREATE TABLE job (
        task_id TEXT PRIMARY KEY, lane TEXT NOT NULL, key TEXT NOT NULL, ready_ms INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, owner TEXT, token TEXT, lease_ms INTEGER) WITHOUT ROWID;
    CREATE UNIQUE INDEX job_waiting ON job (key) WHERE owner IS NULL;
    CREATE INDEX job_ready ON job (lane, ready_ms);
    """,
)


def migrate(connection: Any) -> None:
    """Bring a store forward to this program's schema, in one transaction.

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
        for script in MIGRATIONS[version:]:
            connection.execute(script)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _require_known(version: int) -> None:
    if version > len(MIGRATIONS):
        raise OperationOutcomeError(
            "not-supported",
            f"the store has schema {version}; this program knows up to {len(MIGRATIONS)}",
        )
