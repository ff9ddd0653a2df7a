"""How long our whole path takes beside the recogniser itself, and its parts without the recogniser.

Whole path: decoding, levelling, speech detection, recognition, guards, segments. Bare: faster-whisper's
batched pipeline with its own decoding and speech detection, on the same model, file, beam and batch. The two
take turns, and each goes first as often as the other: what else the machine does falls on both. ``over_bare``
is the middle of the rounds' ratios of wall time, ``over_bare_processor`` the ratio of all processor time.
"""

from pathlib import Path
from statistics import median
from typing import Any, Final

from conformance.audio_file import FORMATS
from conformance.speech_runs import Bare, Model, Spent, recorded, timed, transcribed
from ml.speech.audio import RATE, Recording
from ml.speech.listen import Listening
from ml.speech.vad import SpeechProbability
from profiles.speech_records import Audio

SPEED_S: Final = 110
"""Not whole minutes, so that no chunk at the end is too short for the recital."""
PARTS_S: Final = 240


def speed(folder: Path, model: Model, rounds: int) -> dict[str, Any]:
    """Some rounds of both, after one of each that does not count."""
    path = recorded(folder / "speed.flac", SPEED_S)
    bare = Bare(model)
    bare.transcribed(path)
    transcribed(model, path)
    ours, theirs = _in_turns(model, bare, path, rounds)
    ratios = [one.wall_s / other.wall_s for one, other in zip(ours, theirs, strict=True)]
    processor = [sum(spent.processor_s for spent in runs) for runs in (ours, theirs)]
    return {
        "model": model.text,
        "audio_s": SPEED_S,
        "rounds": rounds,
        "ours_s": round(min(spent.wall_s for spent in ours), 3),
        "bare_s": round(min(spent.wall_s for spent in theirs), 3),
        "real_time_factor": round(min(spent.wall_s for spent in ours) / SPEED_S, 4),
        "over_bare": round(median(ratios), 3),
        "over_bare_processor": round(processor[0] / processor[1], 3),
    }


def parts(folder: Path) -> dict[str, Any]:
    """What is ours of the path, as shares of the recording's duration, in processor time."""
    path = recorded(folder / "parts.flac", PARTS_S)
    all_of_it = timed(lambda: sum(1 for _ in _listening(path).chunks()))
    detector, blocks = SpeechProbability(), list(Recording(path).blocks())
    detected = timed(lambda: [detector.feed(block[0]) for block in blocks])
    return {
        "without_recogniser_real_time_factor": round(all_of_it.processor_s / PARTS_S, 5),
        "detection_real_time_factor": round(detected.processor_s / PARTS_S, 5),
        "decoding_times_real_time": {name: _decoding(folder, name) for name in FORMATS},
    }


def _in_turns(model: Model, bare: Bare, path: Path, rounds: int) -> tuple[list[Spent], list[Spent]]:
    ours: list[Spent] = []
    theirs: list[Spent] = []
    for number in range(rounds):
        runs = [
            (ours, lambda: transcribed(model, path)),
            (theirs, lambda: bare.transcribed(path)),
        ]
        for spent, run in runs if number % 2 else reversed(runs):
            spent.append(timed(run))
    return ours, theirs


def _listening(path: Path) -> Listening:
    return Listening(Audio("Media/1", str(path)), lambda *_: None)


def _decoding(folder: Path, name: str) -> float:
    """Seconds of sound that are decoded and resampled from 48 kHz in a second of one core."""
    path = recorded(folder / f"decode.{name}", PARTS_S, 3 * RATE)
    spent = timed(lambda: sum(block.size for block in Recording(path).blocks()))
    return round(PARTS_S / max(spent.processor_s, 1e-3), 1)
