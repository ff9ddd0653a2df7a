"""SQLite as the engine of the store: one file, WAL, every commit synced."""

import shutil
from pathlib import Path
from typing import Any, Final

import apsw

from adapters.sql import queue
from adapters.sql.engine import Jobs
from adapters.sqlite.checkpoint import WritingConnection
from adapters.sqlite.connection import connect, translated
from adapters.sqlite.schema import migrate
from profiles.outcome import OperationOutcomeError


class SqliteEngine:
    """The embedded database.

    Parameters
    ----------
    path : Path
        Its file.
    """

    error: Final = apsw.Error
    jobs: Jobs = queue
    savepoints: Final = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def connect(self) -> Any:
        """A connection; one thread at a time uses it."""
        return connect(self._path)

    def connect_writer(self) -> Any:
        """The connection of the writer, whose log is copied beside it."""
        return WritingConnection(self._path)

    def migrate(self, connection: Any) -> None:
        """Bring the schema forward (``not-supported`` when a newer program wrote it)."""
        migrate(connection)
        connection.share_out()

    def roll_back(self, connection: Any) -> None:
        """End a transaction that failed."""
        connection.roll_back()

    def end_entry(self, transaction: Any) -> None:
        """Nothing: rows that wait cannot collide, because there is one writer."""

    def ends_group(self, error: BaseException) -> bool:
        """A full disk."""
        return isinstance(error, apsw.FullError)

    def is_collision(self, error: BaseException) -> bool:
        """Never: the write lock is waited for."""
        del error
        return False

    def is_taken(self, error: BaseException) -> bool:
        """A key is taken, or the trigger has refused the group."""
        return isinstance(error, apsw.ConstraintError)

    def translated(self, error: BaseException) -> OperationOutcomeError:
        """The house's error for one of SQLite's."""
        return translated(error)

    def changes(self, connection: Any) -> int:
        """Data version: it changes with the commits of other connections."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def back_up(self, connection: Any, target: Path) -> None:
        """A copy of one moment through SQLite's backup interface."""
        copy = apsw.Connection(str(target))
        with copy.backup("main", connection, "main") as backup:
            while not backup.done:
                backup.step(2000)
        copy.close()
        _require_sound(target)

    def restore(self, copy: Path) -> None:
        """Put a copy in its place, after SQLite has checked it."""
        _require_sound(copy)
        shutil.copyfile(copy, self._path)


def _require_sound(path: Path) -> None:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        found = connection.execute("PRAGMA quick_check").fetchall()
    finally:
        connection.close()
    if found != [("ok",)]:
        raise OperationOutcomeError("invalid", "the copy of the database is damaged")
