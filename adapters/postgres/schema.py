"""The schema on PostgreSQL: our tables, and those of Procrastinate beside them."""

from importlib.resources import files
from typing import Any, Final

from adapters.sql.notes import note, set_note
from adapters.sql.schema import IMAGING, POSTGRES, RESOURCES, SUPERSEDED, statements
from profiles.outcome import OperationOutcomeError

VERSION: Final = 3
NOTE: Final = "schema"
_LOCK: Final = 7_364_201
"""Advisory lock under which one process at a time migrates."""

_LEASES: Final = """
CREATE TABLE job_lease (
    job_id BIGINT PRIMARY KEY, task_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, token TEXT NOT NULL,
    lease_ms BIGINT NOT NULL)
"""
_FUNCTIONS: Final = (
    """
CREATE FUNCTION bare(said TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(regexp_replace(normalize(said, NFD), '[\u0300-\u036f]', '', 'g')) $$
""",
    """
CREATE FUNCTION text_of(body BYTEA) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT bare(regexp_replace(coalesce(convert_from(body, 'UTF8')::jsonb #>> '{text,div}', ''),
        '<[^>]*>', ' ', 'g')) $$
""",
    """
CREATE FUNCTION content_of(body BYTEA) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT bare(coalesce(string_agg(regexp_replace(v #>> '{}', '<[^>]*>', ' ', 'g'), ' '), ''))
    FROM jsonb_path_query(convert_from(body, 'UTF8')::jsonb, 'strict $.**') v
    WHERE jsonb_typeof(v) = 'string' $$
""",
)


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
            for statement in statements(SUPERSEDED, POSTGRES):
                connection.execute(statement)
        set_note(connection, NOTE, str(VERSION))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _require_known(version: int) -> None:
    if version > VERSION:
        raise OperationOutcomeError(
            "not-supported", f"the store has schema {version}; this program knows up to {VERSION}"
        )


def _make(connection: Any) -> None:
    for script in (RESOURCES, IMAGING):
        for statement in statements(script, POSTGRES):
            connection.execute(statement)
    connection.execute(_LEASES)
    for function in _FUNCTIONS:
        connection.raw.execute(function)
    procrastinate = (files("procrastinate.sql") / "schema.sql").read_text()
    connection.raw.execute(procrastinate)
