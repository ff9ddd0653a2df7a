"""Gentle levelling of one channel, block by block: quiet recordings become audible, loud ones softer.

A recogniser hears best at about the level of its training material. The gain follows the level slowly,
within bounds, without ever clipping; a noise floor alone is not raised. Nothing needs to be known of what
comes later, so a stream is levelled as it arrives.
"""

from typing import Final

import numpy as np

from ml.speech.audio import Samples

TARGET: Final = 10 ** (-23 / 20)
"""Root mean square that speech is brought to: -23 dB of full scale (the level of EBU R 128, unweighted)."""

HIGHEST: Final = 10 ** (30 / 20)
LOWEST: Final = 10 ** (-12 / 20)
PEAK: Final = 0.95
FLOOR: Final = 10 ** (-65 / 20)
"""What stays below is taken for the noise of the microphone."""

_RISES: Final = 0.5
_FALLS: Final = 0.02
"""Share of the way to a new level that is gone in one block: at once up, slowly down over pauses."""


class Loudness:
    """The level of one channel so far, and the gain that follows from it."""

    def __init__(self) -> None:
        self._level = 0.0
        self._gain = 1.0
        self._offset = 0.0
        self._started = False

    def levelled(self, samples: Samples) -> Samples:
        """The block without its direct current and with the gain of the moment, reached without a jump."""
        if not samples.size:
            return samples
        mean = float(samples.mean(dtype=np.float64))
        offset = mean if not self._started else self._offset + 0.1 * (mean - self._offset)
        centred = samples - np.float32(offset)
        self._offset = offset
        rms = float(np.sqrt(np.square(centred).mean(dtype=np.float64)))
        self._follow(rms)
        peak = float(np.abs(centred).max())
        gain = min(self._wanted(), PEAK / peak) if peak else self._gain
        before = gain if not self._started else min(self._gain, PEAK / peak if peak else self._gain)
        self._gain, self._started = gain, True
        ramp = np.linspace(before, gain, samples.size, dtype=np.float32)
        result: Samples = centred * ramp
        return result

    def _follow(self, rms: float) -> None:
        if rms < FLOOR:
            return
        if not self._level:
            self._level = rms
        share = _RISES if rms > self._level else _FALLS
        self._level += share * (rms - self._level)

    def _wanted(self) -> float:
        if not self._level:
            return 1.0
        return min(HIGHEST, max(LOWEST, TARGET / self._level))
