"""The seam between a recogniser and what is made of its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ml.speech.audio import Samples
from profiles.speech_records import Word


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser makes of one chunk.

    Parameters
    ----------
    text : str
    words : tuple of Word
        Times in seconds from the beginning of the chunk.
    logprob : float
        Mean logarithm of the probability of its tokens.
    no_speech : float
        Probability that nobody speaks, by the recogniser.
    language : str
        ISO 639-1; empty where it was given.
    """

    text: str
    words: tuple[Word, ...]
    logprob: float = 0.0
    no_speech: float = 0.0
    language: str = ""


class Engine(Protocol):
    """A loaded recogniser."""

    name: str
    version: str
    digests: tuple[tuple[str, str], ...]
    batch: int
    languages: tuple[str, ...]

    def recognise(
        self, sounds: Sequence[Samples], language: str, hotwords: str
    ) -> tuple[Heard, ...]:
        """One answer for each sound; an empty language lets the engine find it for each."""

    def without_context(self, sound: Samples, language: str) -> Heard:
        """The same sound again with no words in mind and no phrase said twice."""
