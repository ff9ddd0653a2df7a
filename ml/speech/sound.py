"""What kind of sound a channel holds: clipped, silent, music or noise instead of speech.

Measured on the samples as they come, before levelling, one second at a time; nothing is kept but sums.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.speech.audio import RATE, Samples

FULL: Final = 0.985
"""Resampling rounds the flat tops of clipped peaks; what reaches this twice in a row is taken for one."""

CLIPPED_SHARE: Final = 0.002
"""Speech at full scale reaches its peak in far fewer samples than one in five hundred."""

SILENT: Final = 10 ** (-60 / 20)
AUDIBLE: Final = 10 ** (-45 / 20)
TONAL: Final = 0.01
"""Spectral flatness (Gray and Markel 1974: geometric over arithmetic mean of the power) of tones and chords
stays below this, that of noise is near 0.56; the middle of the seconds of a recording decides."""

_FRAME: Final = 1024
_TINY: Final = 1e-12


@dataclass(slots=True)
class Sound:
    """Sums over a channel so far.

    Parameters
    ----------
    samples, clipped : int
    loudest : float
        Highest root mean square of a second.
    audible_s : int
        Seconds that are loud enough to hold something.
    tonal_s : int
        Those of them that are tonal.
    """

    samples: int = 0
    clipped: int = 0
    loudest: float = 0.0
    audible_s: int = 0
    tonal_s: int = 0

    def feed(self, samples: Samples) -> None:
        """Add a second."""
        full = np.abs(samples) >= FULL
        self.samples += samples.size
        self.clipped += int(np.count_nonzero(full[1:] & full[:-1]))
        rms = float(np.sqrt(np.square(samples).mean(dtype=np.float64))) if samples.size else 0.0
        self.loudest = max(self.loudest, rms)
        if rms >= AUDIBLE and samples.size >= _FRAME:
            self.audible_s += 1
            self.tonal_s += int(_flatness(samples) < TONAL)

    @property
    def is_clipped(self) -> bool:
        """Whether peaks are cut off so often that words may be lost in it."""
        return self.clipped > CLIPPED_SHARE * self.samples

    @property
    def is_silent(self) -> bool:
        """Whether nothing is above the noise of a microphone."""
        return self.loudest < SILENT

    @property
    def is_tonal(self) -> bool:
        """Whether what can be heard is mostly tones: music, a dial tone, a test signal."""
        return self.audible_s > 0 and 2 * self.tonal_s > self.audible_s

    @property
    def duration_s(self) -> float:
        """How long the channel is so far."""
        return self.samples / RATE


def _flatness(samples: Samples) -> float:
    """Spectral flatness of a second, over the middle of its frames, above the direct current."""
    frames = samples[: samples.size - samples.size % _FRAME].reshape(-1, _FRAME)
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)))[:, 4:] + _TINY
    flatness = np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)
    return float(np.median(flatness))
