"""Whisper by faster-whisper: chunks in batches, words with their times and probabilities.

8-bit integers on a CPU and 16-bit floats on a GPU (``ml.speech.computing``). Search is by beam at temperature
zero, so that the same sound always gives the same words. One window never sees the words of
another: the way by which one invented sentence becomes the next one's context (SYSTRAN/faster-whisper
issue 506) does not exist.
"""

import os
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml.speech.audio import RATE, Samples
from ml.speech.chunks import FRAME
from ml.speech.computing import AUTO, CUDA, Computing, choices, why_unusable
from ml.speech.engine import Heard
from ml.speech.whisper_folder import checked_whisper, digests_of
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Word

BEAM: Final = 5
BATCH: Final = 16
THREADS_PER_CHUNK: Final = 4
MOST_ON_CPU: Final = 4
"""Few threads are no faster with several chunks at once (two: 1.8 times slower with four of them, a model of
the size of Whisper tiny), and each chunk takes its own memory."""

TRIED_FRAMES: Final = 3000
"""Mel frames of 30 s, which every Whisper takes at once."""

ENGLISH: Final = "en"
NO_REPEAT: Final = 4
"""In the second try, no sequence of so many tokens comes twice."""


class _Listened:
    """CTranslate2's model, with the languages noted that it finds on the way."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.found: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def detect_language(self, encoded: Any) -> Any:
        """As the model does; tokens look like ``<|en|>``."""
        said = self._model.detect_language(encoded)
        self.found += [found[0][0][2:-2] for found in said]
        return said


class WhisperEngine:
    """A loaded Whisper directory.

    Parameters
    ----------
    folder : Path
        CTranslate2 Whisper with its tokenizer.
    device, compute_type : str
        As ``choices`` takes them.

    Attributes
    ----------
    computing : Computing
        What was taken.
    passed_over : str
        Why something better was not; empty where it was taken.

    Raises
    ------
    OperationOutcomeError
        ``value`` for a directory that cannot be loaded or whose parts do not belong together, and for a
        device that was asked for and cannot be used.
    """

    name = "faster-whisper"

    def __init__(self, folder: Path, device: str = AUTO, compute_type: str = AUTO) -> None:
        checked_whisper(folder)
        model, self.computing, self.passed_over = _loaded(folder, choices(device, compute_type))
        bands = model.feature_extractor.mel_filters.shape[0]
        if bands != model.model.n_mels:
            text = (
                f"The speech model takes {model.model.n_mels} mel bands and its "
                f"preprocessor_config.json gives {bands}: copy the file that belongs to it."
            )
            raise OperationOutcomeError("value", text)
        self.version = f"{version('faster-whisper')} {folder.name} ({self.computing})"
        self.digests = digests_of(folder)
        on_cpu = max(1, min(MOST_ON_CPU, processors() // THREADS_PER_CHUNK))
        self.batch = BATCH if self.computing.device == CUDA else on_cpu
        self.languages = _languages(model)
        self._listened = model.model = _Listened(model.model)
        library: Any = import_module("faster_whisper")
        self._pipeline = library.BatchedInferencePipeline(model)

    def recognise(
        self, sounds: Sequence[Samples], language: str, hotwords: str
    ) -> tuple[Heard, ...]:
        """One answer for each sound."""
        return self._transcribed(sounds, language, hotwords=hotwords or None)

    def without_context(self, sound: Samples, language: str) -> Heard:
        """The same sound again with no words in mind and no phrase said twice."""
        rules = {"repetition_penalty": 1.1, "no_repeat_ngram_size": NO_REPEAT}
        return self._transcribed([sound], language, **rules)[0]

    def _transcribed(
        self, sounds: Sequence[Samples], language: str, **options: Any
    ) -> tuple[Heard, ...]:
        starts = np.cumsum([0, *(sound.size for sound in sounds)]).tolist()
        # Half a sample more: seconds are turned back into samples by cutting off.
        clips = [
            {"start": (start + 0.5) / RATE, "end": (end + 0.5) / RATE}
            for start, end in pairwise(starts)
        ]
        self._listened.found = []
        found, _ = self._pipeline.transcribe(
            np.concatenate(list(sounds)),
            language=language or self.languages[0],
            multilingual=not language and len(self.languages) > 1,
            clip_timestamps=clips,
            word_timestamps=True,
            beam_size=BEAM,
            batch_size=len(clips),
            temperature=0.0,
            **options,
        )
        parts: list[list[Any]] = [[] for _ in sounds]
        frames = [start // FRAME for start in starts[1:]]
        for segment in found:
            parts[int(np.searchsorted(frames, segment.seek + 1, side="right"))].append(segment)
        spoken = self._listened.found if len(self._listened.found) == len(clips) else []
        return tuple(
            _heard(part, starts[number] / RATE, spoken[number] if spoken else language)
            for number, part in enumerate(parts)
        )


def _loaded(folder: Path, rows: Sequence[Computing]) -> tuple[Any, Computing, str]:
    """The model on the first device that works, which one that is, and why not the one before."""
    best, *others = rows
    try:
        return _on(best, folder), best, ""
    except Exception as error:  # the tokenizer raises nothing narrower
        text = "The speech model cannot be loaded."
        if best.device == CUDA:
            text = f"The GPU is not used: {why_unusable(error)}."
        if not others:
            raise OperationOutcomeError("value", text) from error
    return *_loaded(folder, others)[:2], text


def _on(row: Computing, folder: Path) -> Any:
    """The model on one device; a GPU is tried, since what it lacks shows only when it computes."""
    library: Any = import_module("faster_whisper")
    model = library.WhisperModel(
        str(folder),
        device=row.device,
        compute_type=row.compute_type,
        cpu_threads=processors(),
        local_files_only=True,
    )
    if row.device == CUDA:
        model.encode(np.zeros((model.model.n_mels, TRIED_FRAMES), np.float32))
    return model


def processors() -> int:
    """Processors that this process may use, where the system says which."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _languages(model: Any) -> tuple[str, ...]:
    """The languages that have a token, English in front: the first stands in where none is given."""
    spoken = sorted(model.supported_languages, key=lambda code: (code != ENGLISH, code))
    if len(spoken) == 1:
        return (ENGLISH,)
    return tuple(one for one in spoken if model.hf_tokenizer.token_to_id(f"<|{one}|>") is not None)


def _heard(segments: Sequence[Any], offset_s: float, language: str) -> Heard:
    """The segments of one chunk as one answer."""
    words = tuple(
        Word(
            max(0.0, round(float(word.start) - offset_s, 2)),
            max(0.0, round(float(word.end) - offset_s, 2)),
            word.word.strip(),
            round(float(word.probability), 3),
        )
        for segment in segments
        for word in segment.words or ()
        if word.word.strip()
    )
    return Heard(
        "".join(segment.text for segment in segments).strip(),
        words,
        min((float(segment.avg_logprob) for segment in segments), default=0.0),
        max((float(segment.no_speech_prob) for segment in segments), default=0.0),
        language,
    )
