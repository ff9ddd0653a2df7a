"""Keeps the lanes alive: one spawned process per lane, respawned with back-off when it dies.

The gateway process never loads a model. A lane process lives as long as the pipe on its standard input:
when the gateway dies, however it dies, the pipe closes and the lane ends itself.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from adapters.store import Store
from gateway.lane import owner_is_dead

log = logging.getLogger("isthmus.runner")

LONGEST_WAIT_S = 30.0


class LaneProcess:
    """One supervised lane process.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    database : str
        Address of the database; it goes by the environment, because it may hold a password.
    """

    def __init__(self, command: Sequence[str], database: str = "") -> None:
        self._command = command
        self._environment = {**os.environ, "ISTHMUS_DATABASE": database}
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._wait_s = 0.0
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
            if self._process.stdin is not None:
                self._process.stdin.close()
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
            self._command, stdin=subprocess.PIPE, env=self._environment
        )
        self._started, self._wait_s = now, 0.0
        self.starts += 1

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


class Runner:
    """Supervises lane processes and frees the leases of the dead.

    Parameters
    ----------
    store : Store
        The queue.
    commands : sequence of sequence of str
        One command per lane process.
    database : str
        Address of the database that they open.
    """

    def __init__(self, store: Store, commands: Sequence[Sequence[str]], database: str = "") -> None:
        self._store = store
        self.lanes = tuple(LaneProcess(command, database) for command in commands)
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


def lane_command(data: str, lane: str, models: str, log_level: str = "INFO") -> tuple[str, ...]:
    """Command line of a lane process."""
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
    )
