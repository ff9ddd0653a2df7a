"""``isthmus bench speech``: what transcription costs beside the recogniser itself.

``over_bare`` divides the wall time of our whole path (decoding, levelling, speech detection, recognition,
guards, segments) by that of faster-whisper's own batched pipeline with its own speech detection, on the same
model, file, beam and batch. The model has the size of Whisper tiny and recites a text: times are real, words
are not, and nothing is said here about how well a model recognises. ``over_model_mb`` is the highest memory
that three hours needed above the process with its model loaded, ``over_first_minute_mb`` above what their
first minute had needed; a smaller model does it, so that three hours are over in minutes.
"""

import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from conformance.audio_file import FORMATS, AudioFile
from conformance.made_speech import talk
from conformance.tiny_whisper import Recital, write_whisper
from ml.speech import transcribe
from ml.speech.audio import RATE, Recording, Samples
from ml.speech.vad import SpeechProbability
from ml.speech.whisper import BEAM, processors
from ml.worker import Places
from profiles.speech_records import Audio, Transcript, TranscriptionRequest

LONG_S: Final = 3 * 3600
SHORT_S: Final = 300
MINUTE_S: Final = 60
TEXT: Final = (
    " Good morning, what brings you in today? I have had a cough for about two weeks now, it is worse at"
    " night and I bring up some yellow phlegm. Do you have any fever or chills? No fever, but I feel tired."
    " I take metformin twice a day and lisinopril in the morning. Are you allergic to anything?"
)


def run(rounds: int) -> dict[str, Any]:
    """Measure memory, then speed.

    Parameters
    ----------
    rounds : int
        Runs of each path, one after the other; the fastest counts.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_whisper(folder / "small" / "recital", Recital(TEXT))
        write_whisper(folder / "tiny" / "recital", Recital(TEXT, width=384, layers=4))
        memory = _memory(folder, transcribe.load(Places(folder / "small", folder)))
        speed = _speed(folder, transcribe.load(Places(folder / "tiny", folder)), rounds)
        return {"memory": memory, **speed}


def _memory(folder: Path, engine: Any) -> dict[str, Any]:
    """Three hours after one minute, with the highest memory of each."""
    minute, long = folder / "minute.flac", folder / "long.flac"
    with AudioFile(minute) as file:
        file.write(talk(MINUTE_S))
    with AudioFile(long) as file:
        for number in range(LONG_S // SHORT_S):
            file.write(np.roll(_five_minutes(), number * RATE))
    loaded = _resident_mb()
    _transcribed(engine, minute)
    first = _peak_mb()
    seconds, transcript = _timed(lambda: _transcribed(engine, long))
    highest = _peak_mb()
    return {
        "hours": LONG_S / 3600,
        "segments": len(transcript.segments),
        "over_model_mb": round(highest - loaded, 1),
        "over_first_minute_mb": round(highest - first, 1),
        "real_time_factor": round(seconds / LONG_S, 4),
    }


def _speed(folder: Path, engine: Any, rounds: int) -> dict[str, Any]:
    samples = _five_minutes()
    path = folder / "short.flac"
    with AudioFile(path) as file:
        file.write(samples)
    ours, bare = [], []
    for _ in range(rounds):
        bare.append(_timed(lambda: _bare(folder / "tiny" / "recital", path, engine.batch))[0])
        ours.append(_timed(lambda: _transcribed(engine, path))[0])
    detection, _ = _timed(lambda: _detected(samples))
    return {
        "audio_s": SHORT_S,
        "ours_s": round(min(ours), 3),
        "bare_s": round(min(bare), 3),
        "over_bare": round(min(ours) / min(bare), 3),
        "detection_real_time_factor": round(detection / SHORT_S, 5),
        "decoding_times_real_time": {name: _decoding(folder, samples, name) for name in FORMATS},
    }


_models: dict[Path, Any] = {}


def _bare(model: Path, path: Path, batch: int) -> int:
    """faster-whisper as its documentation shows it; how many segments it found."""
    if model not in _models:
        library: Any = import_module("faster_whisper")
        loaded = library.WhisperModel(
            str(model), compute_type="int8", device="cpu", cpu_threads=processors()
        )
        _models[model] = library.BatchedInferencePipeline(loaded)
    segments, _ = _models[model].transcribe(
        str(path),
        language="en",
        beam_size=BEAM,
        batch_size=batch,
        temperature=0.0,
        word_timestamps=True,
    )
    return sum(1 for _ in segments)


def _transcribed(engine: Any, path: Path) -> Transcript:
    request = TranscriptionRequest(Audio("Media/1", str(path)), "en")
    return transcribe.run(engine, request, lambda *_: None)


def _detected(samples: Samples) -> None:
    detector = SpeechProbability()
    for at in range(0, samples.size, RATE):
        detector.feed(samples[at : at + RATE])


def _decoding(folder: Path, samples: Samples, name: str) -> float:
    """Seconds of sound that are decoded and resampled from 48 kHz in a second."""
    path = folder / f"decode.{name}"
    with AudioFile(path, 1, 48_000) as file:
        file.write(samples)
    seconds, _ = _timed(lambda: sum(block.size for block in Recording(path).blocks()))
    return round(SHORT_S / seconds, 1)


def _five_minutes() -> Samples:
    return np.tile(talk(MINUTE_S), SHORT_S // MINUTE_S)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _resident_mb() -> float:
    """Memory that the process has now; its highest so far is forgotten (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status_mb("VmRSS")


def _peak_mb() -> float:
    return _status_mb("VmHWM")


def _status_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))
