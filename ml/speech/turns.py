"""A stream cut into turns: what is said between two pauses, found as it arrives by its loudness alone.

For engines that take speech while it goes on and are told where a turn ends. What is as quiet as the room
between two turns is left out; within a turn nothing is, and it begins half a second before it was loud, so
that no soft beginning is lost. Which loud thing is speech is not known here: that is what the recogniser of
the whole recording is asked, with its own detection of speech.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.speech.audio import RATE, Samples
from ml.speech.sound import SILENT

FRAME: Final = RATE // 50
"""Samples of the 20 ms whose loudness is looked at."""

ABOVE: Final = 2.0
"""Speech is 6 dB above the room."""

BELOW: Final = 0.1
"""What is 20 dB softer than the loudest of a turn is a pause in it, however loud the room is."""

PAUSE: Final = 30
SHORT_PAUSE: Final = 12
LONG: Final = 250
LONGEST: Final = 1000
BEFORE: Final = 25
STARTS: Final = 5
"""Frames: of a pause that ends a turn, of one that ends a long turn, of a long turn and of the longest, kept
in front of one, loud ones that begin it. Some engines give no word before the end of a turn: who speaks
without much of a pause is to be read all the same."""

ROOM: Final = 250
"""Frames of the past in which the quietest stretch is the room."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a turn.

    Parameters
    ----------
    turn : int
        Number of the turn.
    start : int
        Sample of the stream at which the part begins.
    samples : array
    ends : bool
        Whether the turn ends with it.
    """

    turn: int
    start: int
    samples: Samples
    ends: bool


class Turns:
    """Cuts one channel into turns."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._at = 0
        self._kept: deque[Samples] = deque(maxlen=BEFORE)
        self._levels: deque[float] = deque(maxlen=ROOM)
        self._loud_lately: deque[bool] = deque(maxlen=2 * STARTS)
        self._turn = -1
        self._frames = 0
        """Of the turn that goes on; none between two turns."""
        self._quiet = 0
        self._loudest = 0.0

    def feed(self, samples: Samples) -> Iterator[Part]:
        """The parts of turns that these samples bring."""
        joined = np.concatenate([self._rest, samples])
        whole = joined.size // FRAME * FRAME
        self._rest = joined[whole:]
        open_from, opened = 0, bool(self._frames)
        for at in range(0, whole, FRAME):
            frame = joined[at : at + FRAME]
            if not self._frames:
                before = self._begins(frame)
                if before is not None:
                    open_from, opened = at + FRAME, True
                    yield self._part(before, self._at + at + FRAME, ends=False)
            elif self._ends(frame):
                yield self._part(joined[open_from : at + FRAME], self._at + at + FRAME, ends=True)
                self._close()
                opened = False
        if opened and open_from < whole:
            yield self._part(joined[open_from:whole], self._at + whole, ends=False)
        self._at += whole

    def finish(self) -> Iterator[Part]:
        """The end of the turn that goes on, where the stream ends."""
        if self._frames:
            yield self._part(self._rest, self._at + self._rest.size, ends=True)
            self._frames = 0

    def _part(self, samples: Samples, end: int, *, ends: bool) -> Part:
        return Part(self._turn, end - samples.size, samples.copy(), ends)

    def _begins(self, frame: Samples) -> Samples | None:
        """Whether a turn begins with this frame: then its samples so far."""
        level = self._level(frame)
        self._kept.append(frame)
        self._loud_lately.append(level > self._floor())
        if sum(self._loud_lately) < STARTS:
            return None
        kept = np.concatenate(list(self._kept))
        self._turn += 1
        self._frames = len(self._kept)
        self._loudest, self._quiet = level, 0
        return kept

    def _ends(self, frame: Samples) -> bool:
        level = self._level(frame)
        self._frames += 1
        self._loudest = max(self._loudest, level)
        quiet = level <= max(self._floor(), BELOW * self._loudest)
        self._quiet = self._quiet + 1 if quiet else 0
        pause = PAUSE if self._frames < LONG else SHORT_PAUSE
        return self._quiet >= pause or self._frames >= LONGEST

    def _close(self) -> None:
        # What is cut for its length goes on with the next frame: it need not become loud again.
        goes_on = self._quiet < SHORT_PAUSE
        self._frames, self._quiet = 0, 0
        self._kept.clear()
        self._loud_lately.clear()
        if goes_on:
            self._loud_lately.extend([True] * STARTS)

    def _level(self, frame: Samples) -> float:
        level = float(np.sqrt(np.square(frame).mean(dtype=np.float64)))
        self._levels.append(level)
        return level

    def _floor(self) -> float:
        """What is not above it may be the room; a digital silence in between tells nothing of the room."""
        heard = [level for level in self._levels if level > SILENT / 10]
        room = float(np.quantile(heard, 0.05)) if len(heard) >= PAUSE else 0.0
        return max(SILENT, ABOVE * room)
