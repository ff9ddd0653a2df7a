"""How long a note takes, of a visit and of hours of talk.

Processor time: that of one core, whatever else the machine does.
"""

import time
from pathlib import Path
from typing import Any, Final

from conformance.made_visit import made_visit, words_in
from ml.scribe import scribe
from ml.worker import Places
from profiles.speech_records import ScribeNote, ScribeRequest, Transcript

VISIT_MIN: Final = 15.0
LONG_MIN: Final = 180.0
ROUNDS: Final = 3


def structuring() -> dict[str, Any]:
    """A visit of 15 minutes and three hours of talk, each the best of some runs."""
    here = Path(__file__).parent
    loaded = scribe.load(Places(here, here))
    scribe.run(loaded, ScribeRequest(made_visit(1.0)), lambda *_: None)
    visit, long = made_visit(VISIT_MIN), made_visit(LONG_MIN)
    return {"visit_15_min": _noted(loaded, visit), "three_hours": _noted(loaded, long)}


def _noted(loaded: scribe.Scribe, transcript: Transcript) -> dict[str, Any]:
    runs = [_one(loaded, transcript) for _ in range(ROUNDS)]
    note, _ = runs[0]
    return {
        "words": words_in(transcript),
        "sentences": sum(len(section.sentences) for section in note.sections),
        "facts": len(note.facts),
        "processor_s": round(min(seconds for _, seconds in runs), 3),
    }


def _one(loaded: scribe.Scribe, transcript: Transcript) -> tuple[ScribeNote, float]:
    begun = time.process_time()
    note = scribe.run(loaded, ScribeRequest(transcript), lambda *_: None)
    return note, time.process_time() - begun
