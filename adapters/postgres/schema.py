"""The schema on PostgreSQL: our tables, and those of Procrastinate beside them."""

import logging
from importlib.resources import files
from typing import Any, Final

import psycopg

from adapters.postgres.words import SCHEMA as WORDS
from adapters.postgres.words import TRIGRAMS
from adapters.sql.notes import note, set_note
from adapters.sql.schema import (
    ADDED,
    DROPPED,
    IMAGING,
    POSTGRES,
    RESOURCES,
    SECOND_TO_THIRD,
    THIRD,
    statements,
)
from profiles.outcome import OperationOutcomeError

VERSION: Final = 3
NOTE: Final = "schema"
log = logging.getLogger("isthmus.store")

_LOCK: Final = 7_364_201
"""Advisory lock under which one process at a time migrates."""

_LEASES: Final = """
CREATE TABLE job_lease (
    job_id BIGINT PRIMARY KEY, task_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, token TEXT NOT NULL,
    lease_ms BIGINT NOT NULL)
"""
_OLD_FUNCTIONS: Final = (
    "DROP FUNCTION IF EXISTS text_of(BYTEA), content_of(BYTEA)",
    "DROP FUNCTION IF EXISTS bare(TEXT)",
)
"""Schema 2 looked through the bodies."""


def migrate(connection: Any) -> None:
    """Make the schema, or bring it forward, in one transaction.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` when a newer program has written the store.
    """
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        (there,) = connection.execute("SELECT to_regclass('note') IS NOT NULL").fetchone()
        version = int(note(connection, NOTE) or 0) if there else 0
        _require_known(version)
        if version == 0:
            _make(connection)
        elif version == 2:
            _run(connection, SECOND_TO_THIRD)
            _make_words(connection, *_OLD_FUNCTIONS)
        _add(connection)
        set_note(connection, NOTE, str(VERSION))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _add(connection: Any) -> None:
    """Make and drop indexes, where that is to be done: to ask for no change would wait for who writes."""
    for name, statement in ADDED.items():
        (missing,) = connection.execute("SELECT to_regclass(?) IS NULL", (name,)).fetchone()
        if missing:
            connection.execute(statement)
    for name in DROPPED:
        (missing,) = connection.execute("SELECT to_regclass(?) IS NULL", (name,)).fetchone()
        if not missing:
            connection.execute(f"DROP INDEX {name}")


def _require_known(version: int) -> None:
    if version > VERSION:
        raise OperationOutcomeError(
            "not-supported", f"the store has schema {version}; this program knows up to {VERSION}"
        )


def _run(connection: Any, script: str) -> None:
    for statement in statements(script, POSTGRES):
        connection.execute(statement)


def _make_words(connection: Any, *before: str) -> None:
    for statement in (*before, *WORDS):
        connection.execute(statement)
    connection.execute("SAVEPOINT trigrams")
    try:
        for statement in TRIGRAMS:
            connection.execute(statement)
    except psycopg.Error:
        # The extension is not installed, or not ours to make: a search looks at every different text.
        connection.execute("ROLLBACK TO SAVEPOINT trigrams")
        log.warning("pg_trgm is not available: :contains has no index")
    connection.execute("RELEASE SAVEPOINT trigrams")


def _make(connection: Any) -> None:
    for script in (RESOURCES, THIRD, IMAGING):
        _run(connection, script)
    _make_words(connection)
    connection.execute(_LEASES)
    procrastinate = (files("procrastinate.sql") / "schema.sql").read_text()
    connection.raw.execute(procrastinate)
