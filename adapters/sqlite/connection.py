"""Connections to the embedded store: WAL, and every commit synced to the disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import apsw
import orjson

from adapters.sqlite.words import SqliteWords
from profiles.outcome import OperationOutcomeError

BUSY_MS = 30_000

C = TypeVar("C", bound="SqliteConnection")


class SqliteConnection(apsw.Connection):  # type: ignore[misc,unused-ignore]
    """A connection that knows what differs between the dialects."""

    for_update = ""
    words = SqliteWords()

    def keys(self, text: str, values: Sequence[Any]) -> list[int]:
        """All that a statement finds in its column ``pk``.

        They come as one row: each step of a statement costs more than a key.
        """
        return self._listed(f"SELECT json_group_array(pk) FROM ({text})", values) or []

    def few_keys(self, text: str, values: Sequence[Any], most: int) -> list[int] | None:
        """As ``keys``; None when there are ``most`` or more."""
        few = f"SELECT CASE WHEN count(*) < {most} THEN json_group_array(pk) END FROM"
        return self._listed(f"{few} (SELECT pk FROM ({text}) c LIMIT {most})", values)

    def _listed(self, text: str, values: Sequence[Any]) -> list[int] | None:
        """The one value of a statement, a list."""
        ((found,),) = self.execute(text, values).fetchall()
        return None if found is None else orjson.loads(str(found))

    def settle(self) -> None:
        """Nothing: how a search runs is decided here, not by statistics of the database (decision 0020)."""

    def roll_back(self) -> None:
        """Take back the open transaction; a full disk may have ended it already."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def lock(self, name: str) -> None:
        """Nothing: whoever writes holds the only write lock."""


def connect(path: Path) -> SqliteConnection:
    """Open a connection; one thread at a time may use it."""
    return prepared(SqliteConnection(str(path)))


def prepared(connection: C) -> C:
    """Settle how a connection works.

    ``synchronous=FULL`` because a Task row that a power loss took cannot be guessed.
    """
    connection.set_busy_timeout(BUSY_MS)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def translated(error: BaseException) -> OperationOutcomeError:
    """The house's error for one of SQLite's."""
    if isinstance(error, apsw.FullError):
        return OperationOutcomeError("no-store", "the disk is full")
    if isinstance(error, apsw.BusyError):
        return OperationOutcomeError("transient", "the store is busy; try again")
    return OperationOutcomeError("exception", f"the store failed: {type(error).__name__}")
