"""How much memory a long recording takes above the process that has its model loaded.

A recogniser has working memory of its own that it takes with the first 30 seconds, the larger the model; it
has it for three hours or for half a minute, and faster-whisper alone has it too. ``over_model_mb`` counts it,
``over_first_minute_mb`` does not: that is what grows with the recording. faster-whisper's pipeline is run on
a shorter recording, since it holds all of the sound at once.
"""

from pathlib import Path
from typing import Any, Final

from conformance.speech_runs import (
    MINUTE_S,
    Bare,
    Model,
    peak_mb,
    recorded,
    resident_mb,
    timed,
    transcribed,
)

LONG_S: Final = 3 * 3600
BARE_S: Final = 1200


def memory(folder: Path, model: Model) -> dict[str, Any]:
    """Three hours after one minute, and then the bare pipeline, with the highest memory of each."""
    minute, long = (recorded(folder / f"{s}.flac", s) for s in (MINUTE_S, LONG_S))
    loaded = resident_mb()
    transcribed(model, minute)
    first = peak_mb()
    spent = timed(lambda: transcribed(model, long))
    highest = peak_mb()
    return {
        "model": model.text,
        "hours": LONG_S / 3600,
        "over_model_mb": round(highest - loaded, 1),
        "over_first_minute_mb": round(highest - first, 1),
        "real_time_factor": round(spent.wall_s / LONG_S, 4),
        "processor_real_time_factor": round(spent.processor_s / LONG_S, 4),
        "bare": _bare(folder, model),
    }


def _bare(folder: Path, model: Model) -> dict[str, Any]:
    bare, path = Bare(model), recorded(folder / "bare.flac", BARE_S)
    bare.transcribed(folder / f"{MINUTE_S}.flac")
    first = resident_mb()
    bare.transcribed(path)
    return {"minutes": BARE_S / 60, "over_first_minute_mb": round(peak_mb() - first, 1)}
