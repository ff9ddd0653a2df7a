"""The visit of the demonstration as sound: two voices on two channels, where espeak-ng is installed.

It is a program of the machine's own, started as such: nothing of it ships, and without it nothing is played.
"""

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from adapters.speech.resample import Resampler, Samples, as_pcm, as_samples
from gateway.demo.visit_example import DIALOGUE
from profiles.outcome import OperationOutcomeError

PROGRAM: Final = "espeak-ng"
VOICES: Final = {"Doctor": ("en-us+m3", 0), "Patient": ("en-us+f3", 1)}
"""Voice and channel of each person."""
RATE: Final = 16_000
PAUSE: Final = 3 * RATE // 4
WORDS_A_MINUTE: Final = "165"
LONGEST_S: Final = 20.0
ABSENT: Final = f"{PROGRAM} is not installed (on Debian: apt-get install {PROGRAM})"

MUTE: Final = f"{PROGRAM} is there and does not speak"


@dataclass(frozen=True, slots=True)
class Sound:
    """What is played.

    Parameters
    ----------
    pcm : bytes
        Signed 16 bits, little endian, 16 kHz, doctor and patient by turns of a sample.
    times : tuple of (float, float)
        Of each turn of the dialogue, in seconds.
    """

    pcm: bytes
    times: tuple[tuple[float, float], ...]

    @property
    def duration_s(self) -> float:
        """How long it takes to say."""
        return len(self.pcm) / (4 * RATE)


def spoken(dialogue: Iterable[tuple[str, str]] = DIALOGUE) -> Sound:
    """The dialogue, spoken.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` where the program is not there, or does not speak.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise OperationOutcomeError("not-supported", ABSENT)
    said: list[tuple[int, Samples]] = []
    with tempfile.TemporaryDirectory() as folder:
        for who, text in dialogue:
            voice, channel = VOICES[who]
            said.append((channel, _said(program, voice, text, Path(folder) / "turn.wav")))
    return _together(said)


def _said(program: str, voice: str, text: str, file: Path) -> Samples:
    command = [program, "-v", voice, "-s", WORDS_A_MINUTE, "-w", str(file), "--", text]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=LONGEST_S)
        with wave.open(str(file)) as turn:
            form = (turn.getnchannels(), turn.getsampwidth())
            rate, pcm = turn.getframerate(), turn.readframes(turn.getnframes())
    except (OSError, subprocess.SubprocessError, wave.Error, EOFError):
        raise OperationOutcomeError("not-supported", MUTE) from None
    if form != (1, 2):
        raise OperationOutcomeError("not-supported", MUTE)
    resampler = Resampler(rate, RATE)
    return np.concatenate([resampler.feed(as_samples(pcm)), resampler.finish()])


def _together(said: Iterable[tuple[int, Samples]]) -> Sound:
    rows: list[Samples] = [np.zeros((2, PAUSE), np.float32)]
    times = []
    at = PAUSE
    for channel, samples in said:
        row = np.zeros((2, samples.size + PAUSE), np.float32)
        row[channel, : samples.size] = samples
        rows.append(row)
        times.append((at / RATE, (at + samples.size) / RATE))
        at += row.shape[1]
    return Sound(as_pcm(np.concatenate(rows, axis=1).T.reshape(-1)), tuple(times))
