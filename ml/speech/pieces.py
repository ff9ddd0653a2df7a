"""A recording in pieces that a server takes one by one: wav files, cut where it is quietest.

Every sample is in exactly one piece, and no more than one piece is held.
"""

import io
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.speech.audio import RATE, Recording, Samples
from profiles.outcome import OperationOutcomeError

HEAD: Final = 44
"""Bytes of a wav file before its samples."""
QUIET: Final = RATE // 2
"""A pause between two sentences: the cut lies in the middle of the quietest such stretch."""
STEP: Final = RATE // 10
LEAST: Final = 30 * RATE

Pcm = NDArray[np.int16]


def pieces(path: Path, most_bytes: int) -> Iterator[tuple[float, bytes]]:
    """Where each piece begins, in seconds, and the piece as a wav file of 16 kHz.

    Parameters
    ----------
    path : Path
    most_bytes : int
        Size of a piece.

    Raises
    ------
    OperationOutcomeError
        ``too-costly`` when a piece would be shorter than half a minute; what reading the recording raises.
    """
    most = (most_bytes - HEAD) // 2
    if most < LEAST:
        raise OperationOutcomeError(
            "too-costly", "The speech server takes less than half a minute of sound at once."
        )
    held, begins = np.zeros(0, np.int16), 0
    for block in Recording(path).blocks():
        held = np.concatenate([held, _pcm(block)])
        while held.size > most:
            cut = _quietest(held[:most])
            yield begins / RATE, _wav(held[:cut])
            held, begins = held[cut:].copy(), begins + cut
    if held.size:
        yield begins / RATE, _wav(held)


def _quietest(samples: Pcm) -> int:
    """Where to cut: in the last quarter, in the middle of the quietest half second."""
    first = samples.size * 3 // 4
    last = samples[first:].astype(np.float64)
    energy = np.concatenate([[0.0], np.cumsum(np.square(last))])
    starts = np.arange(0, last.size - QUIET + 1, STEP)
    quiet = energy[starts + QUIET] - energy[starts]
    return int(first + starts[quiet.argmin()] + QUIET // 2)


def _pcm(block: Samples) -> Pcm:
    pcm: Pcm = (np.clip(block[0], -1.0, 1.0) * 32_767).astype(np.int16)
    return pcm


def _wav(samples: Pcm) -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return held.getvalue()
