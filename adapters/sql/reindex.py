"""Build the index again: after an upgrade that extracts otherwise, or for parameters that were added."""

import hashlib
import logging
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

import orjson

from adapters.sql.notes import note, set_note
from adapters.sql.rows import COLUMNS
from adapters.sql.transaction import Transaction

NOTE: Final = "index"
_FILES: Final = (
    "extract",
    "paths",
    "values",
    "tokens",
    "ranges",
    "parameters",
    "contained",
    "words",
    "own_address",
)
"""Modules of ``profiles.search`` that decide which rows and words a resource has."""
_BATCH: Final = 2000
_SAID_EVERY: Final = 20_000
"""Resources after which the log says how far it is."""

log = logging.getLogger("isthmus.store")


def index_version() -> str:
    """Digest of everything that decides which rows a resource has."""
    digest = hashlib.sha256()
    digest.update((files("profiles.definitions") / "r4_search.json.gz").read_bytes())
    for name in _FILES:
        digest.update((files("profiles.search") / f"{name}.py").read_bytes())
    return digest.hexdigest()[:16]


def say_progress(done: int, total: int) -> None:
    """Write to the log how far the index is; counts only."""
    if done == total or done % _SAID_EVERY < _BATCH:
        log.info("indexed %d of %d resources anew", done, total)


def require_index(
    connection: Any,
    transaction: Transaction,
    progress: Callable[[int, int], None] = say_progress,
) -> None:
    """Index every resource again if another version of this program has written the index.

    One transaction: who opens the store at the same time sees the old index or the new one.
    """
    wanted = index_version()
    connection.begin(waits=False)
    try:
        if note(connection, NOTE) != wanted:
            rebuild(connection, transaction, progress)
            set_note(connection, NOTE, wanted)
    except BaseException:
        connection.roll_back()
        transaction.rolled_back()
        raise
    connection.commit({})


def rebuild(
    connection: Any, transaction: Transaction, progress: Callable[[int, int], None] = say_progress
) -> None:
    """Drop every index row and extract all of them again, inside the caller's transaction."""
    for table, _ in COLUMNS.values():
        connection.execute(f"DELETE FROM {table}")
    connection.execute("DELETE FROM s_due")
    connection.words.clear(connection)
    (total,) = connection.execute("SELECT count(*) FROM res WHERE deleted = 0").fetchone()
    transaction.use_noted_bases()
    done, last = 0, 0
    while True:
        rows = connection.execute(
            "SELECT pk, body, ts FROM res WHERE deleted = 0 AND pk > ? ORDER BY pk LIMIT ?",
            (last, _BATCH),
        ).fetchall()
        if not rows:
            break
        for key, body, stamp in rows:
            transaction.reindex(key, orjson.loads(body), stamp)
        transaction.flush()
        done, last = done + len(rows), rows[-1][0]
        progress(done, total)
