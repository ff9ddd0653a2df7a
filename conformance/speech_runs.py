"""What the measurements of ``isthmus bench speech`` share: models, recordings, runs, times, memory."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from conformance.audio_file import AudioFile
from conformance.made_speech import talk
from conformance.tiny_whisper import VOCABULARY, Recital, write_whisper
from gateway.settings import load_settings
from ml.speech import transcribe
from ml.speech.audio import RATE, Samples
from ml.speech.whisper import BEAM, processors
from ml.speech.whisper_folder import find_whisper
from ml.worker import Places
from profiles.speech_records import Audio, Transcript, TranscriptionRequest

MINUTE_S: Final = 60
TEXT: Final = (
    " Good morning, what brings you in today? I have had a cough for about two weeks now, it is worse at"
    " night and I bring up some yellow phlegm. Do you have any fever or chills? No fever, but I feel tired."
    " I take metformin twice a day and lisinopril in the morning. Are you allergic to anything?"
)
SHORT_TEXT: Final = " I have had a cough for two weeks."
"""Few enough letters for one second: a recital that is too fast to be speech is asked for twice."""

MADE: Final = "random weights in the shape of Whisper tiny: times are real, words are not"
SMALL: Final = "random weights, 64 wide: for memory alone"


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded recogniser, where it lies, and what it is."""

    engine: Any
    folder: Path
    text: str


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the wall and of the processors."""

    wall_s: float
    processor_s: float


def site_model(scratch: Path, text: str) -> Model:
    """The site's Whisper directory, else one of the size of Whisper tiny that recites a text.

    Parameters
    ----------
    scratch : Path
        Where one is made.
    text : str
        What it recites.
    """
    settings = load_settings()
    models = Path(settings.models)
    found = find_whisper(models)
    computes = settings.speech_device, settings.speech_compute_type
    if found is not None:
        engine = transcribe.load(Places(models, scratch, *computes))
        return Model(engine, found, f"{found.name} ({engine.computing})")
    recital = Recital(text, width=384, layers=4, vocabulary=VOCABULARY)
    folder = write_whisper(scratch / "tiny" / "recital", recital)
    engine = transcribe.load(Places(folder.parent, scratch, *computes))
    return Model(engine, folder, f"{MADE} ({engine.computing})")


def small_model(scratch: Path) -> Model:
    """One that three hours take minutes of."""
    folder = write_whisper(scratch / "small" / "recital", Recital(TEXT))
    return Model(transcribe.load(Places(folder.parent, scratch)), folder, SMALL)


def recorded(path: Path, seconds: int, rate: int = RATE) -> Path:
    """Talk of some length, every minute of it begun elsewhere."""
    with AudioFile(path, 1, rate) as file:
        for number, at in enumerate(range(0, seconds, MINUTE_S)):
            file.write(np.roll(_talk(MINUTE_S), number * RATE)[: (seconds - at) * RATE])
    return path


def transcribed(model: Model, path: Path) -> Transcript:
    """A recording on the way that the worker takes."""
    request = TranscriptionRequest(Audio("Media/1", str(path)), "en")
    return transcribe.run(model.engine, request, lambda *_: None)


class Bare:
    """faster-whisper's own pipeline, as its documentation shows it, on the same directory.

    Parameters
    ----------
    model : Model
        Compared with: same device, types, threads and batch.
    """

    def __init__(self, model: Model) -> None:
        library: Any = import_module("faster_whisper")
        computing = model.engine.computing
        loaded = library.WhisperModel(
            str(model.folder),
            device=computing.device,
            compute_type=computing.compute_type,
            cpu_threads=processors(),
        )
        self._pipeline = library.BatchedInferencePipeline(loaded)
        self._batch = model.engine.batch

    def transcribed(self, path: Path) -> int:
        """How many segments it finds."""
        segments, _ = self._pipeline.transcribe(
            str(path),
            language="en",
            beam_size=BEAM,
            batch_size=self._batch,
            temperature=0.0,
            word_timestamps=True,
        )
        return sum(1 for _ in segments)


def timed(work: Callable[[], Any]) -> Spent:
    """How long something takes."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def resident_mb() -> float:
    """Memory that the process has now; its highest so far is forgotten (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status_mb("VmRSS")


def peak_mb() -> float:
    """The highest since then."""
    return _status_mb("VmHWM")


def _status_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


@cache
def _talk(seconds: int) -> Samples:
    return talk(seconds)
