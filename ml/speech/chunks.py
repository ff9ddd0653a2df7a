"""What a recogniser is given: the speech of one channel, packed into chunks of at most 30 seconds.

Whisper computes 30 seconds however few it is given; speech is therefore put together across the silences
between, and every time that comes back is mapped to where it was in the recording. Only a chunk's worth of
samples is held.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.speech.audio import RATE, Samples
from ml.speech.loudness import Loudness
from ml.speech.vad import Span, SpeechSpans

LONGEST: Final = 30 * RATE
FRAME: Final = 160
"""Samples between two mel frames: pieces are whole frames, so that times map exactly."""

_LEVEL: Final = RATE // 10


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Speech of one channel.

    Parameters
    ----------
    channel : int
    samples : array
        The spans one after the other.
    spans : tuple of Span
        Where they were.
    """

    channel: int
    samples: Samples
    spans: tuple[Span, ...]

    @property
    def duration_s(self) -> float:
        """Seconds of speech."""
        return self.samples.size / RATE

    def span_at(self, moment_s: float) -> int:
        """Number of the span that a moment of the chunk lies in."""
        ends = np.cumsum([span.end - span.start for span in self.spans]).tolist()
        return min(bisect_right(ends, moment_s * RATE), len(self.spans) - 1)

    def recorded(self, moment_s: float, number: int) -> float:
        """The recording's time of a moment that belongs to a span; never outside of that span."""
        before = sum(span.end - span.start for span in self.spans[:number])
        span = self.spans[number]
        at = span.start + moment_s * RATE - before
        return round(min(max(at, span.start), span.end) / RATE, 2)


class Levels:
    """Loudness of a channel as it was recorded, for each tenth of a second."""

    def __init__(self) -> None:
        self._squares = array("f")
        self._loud: float | None = None

    def feed(self, samples: Samples) -> None:
        """Add a block; blocks are whole seconds but for the last."""
        self._loud = None
        for at in range(0, samples.size, _LEVEL):
            self._squares.append(float(np.square(samples[at : at + _LEVEL]).mean()))

    @property
    def loud(self) -> float:
        """The level that a tenth of all speech and silence exceeds: that of the nearest person."""
        if self._loud is None:
            self._loud = float(np.sqrt(np.quantile(self._squares, 0.9))) if self._squares else 0.0
        return self._loud

    def between(self, start_s: float, end_s: float) -> float:
        """Root mean square of a stretch."""
        stretch = self._squares[int(start_s * 10) : max(int(end_s * 10), int(start_s * 10) + 1)]
        return float(np.sqrt(np.mean(stretch))) if stretch else 0.0


class Chunker:
    """Chunks of one channel, each given when the next span does not fit any more.

    Parameters
    ----------
    channel : int
    packed : bool
        Whether spans are put together; otherwise each is a chunk, for engines that give no times.
    """

    def __init__(self, channel: int, *, packed: bool = True) -> None:
        self._channel = channel
        self._longest = LONGEST if packed else 0
        self._loudness = Loudness()
        self._spans = SpeechSpans()
        self._kept = np.zeros(0, np.float32)
        self._from = 0
        self._packed: list[Samples] = []
        self._where: list[Span] = []
        self.levels = Levels()
        self.speech_s = 0.0

    def feed(self, samples: Samples) -> Iterator[Chunk]:
        """Chunks that these samples complete."""
        self.levels.feed(samples)
        levelled = self._loudness.levelled(samples)
        self._kept = np.concatenate([self._kept, levelled])
        yield from self._pack(self._spans.feed(levelled))
        unneeded = min(self._spans.needed - self._from, self._kept.size)
        if unneeded > 0:
            self._kept = self._kept[unneeded:].copy()
            self._from += unneeded

    def finish(self) -> Iterator[Chunk]:
        """The chunks that the end of the recording completes."""
        yield from self._pack(self._spans.finish())
        if self._where:
            yield self._chunk()

    def _pack(self, spans: Iterator[Span]) -> Iterator[Chunk]:
        for span in spans:
            whole = (span.end - span.start) // FRAME * FRAME
            samples = self._kept[span.start - self._from :][:whole].copy()
            self.speech_s += samples.size / RATE
            held = sum(piece.size for piece in self._packed)
            if held and held + samples.size > self._longest:
                yield self._chunk()
            self._packed.append(samples)
            self._where.append(Span(span.start, span.start + samples.size))

    def _chunk(self) -> Chunk:
        chunk = Chunk(self._channel, _joined(self._packed), tuple(self._where))
        self._packed, self._where = [], []
        return chunk


def _joined(pieces: Sequence[Samples]) -> Samples:
    joined: Samples = np.concatenate(pieces)
    return joined
