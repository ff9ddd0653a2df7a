"""Speech turn by turn over the Realtime API: a WebSocket that is opened again when it breaks.

What was said of a turn counts once it is final; until then its audio is held, and after a broken connection
every turn that is not final is sent again from its first sample, so that nothing is lost and nothing comes
twice. Neither proxies of the environment nor redirects are followed.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.speech.realtime_events import (
    Asked,
    Event,
    Kind,
    audio,
    beginning,
    ending,
)
from adapters.speech.realtime_line import Line, Turn, breakage, lateness, refusal
from adapters.speech.resample import Resampler, as_pcm, as_samples
from adapters.speech.server import RealtimeServer
from profiles.outcome import OperationOutcomeError

RATE: Final = 16_000
"""Samples a second of what is handed over: mono, signed 16 bits, little endian."""
PIECE: Final = 2 * RATE
"""Bytes of audio in one event, as handed over: a second."""
LEAST: Final = RATE // 5
"""Samples of the shortest turn: a buffer of less than 100 ms is refused (OpenAI API reference, commit)."""
TRIES: Final = 3
"""How often a turn may fail before it is given up, and a server before that is said."""
LONGEST_WAIT_S: Final = 30.0

FOR_GOOD: Final = frozenset({"login", "not-found", "value", "invalid"})
"""Errors that do not go away by asking again."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the server has understood of a turn so far.

    Parameters
    ----------
    turn : int
    text : str
    final : bool
        It will not change any more.
    logprob : float or None
        Mean logarithm of the probability of its tokens.
    failed : str
        Why nothing was understood; such a turn is final.
    """

    turn: int
    text: str
    final: bool
    logprob: float | None = None
    failed: str = ""


class Stream:
    """Turns to a server, and what it has understood.

    Used by one thread at a time, but for ``close``.

    Parameters
    ----------
    server : RealtimeServer
    asked : Asked
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self, server: RealtimeServer, asked: Asked, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._asked = asked
        self._clock = clock
        self._turns: dict[int, Turn] = {}
        self._lines: list[Line] = []
        self._closed = threading.Event()
        self._failures = 0
        self._again_at = 0.0
        self.trouble: OperationOutcomeError | None = None
        """What has failed again and again, until something is understood again."""

    @property
    def over(self) -> bool:
        """Whether the trouble is one that does not go away."""
        return self.trouble is not None and self.trouble.kind_name in FOR_GOOD

    @property
    def held(self) -> int:
        """Bytes of audio that are not final yet."""
        return sum(len(turn.audio) for turn in self._turns.values())

    def append(self, turn: int, pcm: bytes) -> None:
        """Audio of a turn; turns come one after the other."""
        self._turns.setdefault(turn, Turn(turn)).audio += pcm

    def end(self, turn: int) -> None:
        """A turn is over."""
        self._turns[turn].ended = True

    def poll(self, wait_s: float) -> list[Said]:
        """Send what is to be sent; what came back, waiting no longer than so for the first of it."""
        if self.over or self._closed.is_set() or not self._turns or self._clock() < self._again_at:
            self._closed.wait(wait_s)
            return []
        said: list[Said] = []
        try:
            self._send()
            self._receive(wait_s, said)
            self._require_answers()
        except OperationOutcomeError as error:
            self._hang_up()
            said += self._failed(error)
        return said

    def close(self) -> None:
        """Let go of the server; nothing comes any more."""
        self._closed.set()
        self._hang_up()

    def _send(self) -> None:
        for turn in list(self._turns.values()):
            if turn.closed:
                continue
            line = next((one for one in self._lines if turn in one.turns), None) or self._line()
            if not turn.begun:
                line.turns.append(turn)
                turn.begun = True
                for event in beginning(line.dialect):
                    line.say(event)
            self._send_audio(line, turn)
            if not turn.ended:
                return
            line.say(ending(line.dialect))
            turn.closed, turn.answer_by = True, self._clock() + self._server.timeout_s

    def _send_audio(self, line: Line, turn: Turn) -> None:
        resampler = turn.resampler = turn.resampler or Resampler(RATE, line.dialect.rate)
        while turn.sent < len(turn.audio):
            piece = bytes(turn.audio[turn.sent : turn.sent + PIECE])
            turn.sent += len(piece)
            pcm = as_pcm(resampler.feed(as_samples(piece)))
            if pcm:
                line.say(audio(pcm))
        if turn.ended:
            short = bytes(max(0, 2 * LEAST - turn.sent))
            rest = as_pcm(resampler.feed(as_samples(short))) + as_pcm(resampler.finish())
            line.say(audio(rest))

    def _line(self) -> Line:
        """The connection for a turn that begins."""
        if self._lines and not (self._lines[-1].dialect.one_turn and self._lines[-1].turns):
            return self._lines[-1]
        line = Line(self._server, self._asked)
        self._lines.append(line)
        if self._closed.is_set():
            raise breakage()
        return line

    def _receive(self, wait_s: float, said: list[Said]) -> None:
        for line in list(self._lines):
            wait = 0.0 if said else wait_s
            while (event := line.hear(wait)) is not None:
                said += self._understood(line, event)
                wait = 0.0
            if line.dialect.one_turn and not line.turns:
                self._lines.remove(line)
                line.close()
            wait_s = 0.0

    def _understood(self, line: Line, event: Event) -> list[Said]:
        if event.kind is Kind.COMMITTED:
            line.turn_of(event.item)
        if event.kind is Kind.ERROR:
            _count(line.turns[0] if line.turns else None)
            raise refusal(event.code, "transient")
        if event.kind not in (Kind.DELTA, Kind.FINAL, Kind.FAILED):
            return []
        turn = line.turn_of(event.item)
        if turn is None:
            return []
        if event.kind is Kind.FAILED:
            _count(turn)
            raise refusal(event.code, "transient")
        if event.kind is Kind.DELTA:
            turn.text += event.text
            return [Said(turn.number, turn.text.strip(), final=False)]
        return self._final(line, turn, event)

    def _final(self, line: Line, turn: Turn, event: Event) -> list[Said]:
        if (
            not turn.closed
        ):  # the server has ended it by itself: what is still to come would be lost
            raise OperationOutcomeError("transient", "the realtime server ended a turn by itself")
        line.turns.remove(turn)
        line.done.add(event.item)
        del self._turns[turn.number]
        self._failures, self.trouble = 0, None
        return [Said(turn.number, event.text.strip(), final=True, logprob=event.logprob)]

    def _require_answers(self) -> None:
        for turn in self._turns.values():
            if self._clock() > turn.answer_by:
                _count(turn)
                raise lateness(self._server)

    def _failed(self, error: OperationOutcomeError) -> list[Said]:
        """What is not final is sent again after a while; what fails again and again is given up."""
        self._failures += 1
        if error.kind_name in FOR_GOOD or self._failures >= TRIES:
            self.trouble = error
        self._again_at = self._clock() + min(0.1 * 2.0**self._failures, LONGEST_WAIT_S)
        given_up = [turn.number for turn in self._turns.values() if turn.tries >= TRIES]
        for number in given_up:
            del self._turns[number]
        for turn in self._turns.values():
            turn.again()
        why = error.diagnostics
        return [Said(number, "", final=True, failed=why) for number in given_up]

    def _hang_up(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            line.close()


def hear_turns(server: RealtimeServer, asked: Asked, turns: Sequence[bytes]) -> list[Said]:
    """What was said in each of some turns that are there as a whole.

    Raises
    ------
    OperationOutcomeError
        ``login``, ``not-found`` and ``invalid`` for what the server refuses, ``transient``, ``timeout`` and
        ``throttled`` when it is at fault.
    """
    stream = Stream(server, asked)
    for number, pcm in enumerate(turns):
        stream.append(number, pcm)
        stream.end(number)
    heard: dict[int, Said] = {}
    try:
        while len(heard) < len(turns):
            for said in stream.poll(1.0):
                if said.failed:
                    raise stream.trouble or OperationOutcomeError("transient", said.failed)
                if said.final:
                    heard[said.turn] = said
            if stream.trouble is not None:
                raise stream.trouble
    finally:
        stream.close()
    return [heard[number] for number in range(len(turns))]


def _count(turn: Turn | None) -> None:
    if turn is not None:
        turn.tries += 1
