"""Keeps the lanes alive: one spawned process per lane, respawned with back-off when it dies.

The gateway process never loads a model. A lane process lives as long as the pipe on its standard input:
when the gateway dies, however it dies, the pipe closes and the lane ends itself.
"""

import itertools
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from adapters.store import Store
from gateway.lane import owner_is_dead
from gateway.lane_calls import call
from profiles.outcome import OperationOutcomeError

log = logging.getLogger("isthmus.runner")

LONGEST_WAIT_S = 30.0
RESTART_S = 0.2
"""Wait before a lane whose process has just died is asked again."""
_STARTING = "the process of the lane is starting; ask again"
ANSWERS = "--answers"
"""Option of a lane process that answers calls over its pipes."""


class LaneProcess:
    """One supervised lane process.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    database : str
        Address of the database; it goes by the environment, because it may hold a password.
    lane : str
        Lane that it runs.
    """

    def __init__(self, command: Sequence[str], database: str = "", lane: str = "") -> None:
        self.lane = lane
        self._command = command
        self._one = threading.Lock()
        self._environment = {**os.environ, "ISTHMUS_DATABASE": database}
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._wait_s = 0.0
        self._has_answered = False
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    def tend(self) -> None:
        """Start the process when it does not run and its time to wait is over."""
        if self.pid is not None:
            return
        now = time.monotonic()
        if self._process is not None and self._wait_s == 0.0:
            lived = now - self._started
            with self._one:
                # A caller that still waits has read the end: only then may another file get the number.
                self._close_pipes()
            log.warning(
                "lane.died", extra={"code": self._process.returncode, "lived_s": round(lived)}
            )
            self._wait_s = (
                0.1 if lived > LONGEST_WAIT_S else min(2.0**self.starts / 4, LONGEST_WAIT_S)
            )
            self._started = now
            return
        if now - self._started < self._wait_s:
            return
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if ANSWERS in self._command else None,
            env=self._environment,
        )
        self._started, self._wait_s, self._has_answered = now, 0.0, False
        self.starts += 1

    def call(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Ask the process for an answer that is not stored; one caller at a time.

        Raises
        ------
        OperationOutcomeError
            ``transient`` when it does not run or has not yet answered anything by the deadline (a model that
            loads, a code system that is compiled), ``timeout`` when it has not answered this.
        """
        if not self._one.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise OperationOutcomeError("timeout", "the lane is busy with other calls")
        try:
            answer = self._asked(request, deadline)
        except ValueError:
            # Its pipes were closed meanwhile: the supervisor has found it dead.
            raise OperationOutcomeError("transient", "the process of the lane has ended") from None
        except OperationOutcomeError as error:
            if error.kind_name == "timeout" and not self._has_answered:
                raise OperationOutcomeError("transient", _STARTING) from None
            raise
        else:
            self._has_answered = True
            return answer
        finally:
            self._one.release()

    def _asked(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise OperationOutcomeError("transient", _STARTING)
        return call(process.stdin.fileno(), process.stdout.fileno(), request, deadline)

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout) if self._process else ():
            if pipe is not None:
                pipe.close()

    def end(self) -> None:
        """Close the pipe, give the job at hand a moment, then kill."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._one:
            self._close_pipes()


class Runner:
    """Supervises lane processes and frees the leases of the dead.

    Parameters
    ----------
    store : Store
        The queue.
    commands : sequence of (str, sequence of str)
        Lane and command of each lane process.
    database : str
        Address of the database that they open.
    """

    def __init__(
        self, store: Store, commands: Sequence[tuple[str, Sequence[str]]], database: str = ""
    ) -> None:
        self._store = store
        self.lanes = tuple(LaneProcess(command, database, lane) for lane, command in commands)
        self._turn = itertools.count()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tend, name="runner", daemon=True)

    def start(self) -> None:
        """Start the lanes and their supervision."""
        self._thread.start()

    def stop(self) -> None:
        """End the lanes."""
        self._stop.set()
        self._thread.join()
        for lane in self.lanes:
            lane.end()

    def call(self, lane: str, request: dict[str, Any], wait_s: float) -> dict[str, Any]:
        """What a process of a lane answers; one that dies meanwhile is asked again while there is time.

        Raises
        ------
        OperationOutcomeError
            ``not-supported`` when no process of the lane runs here, and what ``LaneProcess.call`` raises.
        """
        processes = [process for process in self.lanes if process.lane == lane]
        if not processes:
            return no_lane(lane, request, wait_s)
        deadline = time.monotonic() + wait_s
        numbered = {**request, "id": uuid4().hex}
        while True:
            process = processes[next(self._turn) % len(processes)]
            try:
                return process.call(numbered, deadline)
            except OperationOutcomeError as error:
                if error.kind_name != "transient" or self._stop.wait(RESTART_S):
                    raise
                if time.monotonic() > deadline:
                    raise

    def _tend(self) -> None:
        while True:
            for lane in self.lanes:
                lane.tend()
            self._free_leases()
            if self._stop.wait(0.5):
                return

    def _free_leases(self) -> None:
        try:
            freed = self._store.free_leases(owner_is_dead)
        except Exception as error:
            log.warning("lease.kept", exc_info=error)
            return
        if freed:
            log.warning("lease.freed", extra={"count": freed})


def no_lane(lane: str, request: dict[str, Any], wait_s: float) -> dict[str, Any]:
    """Refuse a call of a lane that does not run here (``not-supported``)."""
    del request, wait_s
    raise OperationOutcomeError(
        "not-supported", f"no worker of the lane {lane} runs here: see `isthmus doctor`"
    )


def lane_command(data: str, lane: str, models: str, log_level: str = "INFO") -> tuple[str, ...]:
    """Command line of a lane process that answers calls."""
    return (
        sys.executable,
        "-m",
        "gateway.worker",
        "--data",
        data,
        "--lane",
        lane,
        "--models",
        models,
        "--log-level",
        log_level,
        ANSWERS,
    )
