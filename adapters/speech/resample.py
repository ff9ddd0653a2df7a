"""PCM at another rate, block by block, for streams that no decoder stands in front of.

A windowed sinc in its polyphase form (Crochiere and Rabiner 1983, 4.3): what the new rate cannot hold is
taken out before, and no sample at the border of two blocks is lost or doubled.
"""

from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINGS: Final = 16
"""Zero crossings of the sinc on each side."""

Samples = NDArray[np.float32]


class Resampler:
    """A stream at another rate.

    Parameters
    ----------
    rate, wanted : int
        Samples a second.
    """

    def __init__(self, rate: int, wanted: int) -> None:
        shared = gcd(rate, wanted)
        self._up, self._down = wanted // shared, rate // shared
        widest = max(self._up, self._down)
        self._half = WINGS * widest // self._up + 1
        self._filters = _filters(self._up, widest, self._half)
        self._held = np.zeros(self._half - 1, np.float32)
        self._next = 0
        """Place of the next sample behind the first of the held, in steps of a rate that both divide."""

    def feed(self, samples: Samples) -> Samples:
        """The samples that can be told by now."""
        held = np.concatenate([self._held, samples.astype(np.float32, copy=False)])
        # A sample at position p needs the inputs from p - half up to p + half.
        last = (held.size - 2 * self._half + 1) * self._up
        places = np.arange(self._next, max(last, self._next), self._down)
        if not places.size:
            self._held = held
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(held, 2 * self._half)
        inputs, phases = np.divmod(places, self._up)
        made: Samples = (windows[inputs] * self._filters[phases]).sum(axis=1, dtype=np.float32)
        gone = int((places[-1] + self._down) // self._up)
        self._held = held[gone:]
        self._next = int(places[-1] + self._down) - gone * self._up
        return made

    def finish(self) -> Samples:
        """The rest: what lies behind the last sample is silence."""
        return self.feed(np.zeros(self._half, np.float32))


def _filters(up: int, widest: int, half: int) -> Samples:
    """For each phase, the weights of the inputs around a sample."""
    phases = np.arange(up)[:, None] / up
    offsets = np.arange(-half + 1, half + 1)[None, :]
    away = (offsets - phases) * (up / widest)
    window = np.where(np.abs(away) < WINGS, 0.5 + 0.5 * np.cos(np.pi * away / WINGS), 0.0)
    weights = np.sinc(away) * window
    made: Samples = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return made


def as_samples(pcm: bytes) -> Samples:
    """Signed 16 bits, little endian, as numbers from -1 to 1."""
    samples: Samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
    return samples


def as_pcm(samples: Samples) -> bytes:
    """The opposite; what is too loud is cut."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes()
