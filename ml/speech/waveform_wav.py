"""An audio waveform object as a wav file, which every player plays (RIFF; WAVE formats 1, 6 and 7).

A wav file has bytes without a sign and larger samples with one, little endian; the laws of G.711 are kept.
"""

import struct
from typing import Final

import numpy as np

from ml.speech.waveform import RawAudio

_PCM, _A_LAW, _MU_LAW = 1, 6, 7
_CODED: Final = {"alaw": _A_LAW, "mulaw": _MU_LAW}


def wav_of(raw: RawAudio) -> bytes:
    """The samples of an object behind the head of a wav file.

    Parameters
    ----------
    raw : RawAudio
    """
    form = _CODED.get(raw.demuxer, _PCM)
    size = 1 if form != _PCM else _size(raw)
    samples = raw.samples if form != _PCM else _linear(raw, size)
    step = size * raw.channels
    rates = (raw.rate, raw.rate * step, step, 8 * size)
    shape = struct.pack("<4sIHHIIHH", b"fmt ", 16, form, raw.channels, *rates)
    data = struct.pack("<4sI", b"data", len(samples)) + samples + bytes(len(samples) % 2)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(shape) + len(data), b"WAVE") + shape + data


def _size(raw: RawAudio) -> int:
    """Bytes of a linear sample, by FFmpeg's name of it: u8, s16le."""
    return int("".join(filter(str.isdigit, raw.demuxer))) // 8


def _linear(raw: RawAudio, size: int) -> bytes:
    """Linear samples as a wav file has them."""
    order = ">" if raw.demuxer.endswith("be") else "<"
    whole = len(raw.samples) - len(raw.samples) % size
    given = np.frombuffer(raw.samples[:whole], f"{order}u{size}")
    signed_in, signed_out = raw.demuxer.startswith("s"), size > 1
    middle = given.dtype.type(1 << (8 * size - 1))
    turned = given if signed_in == signed_out else given ^ middle
    return turned.astype(f"<u{size}").tobytes()
