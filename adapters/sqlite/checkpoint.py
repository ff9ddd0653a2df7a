"""Keeps the write-ahead log short beside the writer (SQLite wal.html, section 2.3)."""

import contextlib
import threading
from pathlib import Path
from typing import Final

import apsw

from adapters.sqlite.connection import connect
from adapters.sqlite.intake import IntakeConnection

PIECE: Final = 6_000
"""Pages of the log after which it is copied into the database on a thread of its own."""
LONGEST: Final = 24_000
"""Pages after which the writer copies what is left and begins the log anew: only a log that has been copied
to its end can begin anew, and beside a busy writer that moment never comes."""


class WritingConnection(IntakeConnection):
    """A connection whose commits do not wait for the log to be copied.

    Parameters
    ----------
    path : Path
        The database.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.set_wal_hook(self._committed)
        self._copying = connect(path)
        self._copied = 0
        self._due = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="store-checkpoint", daemon=True)
        self._thread.start()

    def close(self, force: bool = False) -> None:
        """Stop copying, then close; the last connection copies what is left."""
        self._ended = True
        self._due.set()
        self._thread.join()
        self._copying.close()
        super().close(force)

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        if pages < self._copied:
            self._copied = 0
        if pages >= LONGEST:
            with contextlib.suppress(apsw.Error):  # somebody copies already, or the disk is full
                connection.wal_checkpoint(name)
        elif pages - self._copied >= PIECE:
            self._due.set()
        return apsw.SQLITE_OK

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._ended:
                return
            with contextlib.suppress(apsw.Error):  # the writer tries again at the longest length
                _, self._copied = self._copying.wal_checkpoint()
