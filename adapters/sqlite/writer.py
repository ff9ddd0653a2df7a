"""One writer thread with group commit: many callers, one fsync.

A caller hands in a closure and waits. The thread takes what has queued up, runs each closure in a
savepoint of one transaction, commits once, and only then lets every caller go. A closure that raises
rolls back alone. A commit that fails fails for every caller of the group: nobody is told a lie.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import apsw

from adapters.sqlite.connection import translated
from profiles.outcome import OperationOutcomeError

GROUP = 256


class _Entry:
    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class Writer:
    """Runs closures on the one connection that writes.

    Parameters
    ----------
    connection : apsw.Connection
        Used by the writer thread alone.
    begin : callable
        Makes the object that closures are given, once per group.
    """

    def __init__(self, connection: apsw.Connection, begin: Callable[[], Any]) -> None:
        self._connection = connection
        self._begin = begin
        self._queue: deque[_Entry] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Any], Any]) -> Any:
        """Run a closure durably; its result after the commit."""
        entry = _Entry(work)
        with self._wake:
            if self._closed:
                raise OperationOutcomeError("transient", "the store is closing")
            self._queue.append(entry)
            self._wake.notify()
        entry.done.wait()
        if entry.error is not None:
            raise entry.error
        return entry.result

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                size = min(len(self._queue), GROUP)
                group = [self._queue.popleft() for _ in range(size)]
            self._commit(group)
            for entry in group:
                entry.done.set()

    def _commit(self, group: list[_Entry]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            transaction = self._begin()
            for entry in group:
                self._one(entry, transaction)
            self._connection.execute("COMMIT")
        except apsw.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            for entry in group:
                entry.error = entry.error or translated(error)

    def _one(self, entry: _Entry, transaction: Any) -> None:
        self._connection.execute("SAVEPOINT entry")
        try:
            entry.result = entry.work(transaction)
        except apsw.FullError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised to the caller who handed the closure in
            entry.error = translated(error) if isinstance(error, apsw.Error) else error
            self._connection.execute("ROLLBACK TO entry")
        self._connection.execute("RELEASE entry")
