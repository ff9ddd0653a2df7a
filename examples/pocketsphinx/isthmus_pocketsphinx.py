"""EXPERIMENTAL recogniser: pocketsphinx 5 with the US English model of its package. Not for clinical use.

It stands where the Whisper worker does (entry point ``transcribe`` in ``isthmus.workers``) and gives
words with times. It knows how sure it is of a whole utterance, not of a word: each word gets its share
of that, which is low, so that nearly everything is marked uncertain. Speakers, guards and segments are
those of every engine.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml.speech import transcribe
from ml.speech.audio import RATE, Samples
from ml.speech.engine import Heard
from ml.speech.vad import load_detector
from ml.worker import Places, Progress
from profiles.speech_records import Transcript, TranscriptionRequest, Word

SPEC: Final = replace(
    transcribe.SPEC, version="pocketsphinx", needs=("av", "onnxruntime", "pocketsphinx")
)
FRAMES_PER_S: Final = 100
"""pocketsphinx counts time in frames of a hundredth of a second."""
FILLERS: Final = "<["
"""What stands for silence and noise begins with one of these."""
_LEAST: Final = 1e-30


class Sphinx:
    """A loaded decoder as ``ml.speech.engine.Engine``; it knows English and takes no hotwords."""

    name = "pocketsphinx (EXPERIMENTAL, not for clinical use)"
    batch = 1
    languages = ("en",)

    def __init__(self) -> None:
        library: Any = import_module("pocketsphinx")
        self._decoder = library.Decoder(samprate=RATE, loglevel="FATAL")
        self._last: tuple[Samples, Heard] | None = None
        self.version = version("pocketsphinx")
        self.digests = _digests(Path(library.get_model_path()) / "en-us")

    def recognise(
        self, sounds: Sequence[Samples], language: str, hotwords: str
    ) -> tuple[Heard, ...]:
        """One answer for each sound."""
        del hotwords
        return tuple(self.without_context(sound, language) for sound in sounds)

    def without_context(self, sound: Samples, language: str) -> Heard:
        """The words of one sound; it never has others in mind, so a second look finds the same."""
        del language
        if self._last is None or self._last[0] is not sound:
            self._last = sound, self._heard(sound)
        return self._last[1]

    def _heard(self, sound: Samples) -> Heard:
        decoder = self._decoder
        decoder.start_utt()
        decoder.process_raw(_pcm(sound), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        spoken = [one for one in decoder.seg() or () if one.word[0] not in FILLERS]
        if found is None or not spoken:
            return Heard("", (), no_speech=1.0)
        sure = max(found.prob, _LEAST) ** (1 / len(spoken))
        words = tuple(
            Word(
                one.start_frame / FRAMES_PER_S,
                (one.end_frame + 1) / FRAMES_PER_S,
                one.word.split("(")[0],  # "the(2)" is another way to say "the"
                round(sure, 3),
            )
            for one in spoken
        )
        return Heard(" ".join(word.text for word in words), words, logprob=math.log(sure))


def load(places: Places) -> Sphinx:
    """The decoder with the model of its package; no folder of the site is looked at."""
    del places
    engine = Sphinx()
    load_detector()
    return engine


def run(model: Sphinx, given: TranscriptionRequest, progress: Progress) -> Transcript:
    """Transcribe one recording as the Whisper worker does."""
    return transcribe.run(model, given, progress)


example = transcribe.example


def _pcm(sound: Samples) -> bytes:
    return bytes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


@cache
def _digests(folder: Path) -> tuple[tuple[str, str], ...]:
    """SHA-256 of every file of the model, for the record of what was heard with."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return tuple(
        (file.relative_to(folder).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest())
        for file in files
    )
