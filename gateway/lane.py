"""A lane: claims jobs one after the other, keeps its model loaded, and ends every job it claims.

``python -m gateway.worker`` is the process that runs AI workers; the same ``Lane`` runs as a thread of the
gateway for jobs without a model (fetching a study). Nothing is handed over but the store: a lane that
dies leaves a lease behind, and the job is claimed again. The result and the end of the Task are one
transaction, guarded by the lease, so a job that was claimed twice is written once.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from adapters.store import Job, Store, Transaction
from profiles.outcome import OperationOutcomeError
from profiles.task import code_of, moved

log = logging.getLogger("isthmus.lane")

IMAGING_LANE: Final = "imaging"

POLL_S = 0.01
"""A job becomes due by the clock, which wakes nobody: the queue is asked this often (40 microseconds)."""

STORE_AWAY_S = 1.0
"""Wait after the store could not be asked or written: a full disk, a database that restarts."""

Handler = Callable[[Job], None]
"""Does a job and ends its Task in the transaction that writes the result."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how soon a failed job is tried again.

    Parameters
    ----------
    attempts : int
        Failures after which the job is given up (dead letter).
    deaths : int
        Claims after which it is given up although it never failed: each ended with its process.
    first_s, factor : float
        Wait before the second try, and its growth from try to try.
    """

    attempts: int = 4
    deaths: int = 12
    first_s: float = 2.0
    factor: float = 3.0

    def wait(self, attempt: int) -> timedelta:
        """Time to wait after the given attempt, counted from 1."""
        return timedelta(seconds=self.first_s * self.factor ** (attempt - 1))


class Lane:
    """The loop of one lane.

    Parameters
    ----------
    store : Store
        The queue and everything else.
    name : str
        The lane whose jobs are claimed.
    handlers : mapping of str to Handler
        By Task code.
    timeout_s : float
        A job that runs longer loses its lease and, in a process of its own, its process.
    rest_s : float
        Time between looks at an empty queue; zero looks at every commit, which a busy gateway cannot afford.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        handlers: Mapping[str, Handler],
        *,
        timeout_s: float,
        lease_s: float = 15.0,
        retry: Retry | None = None,
        on_timeout: Callable[[], None] = lambda: None,
        rest_s: float = 0.0,
    ) -> None:
        self._store = store
        self._name = name
        self._handlers = handlers
        self._timeout_s = timeout_s
        self._lease_s = lease_s
        self._retry = retry or Retry()
        self._on_timeout = on_timeout
        self._rest_s = rest_s
        self._stop = threading.Event()

    def stop(self) -> None:
        """Let the job at hand end, then leave the loop."""
        self._stop.set()

    def run(self) -> None:
        """Claim and do jobs until stopped."""
        owner = process_owner(os.getpid())
        while not self._stop.is_set():
            try:
                job = self._next(owner)
            except Exception as error:  # noqa: BLE001 - a lane that ended here would never come back
                log.warning("lane.store-away", extra={"lane": self._name, "why": _reason(error)})
                self._stop.wait(STORE_AWAY_S)
                continue
            if job is not None:
                self._do(job)

    def _next(self, owner: str) -> Job | None:
        """The job that has been due longest; after a rest, None."""
        job = self._store.claim((self._name,), owner, self._lease_s)
        if job is None and self._rest_s:
            self._stop.wait(self._rest_s)
        elif job is None:
            self._store.wait_for_change(POLL_S)
        return job

    def _do(self, job: Job) -> None:
        if job.attempts > self._retry.deaths:
            self._failed(job, OperationOutcomeError("exception", "every attempt ended its process"))
            return
        started = time.monotonic()
        log.info("task.claimed", extra={"task": job.task_id, "attempt": job.attempts})
        done = threading.Event()
        watch = threading.Thread(target=self._keep_lease, args=(job, done), daemon=True)
        watch.start()
        try:
            self._handlers[code_of(job.task)](job)
        except Exception as error:  # noqa: BLE001 - the edge of the lane: whatever a worker raises ends its Task
            self._failed(job, error)
        else:
            milliseconds = round(1000 * (time.monotonic() - started))
            log.info("task.done", extra={"task": job.task_id, "ms": milliseconds})
        finally:
            done.set()
            watch.join()

    def _keep_lease(self, job: Job, done: threading.Event) -> None:
        """Beat until the job is done; past the time limit put it back and give up the process."""
        deadline = time.monotonic() + self._timeout_s
        while not done.wait(self._lease_s / 4):
            if time.monotonic() > deadline:
                self._failed(
                    job, OperationOutcomeError("timeout", f"no result within {self._timeout_s:g} s")
                )
                self._on_timeout()
                return
            try:
                if not self._store.heartbeat(job, self._lease_s):
                    return
            except Exception as error:  # noqa: BLE001 - the next beat may reach the store before the lease ends
                log.warning("lane.store-away", extra={"lane": self._name, "why": _reason(error)})

    def _failed(self, job: Job, error: Exception) -> None:
        reason = _reason(error)
        log.warning(
            "task.failed", extra={"task": job.task_id, "attempt": job.attempts, "why": reason}
        )

        def put_back(tx: Transaction) -> None:
            if job.attempts >= self._retry.attempts or _is_final(error):
                ended = moved(job.task, "failed", "dead-letter", tx.moment, reason=reason)
                tx.finish(job, ended)
                return
            due = tx.moment + self._retry.wait(job.attempts)
            tx.retry(job, moved(job.task, "requested", "retrying", tx.moment, reason=reason), due)

        try:
            self._store.transact(put_back)
        except Exception as lost:  # noqa: BLE001 - whatever it was, the lease ends and the job is claimed again
            # The lease went to somebody else, who now answers for the job; or nothing can be written.
            log.warning("task.lease-lost", extra={"task": job.task_id, "why": _reason(lost)})


def _reason(error: Exception) -> str:
    """Why a job failed, for people, without anything that the data could have put into a message."""
    if isinstance(error, OperationOutcomeError):
        return error.diagnostics
    reference = uuid4().hex[:12]
    log.error("task.exception", extra={"reference": reference}, exc_info=error)
    return f"{type(error).__name__} in the worker (reference {reference})"


def _is_final(error: Exception) -> bool:
    """Whether trying again cannot help: the request itself is wrong."""
    return isinstance(error, OperationOutcomeError) and error.kind.http < 500


def process_owner(pid: int) -> str:
    """Owner string of a process, ``host:pid:start``; a reused process id is told apart by its start."""
    return f"{os.uname().nodename}:{pid}:{_started(pid)}"


def owner_is_dead(owner: str) -> bool:
    """Whether the owner ran on this host and is gone."""
    host, pid, started = owner.rsplit(":", 2)
    return host == os.uname().nodename and _started(int(pid)) != started


def _started(pid: int) -> str:
    """Start of a process in clock ticks since boot (proc(5), field 22); ``gone`` when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone" if not _alive(pid) else "unknown"
    fields = stat.rpartition(")")[2].split()
    # A zombie does no work any more, though its entry is still there.
    return "gone" if fields[0] in "ZX" else fields[19]


def _alive(pid: int) -> bool:
    """Whether a process exists, where there is no /proc."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
