"""Recordings for tests: a voice-like signal that Silero hears as speech, and files in every format."""

from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from scipy.signal import lfilter

from ml.speech.audio import RATE, Samples

FORMATS = {
    "wav": ("pcm_s16le", "wav"),
    "flac": ("flac", "flac"),
    "mp3": ("libmp3lame", "mp3"),
    "ogg": ("libopus", "ogg"),
    "m4a": ("aac", "ipod"),
    "webm": ("libopus", "webm"),
}
"""File name extension: encoder and FFmpeg's name of the container."""

_FORMANTS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))
"""Of four vowels of men's voices, in Hz (Peterson and Barney 1952)."""


def voice(seconds: float, seed: int = 1, pitch: float = 120.0) -> Samples:
    """Glottal pulses through the formants of changing vowels, with noise between them."""
    rng = np.random.default_rng(seed)
    pieces: list[Any] = []
    while sum(piece.size for piece in pieces) < seconds * RATE:
        count = int(rng.uniform(0.12, 0.25) * RATE)
        frequency = pitch * rng.uniform(0.85, 1.25) * np.linspace(1.1, 0.9, count)
        sound = np.diff(np.floor(np.cumsum(frequency / RATE)), prepend=0)
        sound = lfilter([1], [1, -0.95], sound) + rng.normal(0, 0.01, count)
        for formant, width in zip(_FORMANTS[rng.integers(4)], (80, 100, 140), strict=True):
            radius = np.exp(-np.pi * width / RATE)
            angle = 2 * np.pi * formant / RATE
            sound = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], sound)
        edges = np.minimum(np.arange(count), np.arange(count)[::-1])
        sound = 0.4 * sound / np.abs(sound).max() * np.minimum(1, edges / (0.03 * RATE))
        pieces += [np.diff(rng.normal(0, 0.03, int(rng.uniform(0.03, 0.08) * RATE))), sound]
    return np.concatenate(pieces)[: int(seconds * RATE)].astype(np.float32)


def silence(seconds: float) -> Samples:
    """Nothing."""
    return np.zeros(int(seconds * RATE), np.float32)


def tone(seconds: float, frequency: float = 440.0) -> Samples:
    """A sine at a third of full scale."""
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)).astype(
        np.float32
    )


def write_audio(path: Path, *channels: Samples, rate: int = 48_000) -> Path:
    """Encode one or two channels in the format that the name's extension says."""
    codec, container = FORMATS[path.suffix[1:]]
    layout = "stereo" if len(channels) == 2 else "mono"
    frame = av.AudioFrame.from_ndarray(np.stack(channels), format="fltp", layout=layout)
    frame.sample_rate = RATE
    with av.open(str(path), "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=rate, layout=layout)
        resampler = AudioResampler(format=stream.format.name, layout=layout, rate=rate)
        queue = av.AudioFifo()
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            piece.pts = None
            queue.write(piece)
        size, at = stream.codec_context.frame_size or 4096, 0
        while (piece := queue.read(size) or queue.read()) is not None:
            piece.pts, at = at, at + piece.samples
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return path
