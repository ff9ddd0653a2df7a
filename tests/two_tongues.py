"""A recogniser for tests that hears two languages: every second part of a recording is Spanish to it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ml.speech import transcribe
from ml.speech.audio import Samples
from ml.speech.engine import Heard
from ml.worker import Places, Progress
from profiles.speech_records import Transcript, TranscriptionRequest, Word

SPEC = replace(transcribe.SPEC, version="two-tongues")
SAID = {"en": "I have had knee pain for three weeks.", "es": "Tomo ibuprofeno dos veces al dia."}


class TwoTongues:
    """An engine without a model."""

    name, version, digests, batch = "two-tongues", "1", (), 1
    languages = ("en", "es")

    def __init__(self) -> None:
        self._asked = 0

    def recognise(
        self, sounds: Sequence[Samples], language: str, hotwords: str
    ) -> tuple[Heard, ...]:
        """One language after the other."""
        del hotwords
        return tuple(self.without_context(sound, language) for sound in sounds)

    def without_context(self, sound: Samples, language: str) -> Heard:
        """The next language, unless one was asked for."""
        del sound
        spoken = language or self.languages[self._asked % 2]
        self._asked += 1
        words = [Word(0.3 * n, 0.3 * n + 0.2, w, 0.9) for n, w in enumerate(SAID[spoken].split())]
        return Heard(SAID[spoken], tuple(words), language="" if language else spoken)


def load(places: Places) -> TwoTongues:
    """The engine; no folder is looked at."""
    del places
    return TwoTongues()


def run(model: TwoTongues, given: TranscriptionRequest, progress: Progress) -> Transcript:
    """As the real recogniser runs."""
    return transcribe.run(model, given, progress)


def example(folder: Path) -> TranscriptionRequest:
    """That of the real recogniser."""
    return transcribe.example(folder)
