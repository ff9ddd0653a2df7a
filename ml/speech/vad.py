"""Where somebody speaks: Silero VAD (MIT) over a stream, with its state kept from block to block.

The network is the one that faster-whisper ships; onnxruntime runs it. Its inputs are windows of 512 samples
at 16 kHz, each with the 64 samples before it, and the state of a recurrent layer (``h``, ``c``); its output
is one probability of speech for each window. A speech span begins where the probability reaches ``SPEECH``
and ends before a pause; one too long for the recogniser is cut where speech was least probable.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml.speech.audio import RATE, Samples
from profiles.outcome import OperationOutcomeError

WINDOW: Final = 512
CONTEXT: Final = 64
_STATE: Final = (1, 1, 128)

SPEECH: Final = 0.5
SILENCE: Final = 0.35
"""Speech goes on until the probability falls below this (Silero's threshold less 0.15)."""

PAUSE: Final = int(0.5 * RATE)
PAD: Final = int(0.2 * RATE)
SHORTEST: Final = int(0.1 * RATE)
LONGEST: Final = int(29.5 * RATE)
"""Whisper hears 30 seconds at once; this leaves room for the padding."""

_FILE: Final = "silero_vad_v6.onnx"


@dataclass(frozen=True, slots=True)
class Span:
    """Samples of the recording in which somebody speaks, from ``start`` up to ``end``."""

    start: int
    end: int


class SpeechProbability:
    """Probability of speech, window after window."""

    def __init__(self) -> None:
        self._network = _network()
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._before = np.zeros(CONTEXT, np.float32)
        self._rest = np.zeros(0, np.float32)

    def feed(self, samples: Samples) -> Samples:
        """Probabilities of the windows that these samples complete."""
        joined = np.concatenate([self._rest, samples])
        whole = joined.size - joined.size % WINDOW
        self._rest = joined[whole:]
        if not whole:
            return np.zeros(0, np.float32)
        windows = joined[:whole].reshape(-1, WINDOW)
        before = np.vstack([self._before, windows[:-1, -CONTEXT:]])
        self._before = windows[-1, -CONTEXT:].copy()
        given = {"input": np.hstack([before, windows]), "h": self._h, "c": self._c}
        said, self._h, self._c = self._network.run(None, given)
        probabilities: Samples = said.reshape(-1)
        return probabilities


class SpeechSpans:
    """Spans of speech in one channel, each given as soon as it has ended."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._probability = SpeechProbability()
        self._longest = longest
        self._at = 0
        self._seen = 0
        self._free = 0
        self._start: int | None = None
        self._quiet: int | None = None
        self._window_probabilities: list[float] = []

    @property
    def needed(self) -> int:
        """The first sample that a span yet to come may begin with."""
        reached = self._at if self._start is None else self._start
        return max(self._free, reached - PAD)

    def feed(self, samples: Samples) -> Iterator[Span]:
        """Spans that end in or before these samples."""
        self._seen += samples.size
        for probability in self._probability.feed(samples):
            yield from self._window(float(probability))

    def finish(self) -> Iterator[Span]:
        """The span that the end of the recording ends; samples past the last window belong to it."""
        if self._start is not None:
            end = self._quiet if self._quiet is not None else self._seen
            yield from self._ended(end, self._seen)

    def _window(self, probability: float) -> Iterator[Span]:
        at = self._at
        self._at += WINDOW
        if self._start is None:
            if probability >= SPEECH:
                self._start, self._quiet = at, None
                self._window_probabilities = [probability]
            return
        self._window_probabilities.append(probability)
        if probability >= SPEECH:
            self._quiet = None
        elif probability < SILENCE and self._quiet is None:
            self._quiet = at
        if self._quiet is not None and self._at - self._quiet >= PAUSE:
            yield from self._ended(self._quiet, self._at)
        elif self._at - max(self._free, self._start - PAD) + PAD >= self._longest:
            yield self._cut()

    def _ended(self, end: int, heard: int) -> Iterator[Span]:
        start = self._start or 0
        self._start = self._quiet = None
        if end - start >= SHORTEST:
            span = Span(max(self._free, start - PAD), min(end + PAD, heard))
            self._free = span.end
            yield span

    def _cut(self) -> Span:
        """The part before the least probable window of the latter half; speech goes on behind it."""
        half = len(self._window_probabilities) // 2
        latter = np.asarray(self._window_probabilities[half:])
        least = half + int(latter.argmin())
        start = self._start or 0
        at = start + least * WINDOW
        span = Span(max(self._free, start - PAD), at)
        self._free = self._start = at
        self._window_probabilities = self._window_probabilities[least:]
        if self._quiet is not None:
            self._quiet = max(self._quiet, at)
        return span


def load_detector() -> None:
    """Load the network now, so that it is not the first recording that finds it absent.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` with what to install.
    """
    SpeechProbability().feed(np.zeros(WINDOW, np.float32))


@cache
def _network() -> Any:
    """The network, loaded once per process; one thread, since its windows follow one another."""
    package = find_spec("faster_whisper")
    if package is None or package.origin is None or find_spec("onnxruntime") is None:
        raise OperationOutcomeError(
            "not-found",
            "Speech detection needs faster-whisper and onnxruntime: install the extra "
            "`isthmus[speech]`.",
        )
    onnxruntime: Any = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    path = Path(package.origin).parent / "assets" / _FILE
    return onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )
