"""PCM of 16 bits as a wav file (RIFF, WAVE format 1)."""

import struct
from typing import Final

MEDIA_TYPE: Final = "audio/wav"
HEAD: Final = 44
"""Bytes before the samples."""


def wav(audio: bytes, rate: int, channels: int) -> bytes:
    """A whole file."""
    return wav_head(len(audio), rate, channels) + audio


def wav_head(size: int, rate: int, channels: int) -> bytes:
    """What comes before so many bytes of PCM."""
    step = 2 * channels
    shape = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * step, step, 16)
    data = struct.pack("<4sI", b"data", size)
    head = struct.pack("<4sI4s", b"RIFF", 4 + len(shape) + len(data) + size, b"WAVE")
    return b"".join((head, shape, data))
