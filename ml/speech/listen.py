"""One pass over a recording: chunks of speech out, with what was noticed on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from ml.speech.audio import RATE, Recording
from ml.speech.chunks import Chunk, Chunker
from ml.speech.sound import Sound
from profiles.speech_records import Audio, SpeechRemark

ENDED_EARLY: Final = "truncated"
DAMAGED: Final = "damaged"
CONTENT_TYPE: Final = "content-type"
CHANNELS: Final = "channels"
CLIPPED: Final = "clipped"
SILENCE: Final = "silence"
NOT_SPEECH: Final = "not-speech"


class Listening:
    """A recording that is read once.

    Parameters
    ----------
    audio : Audio
    heard : callable
        Told the seconds that were read, once for each of them.
    packed : bool
        Whether a chunk may hold several spans of speech.
    """

    def __init__(
        self,
        audio: Audio,
        heard: Callable[[float, float | None], None],
        *,
        packed: bool = True,
    ) -> None:
        self.recording = Recording(
            Path(audio.path), audio.content_type, channels=max(1, len(audio.roles))
        )
        self.roles = audio.roles if self.recording.channels == len(audio.roles) else ()
        self._unfit_roles = bool(audio.roles) and not self.roles
        self._heard = heard
        self._differs = False
        count = self.recording.channels
        self.chunkers = [Chunker(channel, packed=packed) for channel in range(count)]
        self._sounds = [Sound() for _ in range(count)]

    def chunks(self) -> Iterator[Chunk]:
        """Chunks of all channels, about in the order in which they end."""
        read_s = 0.0
        for block in self.recording.blocks():
            if len(block) > 1:
                self._differs = self._differs or not np.allclose(block, block[0], atol=1e-4)
            for samples, sound, chunker in zip(block, self._sounds, self.chunkers, strict=True):
                sound.feed(samples)
                yield from chunker.feed(samples)
            read_s += block.shape[1] / RATE
            self._heard(read_s, self.recording.announced_s)
        for chunker in self.chunkers:
            yield from chunker.finish()

    @property
    def own_roles(self) -> tuple[str, ...]:
        """The role of each channel, where channels hold different sounds."""
        return self.roles if self._differs or len(self.roles) == 1 else ()

    @property
    def one_sound(self) -> bool:
        """Whether several channels hold the same sound."""
        return len(self.chunkers) > 1 and not self._differs

    def remarks(self) -> Iterator[SpeechRemark]:
        """What a person must know of the recording."""
        yield from self._of_file()
        yield from self._of_channels()
        for number, sound in enumerate(self._sounds):
            where = f"Channel {number + 1}" if len(self._sounds) > 1 else "The recording"
            if sound.is_clipped:
                text = f"{where} is clipped: it was recorded too loud, and words may be lost in it."
                yield SpeechRemark(CLIPPED, text)
            if self.chunkers[number].speech_s:
                continue
            if sound.is_silent:
                yield SpeechRemark(SILENCE, f"{where} is silent.")
            else:
                what = "music or tones" if sound.is_tonal else "noise"
                yield SpeechRemark(NOT_SPEECH, f"{where} holds no speech, but {what}.")

    def _of_file(self) -> Iterator[SpeechRemark]:
        damage = self.recording.damage
        if damage.ended_early:
            text = f"The recording breaks off after {damage.decoded_s:.0f} seconds: it was cut off."
            yield SpeechRemark(ENDED_EARLY, text)
        if damage.packets:
            text = f"{damage.packets} damaged pieces of the recording could not be decoded."
            yield SpeechRemark(DAMAGED, text)
        if self.recording.declared_otherwise:
            text = f"The content type is not that of the bytes, which are {self.recording.container.name}."
            yield SpeechRemark(CONTENT_TYPE, text)

    def _of_channels(self) -> Iterator[SpeechRemark]:
        if self._unfit_roles:
            count = self.recording.damage.channels
            text = (
                f"Roles are given for another number of channels than the {count} of the recording."
            )
            yield SpeechRemark(CHANNELS, text)
        elif self.one_sound:
            text = "All channels hold the same sound: they do not say who speaks."
            yield SpeechRemark(CHANNELS, text)
