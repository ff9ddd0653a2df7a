"""What is heard while a visit is recorded: windows of it through the recogniser, for people to read along.

Each window begins where the last final segment has ended. A segment that ends well before the window does
will not change any more and is final; one at its edge may be half a word and comes again. What is noted in
the end comes from the whole recording, not from here.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from gateway.live.messages import CONTAINERS
from gateway.live.recording import Recording
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Audio, Segment, Transcript, TranscriptionRequest

Recognise = Callable[[TranscriptionRequest], Transcript]
Names = Callable[[], tuple[str, ...]]
"""Names of the patient's record; asked for once, where waiting for the disk holds nobody up."""
Keep = Callable[[int], None]
"""Told the byte or packet from which on the recording would have to be heard again."""

SOONEST_S: Final = 0.4
LATEST_S: Final = 1.0
"""New speech that makes asking again worth while, of an engine that answers at once and of a slow one."""
REST: Final = 2.0
"""Asked once in twice the time that an answer takes, an engine has half of its time for other work."""
EDGE_S: Final = 1.0
LONGEST_S: Final = 20.0
"""A window as long as this is final as a whole: Whisper hears 30 s at once."""
QUIET_S: Final = 5.0
TRIES: Final = 3
WINDOW: Final = "window"
NO_ENGINE: Final = (
    "No speech recogniser is configured: the recording is kept, segments do not come."
)
NO_WINDOWS: Final = (
    "Segments do not come of this kind of audio: the recording is kept and recognised when it is "
    "finished."
)
_FOR_GOOD: Final = frozenset({"not-supported", "not-found", "login", "value", "forbidden"})


@dataclass(frozen=True, slots=True)
class Heard:
    """Segments of one window, and the byte or packet with which the next one begins."""

    segments: tuple[tuple[Segment, bool], ...]
    next_start: int


class Hearing(Protocol):
    """An engine at work on one session."""

    why_not: str
    """Why no segments come; empty while they do."""

    @property
    def due(self) -> bool:
        """Whether there is something to hear."""

    @property
    def rest(self) -> bool:
        """Whether something was said of which not everything is final."""

    def hear(self, *, last: bool = False) -> list[dict[str, Any]]:
        """The messages that there are by now; after the last audio everything becomes final."""

    def close(self) -> None:
        """The connection is over."""


class Recognition:
    """The way of a recogniser of whole files through one session, window after window.

    Parameters
    ----------
    recording : Recording
    recognise : callable, optional
        None where there is no engine.
    names : callable
    start : int
        Byte or packet from which on it has to be heard.
    keep : callable
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        recording: Recording,
        recognise: Recognise | None,
        names: Names,
        start: int,
        keep: Keep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recording = recording
        self._clock = clock
        self._recognise = recognise
        self._names = names
        self._vocabulary: tuple[str, ...] | None = None
        self._keep = keep
        self._failed = 0
        self._heard_to = 0
        self._took_s = 0.0
        self.start = start
        self.why_not = NO_ENGINE if recognise is None else ""
        if recognise is not None and recording.start.media in CONTAINERS:
            self.why_not = NO_WINDOWS

    @property
    def due(self) -> bool:
        """Whether there is enough that was not heard yet."""
        recording = self._recording
        if self.why_not or recording.received <= self._heard_to:
            return False
        fresh_s = recording.seconds(recording.received) - recording.seconds(self._heard_to)
        return fresh_s >= _least_s(self._took_s)

    @property
    def rest(self) -> bool:
        """Whether there is enough behind the last final segment that may be a word."""
        recording = self._recording
        if self.why_not or recording.received <= self.start:
            return False
        return recording.seconds(recording.received) - recording.seconds(self.start) >= EDGE_S

    def hear(self, *, last: bool = False) -> list[dict[str, Any]]:
        """The messages that the next window gives; a recogniser that fails is said once."""
        end = self._recording.received
        self._heard_to = end
        begun = self._clock()
        try:
            heard = self._window(end, last)
            self._took_s = self._clock() - begun
        except OperationOutcomeError as error:
            self._failed += 1
            if error.kind_name in _FOR_GOOD or self._failed >= TRIES:
                self.why_not = error.diagnostics
                return [{"type": "recognition", "available": False, "text": self.why_not}]
            return []
        self._failed = 0
        before_s = self._recording.seconds(self.start)
        self.start = heard.next_start
        self._keep(self.start)
        return [_said(segment, before_s, final) for segment, final in heard.segments]

    def close(self) -> None:
        """A window that is being recognised is recognised to its end."""

    def _window(self, end: int, last: bool) -> Heard:
        recording = self._recording
        begin_s = recording.seconds(self.start)
        furthest = recording.unit_at(begin_s + LONGEST_S)
        whole, end = last or end >= furthest, min(end, furthest)
        if self._recognise is None:
            raise OperationOutcomeError("not-supported", NO_ENGINE)
        file = recording.folder / WINDOW
        audio = recording.window(self.start, end)
        try:
            file.write_bytes(audio)
        except OSError:
            raise OperationOutcomeError("transient", "the session has ended") from None
        if self._vocabulary is None:
            self._vocabulary = self._names()
        transcript = self._recognise(_request(recording, file, self._vocabulary))
        return self._parts(transcript, end, whole=whole)

    def _parts(self, transcript: Transcript, end: int, *, whole: bool) -> Heard:
        recording = self._recording
        begin_s = recording.seconds(self.start)
        length_s = recording.seconds(end) - begin_s
        segments = [one for one in transcript.segments if one.text]
        edge = length_s if whole else length_s - EDGE_S
        parts = tuple((one, whole or (one.end_s or length_s) <= edge) for one in segments)
        done = [one.end_s or length_s for one, final in parts if final]
        if whole:
            return Heard(parts, end)
        if not segments:
            done = [length_s - EDGE_S] if length_s > QUIET_S else []
        return Heard(parts, recording.unit_at(begin_s + max(done, default=0.0)))


def _least_s(took_s: float) -> float:
    """Seconds of new speech to wait for, by the time that the last answer has taken."""
    return min(LATEST_S, max(SOONEST_S, REST * took_s))


def _request(recording: Recording, file: Path, vocabulary: tuple[str, ...]) -> TranscriptionRequest:
    start = recording.start
    path, media_type = str(file.absolute()), recording.window_type
    audio = Audio(f"Media/{recording.session}", path, media_type, start.roles)
    return TranscriptionRequest(audio, start.language, vocabulary)


def _said(segment: Segment, before_s: float, final: bool) -> dict[str, Any]:
    times = {
        name: None if value is None else round(before_s + value, 2)
        for name, value in (("start_s", segment.start_s), ("end_s", segment.end_s))
    }
    said = {"type": "segment", "final": final, **times, "text": segment.text}
    return {**said, "flags": list(segment.flags), "role": segment.role}
