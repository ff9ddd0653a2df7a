"""``isthmus bench speech``: what transcription and structuring cost, each beside what it is compared with.

Where the models folder has a Whisper directory, that is measured; else one of the size of Whisper tiny whose
weights are random: its times are real, its words are not, and ``model`` says so. Nothing is said here about
how well a model recognises (``isthmus evaluate asr``). ``--part`` measures one thing alone.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from conformance import speech_live, speech_memory, speech_speed
from conformance.speech_runs import SHORT_TEXT, TEXT, site_model, small_model
from conformance.speech_structuring import structuring


def run(rounds: int, parts: Sequence[str] = ()) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    rounds : int
        Runs of our path and of the bare recogniser, in turns.
    parts : sequence of str
        Names of ``PARTS``; all where there is none.
    """
    result = {}
    for name, (measured, _) in PARTS.items():
        if not parts or name in parts:
            with tempfile.TemporaryDirectory() as scratch:
                result[name] = measured(Path(scratch), rounds)
    return result


def _memory(scratch: Path, rounds: int) -> dict[str, Any]:
    del rounds
    return speech_memory.memory(scratch, small_model(scratch))


def _speed(scratch: Path, rounds: int) -> dict[str, Any]:
    return speech_speed.speed(scratch, site_model(scratch, TEXT), rounds)


def _parts(scratch: Path, rounds: int) -> dict[str, Any]:
    del rounds
    return speech_speed.parts(scratch)


def _live(scratch: Path, rounds: int) -> dict[str, Any]:
    del rounds
    return speech_live.live(scratch, site_model(scratch, SHORT_TEXT))


def _structuring(scratch: Path, rounds: int) -> dict[str, Any]:
    del scratch, rounds
    return structuring()


PARTS: Final[dict[str, tuple[Callable[[Path, int], dict[str, Any]], str]]] = {
    "memory": (_memory, "three hours in bounded memory"),
    "speed": (_speed, "our whole path over bare faster-whisper"),
    "parts": (_parts, "decoding and speech detection alone"),
    "live": (_live, "how late the words of a live visit are"),
    "structuring": (_structuring, "from a transcript to a note"),
}
"""Memory comes first: what others leave behind would hide what is taken."""
