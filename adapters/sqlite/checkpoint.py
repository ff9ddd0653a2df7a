"""Keeps the write-ahead log short beside the writer (SQLite wal.html, section 2.3)."""

import contextlib
import threading
from pathlib import Path
from typing import Final

import apsw

from adapters.sqlite.connection import connect
from adapters.sqlite.intake import IntakeConnection, Waiting

PIECE: Final = 6_000
"""Pages of the log after which it is copied into the database on a thread of its own."""
LONGEST: Final = 24_000
"""Pages after which SQLite copies what is left with the commit, and begins the log anew: only a log that has
been copied to its end can begin anew, and beside a busy writer that moment never comes."""


class WritingConnection(IntakeConnection):
    """A connection whose commits do not wait for the log to be copied.

    Parameters
    ----------
    path : Path
        The database.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.execute(f"PRAGMA wal_autocheckpoint = {LONGEST}")
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

    def commit(self, waiting: Waiting) -> None:
        """Write everything and commit; have the log copied now and then."""
        super().commit(waiting)
        # Counted here and not by a hook, which would need the interpreter in the middle of a commit.
        pages, _ = self.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)
        if pages - self._copied >= PIECE:
            self._copied = pages
            self._due.set()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._ended:
                return
            with contextlib.suppress(apsw.Error):  # the next piece is tried all the same
                self._copying.wal_checkpoint()
