"""The worker that transcribes: a recording in, a transcript with times, probabilities and doubts out.

The recogniser is the site's own Whisper directory; none ships, because none that could would be good enough
for clinical use.
"""

import logging
import wave
from pathlib import Path
from typing import Final

import numpy as np

from ml.speech.audio import LONGEST_S, RATE
from ml.speech.engine import Engine
from ml.speech.recognition import Recognition
from ml.speech.vad import load_detector
from ml.speech.whisper import WhisperEngine
from ml.speech.whisper_folder import load_folder
from ml.worker import Places, Progress, Spec
from profiles.speech_records import Audio, Transcript, TranscriptionRequest

log = logging.getLogger("isthmus.speech")

SPEC: Final = Spec(
    "transcribe",
    "1",
    "Media",
    TranscriptionRequest,
    Transcript,
    "speech",
    timeout_s=LONGEST_S,
    needs=("av", "ctranslate2", "faster_whisper", "onnxruntime", "tokenizers"),
)


def load(places: Places) -> WhisperEngine:
    """The first Whisper directory below the models folder, and the network that finds speech.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` with what to put where; ``value`` for a directory or a device that cannot be used.
    """
    folder = load_folder(places.models)
    engine = WhisperEngine(folder, places.speech_device, places.speech_compute_type)
    load_detector()
    said = {"computing": str(engine.computing), "why": engine.passed_over}
    log.log(logging.WARNING if engine.passed_over else logging.INFO, "speech.loaded", extra=said)
    return engine


def run(model: Engine, given: TranscriptionRequest, progress: Progress) -> Transcript:
    """Transcribe one recording.

    Raises
    ------
    OperationOutcomeError
        ``not-found``, ``media-type``, ``structure`` or ``too-costly`` for a recording that cannot be read.
    """
    return Recognition(model, given, progress).run()


def example(folder: Path) -> TranscriptionRequest:
    """Two seconds of silence, in which nothing must be heard."""
    path = folder / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.zeros(2 * RATE, np.int16).tobytes())
    return TranscriptionRequest(Audio("Media/example", str(path), "audio/wav"), "en")
