"""A window of a live session that is recognised without being stored: what the lane answers to a call."""

from collections.abc import Mapping
from typing import Any

from gateway.transcription import NO_ENGINE, Recogniser
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json, to_json
from profiles.speech_records import TranscriptionRequest


class HearCall:
    """Answers ``{"request"}`` with ``{"transcript"}``.

    Parameters
    ----------
    recogniser : Recogniser
        Shared with the jobs of the lane.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Recognise one file (``not-supported`` where nothing can)."""
        hear = self._recogniser.hear
        if hear is None:
            raise OperationOutcomeError("not-supported", self._recogniser.why_not or NO_ENGINE)
        given = from_json(TranscriptionRequest, request["request"])
        return {"transcript": to_json(hear(given, _silent))}


def _silent(done: int, total: int, unit: str) -> None:
    """Nobody waits for the progress of a window."""
    del done, total, unit
