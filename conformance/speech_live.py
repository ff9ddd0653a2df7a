"""How late the words of a live visit are: a client that speaks in real time, without anybody waiting for it.

The clock goes on by the sound that a client sends, in frames of a tenth of a second, and by the time that the
recogniser has really taken for each window. A moment of the recording is heard when the first window that
holds it has been answered; its lag is what has passed until then. What the network takes comes on top.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from conformance.made_speech import talk
from conformance.speech_runs import Model
from gateway.live.messages import PCM, Start
from gateway.live.recognition import Recognition
from gateway.live.recording import Recording
from gateway.live.session_folder import create
from ml.speech import transcribe
from ml.speech.audio import RATE
from profiles.speech_records import Transcript, TranscriptionRequest

LIVE_S: Final = 60
FRAME_S: Final = 0.1
Clock = Callable[[], float]
_PERCENTILES: Final = (50, 95, 100)


def live(folder: Path, model: Model) -> dict[str, Any]:
    """Speak, once by the clock on the wall and once as on one core that has nothing else to do.

    Parameters
    ----------
    folder : Path
        For the sessions.
    model : Model
    """
    by_clock = {"wall": time.perf_counter, "one_core": time.process_time}
    spoken = {name: _session(folder / name, model, clock) for name, clock in by_clock.items()}
    return {"model": model.text, "audio_s": LIVE_S, **spoken}


def _session(folder: Path, model: Model, clock: Clock) -> dict[str, Any]:
    def recognise(request: TranscriptionRequest) -> Transcript:
        return transcribe.run(model.engine, request, lambda *_: None)

    start = Start("Patient/1", PCM, "2026-01-01T00:00:00Z", RATE, 1, language="en")
    recording = create(folder, start)
    try:
        return _spoken(
            recording, Recognition(recording, recognise, tuple, 0, _nothing, clock), clock
        )
    finally:
        recording.close()


def _spoken(recording: Recording, recognition: Recognition, clock: Clock) -> dict[str, Any]:
    sound = (np.clip(talk(LIVE_S), -1, 1) * 32767).astype("<i2").tobytes()
    holder = recording.attach(lambda: None)
    second, frame = 2 * RATE, int(2 * RATE * FRAME_S)
    now = busy = heard_s = 0.0
    lags: list[float] = []
    windows = finals = 0
    while recording.received < len(sound):
        due = min(len(sound), max(recording.received + frame, int(now * second) // frame * frame))
        recording.append(holder, recording.received, sound[recording.received : due], len(sound))
        now = max(now, recording.received / second)
        if not recognition.due:
            continue
        reached = recording.received / second
        begun = clock()
        messages = recognition.hear()
        took = clock() - begun
        now, busy, windows = now + took, busy + took, windows + 1
        finals += sum(bool(one.get("final")) for one in messages)
        lags += list(now - np.arange(heard_s, reached, FRAME_S))
        heard_s = reached
    middle, most, worst = np.percentile(lags, _PERCENTILES) if lags else (None, None, None)
    return {
        "windows": windows,
        "final_segments": finals,
        "window_s": round(busy / max(1, windows), 3),
        "lag_median_s": _rounded(middle),
        "lag_95_s": _rounded(most),
        "lag_worst_s": _rounded(worst),
        "within_1_s": round(float(np.mean(np.array(lags) <= 1)), 3) if lags else None,
        "real_time_factor": round(busy / LIVE_S, 3),
    }


def _nothing(heard: int) -> None:
    """Nobody resumes this session."""
    del heard


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
