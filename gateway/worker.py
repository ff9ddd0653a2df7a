"""The process of one lane (``isthmus worker``): loads its workers once and does their jobs.

This is the only module of the room that starts an engine, and it does so in a process of its own:
the gateway process starts it by command line and never imports what it loads.
"""

import argparse
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from adapters.store import Store, open_store
from gateway.analysis import Analysis
from gateway.lane import Handler, Lane
from gateway.logs import configure_logging
from gateway.settings import TERMINOLOGY
from ml.worker import Places, Spec, missing, workers
from profiles.records import StudyRef

log = logging.getLogger("isthmus.worker")

DATABASE = "ISTHMUS_DATABASE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one lane until it is told to stop; the exit status of the process."""
    parser = argparse.ArgumentParser(prog="isthmus worker", description="Run the jobs of one lane.")
    parser.add_argument("--data", type=Path, required=True, help="data folder of the gateway")
    parser.add_argument("--lane", default="imaging", help="lane whose jobs to run")
    parser.add_argument("--models", type=Path, default=Path("models"), help="model bundles")
    parser.add_argument(
        "--stay", action="store_true", help="do not end when standard input is closed"
    )
    parser.add_argument("--log-level", default="INFO", help="DEBUG, INFO, WARNING or ERROR")
    chosen = parser.parse_args(arguments)
    configure_logging(chosen.log_level)
    if not chosen.stay:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    # An address may hold a password: it comes in the environment, where no list of processes shows it.
    return run_lane(chosen.data, chosen.lane, chosen.models, os.environ.get(DATABASE, ""))


def run_lane(data: Path, lane: str, models: Path, database: str = "") -> int:
    """Load the lane's workers and do its jobs.

    Returns
    -------
    int
        0 when stopped, 3 when no worker of this lane can run here.
    """
    store = open_store(data, database=database, tends=False)
    handlers: dict[str, Handler] = {}
    specs: list[Spec] = []
    for worker in workers().values():
        if worker.SPEC.lane != lane or worker.SPEC.given is not StudyRef:
            continue
        if absent := missing(worker.SPEC):
            log.error("worker.off", extra={"worker": worker.SPEC.name, "needs": ", ".join(absent)})
            continue
        handlers[worker.SPEC.name] = Analysis(
            store, worker, worker.load(Places(models, data / TERMINOLOGY))
        )
        specs.append(worker.SPEC)
    if not handlers:
        return 3
    log.info("lane.ready", extra={"lane": lane, "workers": ", ".join(sorted(handlers))})
    run_until_stopped(store, lane, handlers, max(spec.timeout_s for spec in specs))
    return 0


def run_until_stopped(
    store: Store, lane: str, handlers: dict[str, Handler], timeout_s: float
) -> None:
    """Do jobs; a job past its time limit takes the process with it, which is how it is killed."""
    Lane(store, lane, handlers, timeout_s=timeout_s, on_timeout=lambda: os._exit(70)).run()


def _end_with_parent() -> None:
    """End the process when the pipe from the gateway closes; its lease is then free to be taken."""
    # Unbuffered: a buffered reader that a daemon thread holds cannot be closed at a normal exit.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
