"""The process of one lane (``isthmus worker``): loads its workers once and does their jobs.

This is the only module of the room that starts an engine, and it does so in a process of its own:
the gateway process starts it by command line and never imports what it loads.
"""

import argparse
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from adapters.store import Store, open_store
from gateway.coding import Coding
from gateway.coding_call import CodingCall
from gateway.coding_job import CodingJob
from gateway.lane import IMAGING_LANE, Handler, Lane
from gateway.lane_calls import Answer, serve_calls
from gateway.live.lane_answer import HearCall
from gateway.logs import configure_logging
from gateway.settings import TERMINOLOGY, load_settings
from gateway.site_engines import site_recogniser
from gateway.transcription import NO_ENGINE, Recogniser, Transcription
from gateway.transcription import Loaded as Ready
from gateway.transcription_arrival import SPEECH_LANE
from gateway.transcription_job import TranscriptionJob
from ml.worker import Places, Spec, Worker, missing, workers
from profiles.coding_records import CodingRequest
from profiles.outcome import OperationOutcomeError
from profiles.records import StudyRef
from profiles.speech_records import ScribeRequest, TranscriptionRequest
from profiles.task import TRANSCRIBE
from terminology.icd10cm.base import base_files, compile_base

log = logging.getLogger("isthmus.worker")

LONGEST_VISIT_S: Final = 4 * 3600.0
"""Time for what a speech server hears; each of its requests has a limit of its own."""
DATABASE = "ISTHMUS_DATABASE"
PATIENT: Final = frozenset({IMAGING_LANE, SPEECH_LANE})
"""Lanes that load for seconds and work for seconds: whoever waits at a screen goes first."""
NICE: Final = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one lane until it is told to stop; the exit status of the process."""
    parser = argparse.ArgumentParser(prog="isthmus worker", description="Run the jobs of one lane.")
    parser.add_argument("--data", type=Path, required=True, help="data folder of the gateway")
    parser.add_argument("--lane", default="imaging", help="lane whose jobs to run")
    parser.add_argument("--models", type=Path, default=Path("models"), help="model bundles")
    parser.add_argument(
        "--stay", action="store_true", help="do not end when standard input is closed"
    )
    parser.add_argument(
        "--answers", action="store_true", help="answer calls on standard input by standard output"
    )
    parser.add_argument("--log-level", default="INFO", help="DEBUG, INFO, WARNING or ERROR")
    chosen = parser.parse_args(arguments)
    configure_logging(chosen.log_level)
    calls = Calls() if chosen.answers else None
    if not chosen.stay and calls is None:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    if chosen.lane in PATIENT:
        os.nice(NICE)
    # An address may hold a password: it comes in the environment, where no list of processes shows it.
    return run_lane(chosen.data, chosen.lane, chosen.models, os.environ.get(DATABASE, ""), calls)


class Calls:
    """The pipes over which the gateway asks this process; whatever prints writes to standard error."""

    def __init__(self) -> None:
        self._answers = os.dup(sys.stdout.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def serve(self, answer: Answer) -> None:
        """Answer calls in the background, and end with the gateway."""
        threading.Thread(target=self._serve, args=(answer,), daemon=True).start()

    def _serve(self, answer: Answer) -> None:
        try:
            serve_calls(sys.stdin.fileno(), self._answers, answer)
        finally:
            # Whatever ended the answering: a process that does not answer any more is replaced.
            os._exit(0)


def run_lane(
    data: Path, lane: str, models: Path, database: str = "", calls: Calls | None = None
) -> int:
    """Load the lane's workers and do its jobs.

    Returns
    -------
    int
        0 when stopped, 3 when no worker of this lane can run here.
    """
    store = open_store(data, database=database, tends=False)
    settings = load_settings()
    places = Places(
        models, data / TERMINOLOGY, settings.speech_device, settings.speech_compute_type
    )
    loaded: list[Loaded] = []
    for worker in workers().values():
        if worker.SPEC.lane != lane or worker.SPEC.given not in LOADERS:
            continue
        if absent := missing(worker.SPEC):
            log.error("worker.off", extra={"worker": worker.SPEC.name, "needs": ", ".join(absent)})
            continue
        loaded.append(LOADERS[worker.SPEC.given](store, worker, places))
    if not loaded:
        return 3
    handlers = {one.code or one.spec.name: one.handler for one in loaded}
    timeout_s = max(one.timeout_s or one.spec.timeout_s for one in loaded)
    if calls is not None:
        answers = {one.spec.name: one.answer for one in loaded if one.answer is not None}
        calls.serve(lambda request: _in_time(timeout_s, answers[request["name"]], request))
    log.info("lane.ready", extra={"lane": lane, "workers": ", ".join(sorted(handlers))})
    run_until_stopped(store, lane, handlers, timeout_s)
    return 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A worker with its model: what does its jobs, and what answers calls that are not stored."""

    spec: Spec
    handler: Handler
    answer: Answer | None = None
    code: str = ""
    """Code of its Tasks, where that is not the worker's name."""
    timeout_s: float = 0.0
    """Time limit of its jobs, where that is not the worker's."""


def _load_analysis(store: Store, worker: Worker, places: Places) -> Loaded:
    from gateway.analysis import Analysis  # brings pydicom, which the other lanes do without

    return Loaded(worker.SPEC, Analysis(store, worker, worker.load(places)))


def _load_coding(store: Store, worker: Worker, places: Places) -> Loaded:
    if base_files() is not None:
        # Where the gateway is making the release at this moment, this waits for it.
        compile_base(places.terminology)
    coding = Coding(store, worker, worker.load(places), places.terminology, load_settings())
    return Loaded(worker.SPEC, CodingJob(store, coding), CodingCall(coding))


def _load_recogniser(store: Store, worker: Worker, places: Places) -> Loaded:
    """Recogniser and scribe in one process: the words of a visit do not lie about between two jobs."""
    try:
        model = worker.load(places)
        recogniser = Recogniser(lambda request, progress: worker.run(model, request, progress))
    except OperationOutcomeError as error:
        log.warning("worker.off", extra={"worker": worker.SPEC.name, "needs": error.diagnostics})
        recogniser = Recogniser(why_not=f"{NO_ENGINE} ({error.diagnostics})")
    return _load_transcription(store, worker, places, recogniser)


def _load_scribe(store: Store, worker: Worker, places: Places) -> Loaded:
    """The scribe: for transcripts that people have made, and for what the site's servers hear."""
    recogniser = site_recogniser(load_settings()) or Recogniser()
    loaded = _load_transcription(store, worker, places, recogniser)
    return loaded if recogniser.hear is None else replace(loaded, timeout_s=LONGEST_VISIT_S)


def _load_transcription(
    store: Store, worker: Worker, places: Places, recogniser: Recogniser
) -> Loaded:
    scribe = next(one for one in workers().values() if one.SPEC.given is ScribeRequest)
    ready = Ready(scribe, scribe.load(places))
    folder = places.terminology.parent
    transcription = Transcription(store, folder, load_settings(), recogniser, ready)
    transcription.sweep()
    answer = HearCall(recogniser)
    return Loaded(worker.SPEC, TranscriptionJob(store, transcription), answer, TRANSCRIBE.code)


LOADERS: Final[Mapping[type, Callable[[Store, Worker, Places], Loaded]]] = {
    StudyRef: _load_analysis,
    CodingRequest: _load_coding,
    TranscriptionRequest: _load_recogniser,
    ScribeRequest: _load_scribe,
}
"""By the record that a worker is given."""


def _in_time(timeout_s: float, answer: Answer, request: dict[str, Any]) -> dict[str, Any]:
    """Answer a call; one past its time limit takes the process with it, as a job does."""
    watch = threading.Timer(timeout_s, lambda: os._exit(70))
    watch.daemon = True
    watch.start()
    try:
        return answer(request)
    finally:
        watch.cancel()


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
