"""A coder in a fresh process of its own: what it makes of many notes, how fast, and in how much memory.

The process is what a lane of the gateway is: one core, nothing loaded but the coder. Records cross as JSON.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from ml.worker import Places, Worker, missing, workers
from profiles.coding_records import CodingRequest, CodingResult
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json, to_json

CODER: Final = "code"
_STATUS: Final = Path("/proc/self/status")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Coded:
    """One encounter with what the coder made of it, in seconds of the clock and of the processor."""

    key: str
    request: CodingRequest
    result: CodingResult
    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """Results in the order of the requests, with what the process needed.

    Parameters
    ----------
    first_suggestion_s : float or None
        From the start of the process to the first result that suggests a code.
    peak_memory_mb : int
        Highest resident memory, in units of 2**20 bytes.
    """

    done: tuple[Coded, ...]
    first_suggestion_s: float | None
    peak_memory_mb: int


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


def run_coder(
    module: str, places: Places, asked: Sequence[tuple[str, CodingRequest]], progress: Progress
) -> Run:
    """Start a coder and let it code every encounter.

    Parameters
    ----------
    module : str
        Importable name of the worker.

    Raises
    ------
    OperationOutcomeError
        The process ended before it had coded everything; what it said is on standard error.
    """
    command = [sys.executable, "-m", __name__, module, str(places.models), str(places.terminology)]
    lines = "".join(json.dumps(to_json(request)) + "\n" for _, request in asked)
    began = time.perf_counter()
    first: float | None = None
    done: list[Coded] = []
    memory = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        given, answers = cast(Any, process.stdin), cast(Any, process.stdout)
        given.write(lines.encode())
        given.close()
        for (key, request), line in zip(asked, answers, strict=False):
            answer = json.loads(line)
            result = from_json(CodingResult, answer["result"])
            if first is None and result.suggestions:
                first = round(time.perf_counter() - began, 3)
            done.append(Coded(key, request, result, answer["wall_s"], answer["cpu_s"]))
            memory = answer["peak_memory_mb"]
            progress(len(done), len(asked), "notes")
        ended = process.wait()
    if ended or len(done) != len(asked):
        raise OperationOutcomeError("exception", "the coder ended before every note was coded")
    return Run(tuple(done), first, memory)


def main(arguments: Sequence[str]) -> int:
    """Code the requests on standard input, one line each, as soon as all of them are read."""
    _stay_on_one_core()
    module, models, terminology = arguments
    worker = cast("Worker", importlib.import_module(module))
    requests = list(sys.stdin)
    model = worker.load(Places(Path(models), Path(terminology)))
    for answer in _answers(worker, model, requests):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


def _answers(worker: Worker, model: Any, requests: Iterable[str]) -> Iterable[dict[str, Any]]:
    for line in requests:
        request = from_json(CodingRequest, json.loads(line))
        wall, cpu = time.perf_counter(), time.process_time()
        result = worker.run(model, request, lambda *_: None)
        yield {
            "wall_s": time.perf_counter() - wall,
            "cpu_s": time.process_time() - cpu,
            "peak_memory_mb": peak_memory_mb(),
            "result": to_json(result),
        }


def _stay_on_one_core() -> None:
    """Keep the process, with the threads that it will start, on one core, where that can be asked for."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def peak_memory_mb() -> int:
    """Highest resident memory of this process (proc(5), VmHWM)."""
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
