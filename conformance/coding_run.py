"""A coder over many encounters: its results, how long each took, and what it held in memory."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from conformance.coding_notes import Encounter
from ml.worker import Places, Worker, missing, workers
from profiles.coding_records import CodingRequest, CodingResult, Note
from profiles.outcome import OperationOutcomeError

CODER: Final = "code"
_STATUS: Final = Path("/proc/self/status")
_CLEAR: Final = Path("/proc/self/clear_refs")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Coded:
    """One encounter with what the coder made of it, in seconds of the clock and of the processor."""

    key: str
    request: CodingRequest
    result: CodingResult
    wall_s: float
    cpu_s: float


def coder() -> Worker:
    """The registered worker that codes.

    Raises
    ------
    OperationOutcomeError
        There is none, or what it needs is not installed.
    """
    worker = workers().get(CODER)
    if worker is None:
        raise OperationOutcomeError("not-supported", f"no worker is registered as {CODER!r}")
    if absent := missing(worker.SPEC):
        raise OperationOutcomeError("not-supported", f"the coder needs {', '.join(absent)}")
    return worker


def requests(
    encounters: Sequence[Encounter], date: str, systems: tuple[str, ...], threshold: float | None
) -> list[tuple[str, CodingRequest]]:
    """Each encounter as the coder is asked about it: one note, an outpatient visit on the date."""
    return [
        (
            encounter.key,
            CodingRequest(
                notes=(Note(f"DocumentReference/{number}", encounter.text),),
                service_date=date,
                systems=systems,
                threshold=threshold,
            ),
        )
        for number, encounter in enumerate(encounters, 1)
    ]


def run_coder(
    worker: Worker, model: Any, asked: Sequence[tuple[str, CodingRequest]], progress: Progress
) -> list[Coded]:
    """Code every encounter, one after the other."""
    done = []
    for number, (key, request) in enumerate(asked, 1):
        wall, cpu = time.perf_counter(), time.process_time()
        result = worker.run(model, request, lambda *_: None)
        seconds = time.perf_counter() - wall, time.process_time() - cpu
        done.append(Coded(key, request, result, *seconds))
        progress(number, len(asked), "notes")
    return done


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and the threads that it starts, on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def forget_peak() -> None:
    """Let the peak of resident memory begin again (proc(5), clear_refs), where the system can do that."""
    if _CLEAR.exists():
        _CLEAR.write_text("5")


def peak_memory_mb() -> int:
    """Highest resident memory of this process in MB (2**20 bytes)."""
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def first_suggestion_s(places: Places, text: str, date: str) -> float:
    """Seconds from the start of a fresh process to the first code that it suggests.

    Raises
    ------
    OperationOutcomeError
        The process ended without a suggestion.
    """
    command = [sys.executable, "-m", __name__, str(places.models), str(places.terminology), date]
    began = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        answer, _ = process.communicate(text.encode())
        seconds = time.perf_counter() - began
    if process.returncode or not answer.strip():
        raise OperationOutcomeError("exception", "a fresh coder suggested no code for the note")
    return seconds


def main(arguments: Sequence[str]) -> int:
    """Code the note on standard input and print the first code: what a fresh process is timed by."""
    models, terminology, date = arguments
    worker = coder()
    model = worker.load(Places(Path(models), Path(terminology)))
    ((_, request),) = requests(
        [Encounter("1", sys.stdin.buffer.read().decode("utf-8"))], date, (), None
    )
    suggestions = worker.run(model, request, lambda *_: None).suggestions
    sys.stdout.write(f"{suggestions[0].code}\n" if suggestions else "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
