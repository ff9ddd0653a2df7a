"""Sounds for tests; voices come from ``conformance.made_speech``, files from ``conformance.audio_file``."""

import numpy as np

from ml.speech.audio import RATE, Samples


def silence(seconds: float) -> Samples:
    """Nothing."""
    return np.zeros(int(seconds * RATE), np.float32)


def tone(seconds: float, frequency: float = 440.0) -> Samples:
    """A sine at a third of full scale."""
    phase = 2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(phase)).astype(np.float32)
