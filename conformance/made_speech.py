"""Sound that speech detection takes for speech and that says nothing: vowels, and noise between them.

For tests and benchmarks: no recording of a person can be had or kept. Harmonics of a falling pitch are
weighted by the resonances of changing vowels; short noises stand for consonants.
"""

from typing import Final

import numpy as np

from ml.speech.audio import RATE, Samples

FORMANTS: Final = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))
"""Of four vowels of men's voices, in Hz (Peterson and Barney 1952)."""

WIDTHS: Final = (80, 100, 140)
HIGHEST: Final = 4000.0
_EDGE: Final = int(0.03 * RATE)


def voice(seconds: float, seed: int = 1, pitch: float = 120.0) -> Samples:
    """Syllables one after the other.

    Parameters
    ----------
    seconds : float
    seed : int
        Another seed says other syllables.
    pitch : float
        In Hz; about 120 is a man's voice, 200 a woman's.
    """
    random = np.random.default_rng(seed)
    pieces: list[Samples] = []
    wanted = count = int(seconds * RATE)
    while count > 0:
        noise = random.normal(0, 0.03, int(random.uniform(0.03, 0.08) * RATE) + 1)
        vowel = FORMANTS[random.integers(len(FORMANTS))]
        syllable = _vowel(
            int(random.uniform(0.12, 0.25) * RATE), pitch * random.uniform(0.85, 1.25), vowel
        )
        pieces += [np.diff(noise).astype(np.float32), syllable]
        count -= pieces[-1].size + pieces[-2].size
    return np.concatenate(pieces)[:wanted]


def talk(seconds: float, seed: int = 1, pitch: float = 120.0) -> Samples:
    """Phrases of some seconds with pauses between them."""
    random = np.random.default_rng(seed)
    pieces: list[Samples] = []
    wanted = count = int(seconds * RATE)
    while count > 0:
        phrase = voice(random.uniform(2, 6), int(random.integers(1 << 30)), pitch)
        pause = np.zeros(int(random.uniform(0.3, 1.2) * RATE), np.float32)
        pieces += [phrase, pause]
        count -= phrase.size + pause.size
    return np.concatenate(pieces)[:wanted]


def _vowel(count: int, pitch: float, formants: tuple[int, ...]) -> Samples:
    """Harmonics of a pitch that falls by a fifth, each as loud as the vocal tract lets it be."""
    phase = 2 * np.pi * np.cumsum(pitch * np.linspace(1.1, 0.9, count) / RATE)
    harmonics = np.arange(1, int(HIGHEST / (1.1 * pitch)) + 1)
    frequency = harmonics * pitch
    loud = sum(
        width**2 / ((frequency - formant) ** 2 + width**2)
        for formant, width in zip(formants, WIDTHS, strict=True)
    )
    sound = np.sin(phase[:, None] * harmonics[None, :]) @ (np.asarray(loud) + 0.01)
    edges = np.minimum(np.arange(count), np.arange(count)[::-1])
    sound *= 0.4 / np.abs(sound).max() * np.minimum(1, edges / _EDGE)
    made: Samples = sound.astype(np.float32)
    return made
