"""A recording cut into WAV pieces that a speech server takes, each where it is quietest.

A cut within a word costs both halves of it; in the last part of a piece there is nearly always a pause.
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
"""Bytes of the head of a WAV file (RIFF, format 1)."""

FRAME: Final = RATE // 20
"""Samples of the 50 ms whose loudness is compared: shorter than the pause between two sentences."""

SEARCHED_S: Final = 60
"""Part of a piece, at its end, in which the cut is looked for."""


def wav_pieces(path: Path, max_bytes: int) -> Iterator[tuple[float, bytes]]:
    """Second at which each piece begins, and the piece: one channel, 16 bits, 16 kHz.

    Raises
    ------
    OperationOutcomeError
        ``too-costly`` when not even a second fits, and what opening the recording raises.
    """
    most = (max_bytes - HEAD) // 2
    if most < RATE:
        raise OperationOutcomeError("too-costly", "the speech server takes less than one second")
    waiting: list[Samples] = []
    held = begun = 0
    for block in Recording(path).blocks():
        waiting.append(block[0])
        held += block.shape[1]
        if held <= most:
            continue
        joined = np.concatenate(waiting)
        cut = _quietest(joined[:most])
        yield begun / RATE, wav(joined[:cut])
        waiting, held, begun = [joined[cut:].copy()], held - cut, begun + cut
    if held:
        yield begun / RATE, wav(np.concatenate(waiting))


def _quietest(samples: NDArray[np.float32]) -> int:
    """Where to cut: the middle of the quietest frame of the second half, or of the last minute."""
    whole = len(samples) - len(samples) % FRAME
    first = max(whole // 2, whole - SEARCHED_S * RATE)
    first -= first % FRAME
    frames = samples[first:whole].reshape(-1, FRAME)
    loudness = np.mean(np.square(frames), axis=1)
    return first + int(np.argmin(loudness)) * FRAME + FRAME // 2


def wav(samples: NDArray[np.float32]) -> bytes:
    """A WAV file of one channel, 16 bits, 16 kHz."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return content.getvalue()
