"""One writer thread with group commit: many callers, one fsync.

A caller hands in a closure and waits. The thread takes what has queued up, runs the closures in one
transaction, commits once, and only then lets every caller go. A closure that raises rolls back alone: the
group is run again with a savepoint for each where it had written. A commit that fails fails for every caller
of the group: nobody is told a lie.

Callers are let go when the next group has run its closures, if one waits already: what they do then runs
beside the database's work for that group instead of in the way of its closures (decision 0020).

When nothing has come for a while, the thread does what was left for later, a piece at a time.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from adapters.sql.engine import Engine
from profiles.outcome import OperationOutcomeError

GROUP = 256
IDLE_S = 1.0
"""Seconds without a closure after which what was left for later is begun."""
BREATH_S = 0.02
"""Seconds between two pieces of it."""
BETWEEN_S = 0.25
"""Seconds after which a small piece is done between closures that come one by one."""
ASKED_BREATH_S = 0.1
"""The same while the store is asked: an answer must not wait for what can."""
HELD_S = 0.01
"""Seconds of the next group's closures after which those before are let go at once."""
TRIES = 8
"""How often a closure is run again that collided with another process."""


class _Entry:
    __slots__ = ("again", "done", "ended", "error", "result", "tries", "work")

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
        self.done: threading.Event | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.again = False
        self.tries = 0
        self.ended: Callable[[Any, BaseException | None], None] | None = None


class _HasWritten(Exception):  # noqa: N818 - no error of anybody's: the group is run anew
    """A closure failed after it had written, or by what others had left, and there is no savepoint."""


class Writer:
    """Runs closures on the one connection that writes.

    Parameters
    ----------
    engine : Engine
        Knows the errors of the database.
    connection
        Used by the writer thread alone.
    transaction
        What closures are given; it is told of the begin of a group and of rollbacks.
    clock : callable
        Present moment, aware.
    later : callable, optional
        A closure that does a piece of what writes leave for later, a small one while the store is asked;
        false when nothing is left.
    asked : callable
        How often the store was asked.
    """

    def __init__(
        self,
        engine: Engine,
        connection: Any,
        transaction: Any,
        clock: Callable[[], datetime],
        later: Callable[[Any, bool], bool] | None,
        asked: Callable[[], int],
    ) -> None:
        self._later = later
        self._idle_s = None if later is None else IDLE_S
        self._asked = asked
        self._seen = 0
        self._pause = self._idle_s
        self._did_at = time.monotonic()
        self._engine = engine
        self._connection = connection
        self._transaction = transaction
        self._clock = clock
        self._queue: deque[_Entry] = deque()
        self._wake = threading.Condition()
        self._committed: list[_Entry] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit_soon(
        self,
        work: Callable[[Any], Any],
        ended: Callable[[Any, BaseException | None], None],
    ) -> None:
        """Run a closure durably; ``ended(result, error)`` is called by the writer after the commit."""
        entry = _Entry(work)
        entry.ended = ended
        with self._wake:
            if self._closed:
                raise OperationOutcomeError("transient", "the store is closing")
            self._queue.append(entry)
            self._wake.notify()

    def submit(self, work: Callable[[Any], Any]) -> Any:
        """Run a closure durably; its result after the commit."""
        entry = _Entry(work)
        done = entry.done = threading.Event()
        with self._wake:
            if self._closed:
                raise OperationOutcomeError("transient", "the store is closing")
            self._queue.append(entry)
            self._wake.notify()
        done.wait()
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
                come = self._wake.wait_for(lambda: self._queue or self._closed, self._pause)
                if come and not self._queue:
                    return
                size = min(len(self._queue), GROUP)
                group = [self._queue.popleft() for _ in range(size)]
            if not group:
                self._do_later()
                continue
            self._pause = self._idle_s
            self._commit(group)
            self._let_go()
            self._committed = group
            if not self._queue:
                self._let_go()
            self._between(len(group))

    def _let_go(self) -> None:
        """Tell the callers of the group that was committed last."""
        group, self._committed = self._committed, []
        for entry in group:
            if entry.again:
                entry.again = False
                entry.error = None
                with self._wake:
                    self._queue.append(entry)
            elif entry.done is not None:
                entry.done.set()
            elif entry.ended is not None:
                entry.ended(entry.result, entry.error)

    def _between(self, size: int) -> None:
        """A small piece where closures come steadily, so that no idle moment does, but not many at once."""
        later = self._later
        if later is None or size > 1 or self._queue:
            return
        if time.monotonic() - self._did_at >= BETWEEN_S:
            self._did_at = time.monotonic()
            self._commit([_Entry(lambda tx: later(tx, True))])

    def _do_later(self) -> None:
        """A piece of what was left; a failure is met again by who needs it done."""
        self._did_at = time.monotonic()
        later, asked = self._later, self._asked()
        if later is None:
            return
        busy = asked != self._seen
        self._seen = asked
        entry = _Entry(lambda tx: later(tx, busy))
        self._commit([entry])
        left = entry.result and entry.error is None
        self._pause = (ASKED_BREATH_S if busy else BREATH_S) if left else None

    def _commit(self, group: list[_Entry]) -> None:
        engine = self._engine
        try:
            try:
                self._run_group(group, apart=engine.savepoints)
            except (_HasWritten, engine.error) as error:
                # Where something that was taken for granted does not hold, too: apart, nothing is.
                if isinstance(error, engine.error) and not engine.is_taken(error):
                    raise
                self._undo()
                self._run_group(group, apart=True)
        except engine.error as error:
            self._undo()
            for entry in group:
                entry.again = self._may_try_again(entry, error)
                entry.error = entry.error or engine.translated(error)

    def _run_group(self, group: list[_Entry], *, apart: bool) -> None:
        run = self._apart if apart else self._together
        self._connection.begin(waits=not apart)
        self._transaction.begin(self._clock())
        long_since = time.monotonic() + HELD_S
        for entry in group:
            entry.error = None
            self._transaction.begin_entry()
            run(entry)
            if self._committed and time.monotonic() > long_since:
                self._let_go()
        self._let_go()
        self._transaction.commit()

    def _undo(self) -> None:
        self._engine.roll_back(self._connection)
        self._transaction.rolled_back()

    def _together(self, entry: _Entry) -> None:
        """Run a closure that seldom fails after it has written: two statements less for each."""
        before = self._connection.changes_so_far()
        try:
            entry.result = entry.work(self._transaction)
        except BaseException as error:
            engine, connection = self._engine, self._connection
            lost = connection.is_lost()
            if engine.ends_group(error) or (lost and isinstance(error, engine.error)):
                raise
            if lost or engine.is_taken(error) or connection.changes_so_far() != before:
                raise _HasWritten from error
            self._failed(entry, error)

    def _apart(self, entry: _Entry) -> None:
        """Run a closure so that its failure takes back what it alone has written."""
        engine = self._engine
        self._connection.execute("SAVEPOINT entry")
        try:
            entry.result = entry.work(self._transaction)
            engine.end_entry(self._transaction)
        except BaseException as error:
            if engine.ends_group(error):
                raise
            self._connection.execute("ROLLBACK TO SAVEPOINT entry")
            self._failed(entry, error)
        self._connection.execute("RELEASE SAVEPOINT entry")

    def _failed(self, entry: _Entry, error: BaseException) -> None:
        engine = self._engine
        entry.again = self._may_try_again(entry, error)
        entry.error = engine.translated(error) if isinstance(error, engine.error) else error
        self._transaction.rolled_back_entry()

    def _may_try_again(self, entry: _Entry, error: BaseException) -> bool:
        """Whether somebody else was in the way; a closure is run anew a bounded number of times."""
        if not self._engine.is_collision(error) or entry.tries >= TRIES:
            return False
        entry.tries += 1
        return True
