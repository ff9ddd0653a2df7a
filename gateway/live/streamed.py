"""What is heard while a visit is recorded, by an engine that takes speech while it goes on.

Each microphone with a person of its own has its own stream, so that a segment has a role. The recording on
disk is what an engine is fed from: however long its connection is gone, it is given everything that was said
meanwhile. What is not final when a client loses its connection is sent again when it resumes.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from adapters.speech.realtime import RATE, Said, Stream
from adapters.speech.realtime_events import Asked
from adapters.speech.resample import Resampler, Samples, as_pcm
from adapters.speech.server import RealtimeServer
from gateway.live.messages import PCM, Start
from gateway.live.recognition import NO_WINDOWS, Keep, Names
from gateway.live.recording import Recording
from ml.speech.drug_names import Names as NearNames
from ml.speech.recognition import hotwords_of
from ml.speech.second_look import text_flags
from ml.speech.turns import BEFORE, FRAME, Part, Turns
from profiles.outcome import OperationOutcomeError

LEAST_S: Final = 0.1
AT_ONCE_S: Final = 5.0
"""Audio that is read in one go."""
MOST_HELD: Final = 60 * 2 * RATE
"""Bytes that may await their text; what comes after stays on disk meanwhile."""
WAIT_S: Final = 0.2
BEFORE_S: Final = BEFORE * FRAME / RATE
BACK: Final = "Segments come again."


class Voice:
    """One microphone, or the mix of all.

    Parameters
    ----------
    stream : Stream
    start : Start
    channel : int, optional
        None for the mix.
    first : int
        Byte of the recording at which it begins.
    names : tuple of str
        Of the record.
    """

    def __init__(
        self, stream: Stream, start: Start, channel: int | None, first: int, names: tuple[str, ...]
    ) -> None:
        self.stream = stream
        self._start = start
        self._channel = channel
        self._first = first
        self._names = NearNames(names)
        self._hotwords = hotwords_of(names)
        self._resampler = Resampler(start.rate, RATE)
        self._turns = Turns()
        self._spans: dict[int, tuple[int, int]] = {}
        self.role = "" if channel is None else start.roles[channel]

    def feed(self, audio: Samples) -> None:
        """More of the recording: one row for each channel."""
        mono = audio.mean(axis=0) if self._channel is None else audio[self._channel]
        self._take(self._turns.feed(self._resampler.feed(mono)))

    def finish(self) -> None:
        """There is no more: the turn that goes on ends."""
        self._take(self._turns.feed(self._resampler.finish()))
        self._take(self._turns.finish())

    def _take(self, parts: Iterable[Part]) -> None:
        for part in parts:
            begun = self._spans.get(part.turn, (part.start, 0))[0]
            self._spans[part.turn] = (begun, part.start + part.samples.size)
            self.stream.append(part.turn, as_pcm(part.samples))
            if part.ends:
                self.stream.end(part.turn)

    def heard(self, wait_s: float) -> list[dict[str, Any]]:
        """The messages that came meanwhile."""
        return [found for said in self.stream.poll(wait_s) if (found := self._message(said))]

    @property
    def open_from(self) -> int | None:
        """Byte of the recording from which on not everything is final; None where everything is."""
        first = min((start for start, _ in self._spans.values()), default=None)
        if first is None:
            return None
        return self._first + int(first * self._start.rate / RATE) * self._start.step

    def _message(self, said: Said) -> dict[str, Any] | None:
        start, end = self._spans[said.turn]
        if said.final:
            del self._spans[said.turn]
        before_s = self._first / self._start.bytes_per_s
        start_s, end_s = (round(before_s + at / RATE, 2) for at in (start, end))
        times = {"start_s": start_s, "end_s": end_s}
        if said.failed:
            text = f"From {start_s:.0f} to {end_s:.0f} s nothing was recognised: {said.failed}"
            return {"type": "recognition", "available": True, "text": text}
        if not said.text:
            return None
        flags = text_flags(said.text, end_s - start_s, self._names, self._hotwords, said.logprob)
        return {
            "type": "segment",
            "final": said.final,
            **times,
            "text": said.text,
            "flags": list(flags),
            "role": self.role,
        }


class StreamedRecognition:
    """An engine's way through one session.

    Parameters
    ----------
    recording : Recording
    server : RealtimeServer
    names : callable
        Names of the record, asked for once.
    start : int
        Byte from which on it has to be heard.
    keep : callable
    """

    def __init__(
        self,
        recording: Recording,
        server: RealtimeServer,
        names: Names,
        start: int,
        keep: Keep,
    ) -> None:
        self._recording = recording
        self._server = server
        self._names = names
        self._first = self._read_to = start
        self._keep = keep
        self._voices: list[Voice] = []
        self._told = False
        self._closed = self._finished = False
        self.why_not = "" if recording.start.media == PCM else NO_WINDOWS

    @property
    def due(self) -> bool:
        """Whether there is something to send, or something is awaited."""
        if self.why_not:
            return False
        waits = any(voice.stream.held for voice in self._voices)
        least = int(LEAST_S * self._recording.start.bytes_per_s)
        return waits or self._recording.received - self._read_to >= least

    @property
    def rest(self) -> bool:
        """Whether something is awaited, or was not sent yet."""
        waits = any(voice.stream.held for voice in self._voices)
        return not self.why_not and (waits or not self._finished)

    def hear(self, *, last: bool = False) -> list[dict[str, Any]]:
        """The messages that there are by now."""
        if not self._voices:
            self._voices = self._begun()
        try:
            self._feed()
            if last:
                self._finish()
        except OperationOutcomeError:  # the session has ended meanwhile
            return []
        messages: list[dict[str, Any]] = []
        wait_s = WAIT_S
        for voice in self._voices:
            messages += voice.heard(wait_s)
            wait_s = 0.0 if messages else wait_s / 2
        self._keep(self._open_from())
        return [*messages, *self._state()]

    def close(self) -> None:
        """Let go of the server."""
        self._closed = True
        for voice in self._voices:
            voice.stream.close()

    def _begun(self) -> list[Voice]:
        start = self._recording.start
        names = self._names()
        # A server is told no more names than a recogniser has room for.
        likely = tuple(filter(None, hotwords_of(names).split(", ")))
        asked = Asked(self._server.model, start.language.split("-")[0].lower(), likely)
        channels: tuple[int | None, ...] = (None,)
        if len(start.roles) == start.channels > 1:
            channels = tuple(range(start.channels))
        return [
            Voice(Stream(self._server, asked), start, channel, self._first, names)
            for channel in channels
        ]

    def _feed(self) -> None:
        start = self._recording.start
        if self._closed or any(voice.stream.held > MOST_HELD for voice in self._voices):
            return
        most = int(AT_ONCE_S * start.rate) * start.step
        end = min(self._recording.received, self._read_to + most)
        pcm = self._recording.read(self._read_to, end)
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        audio = samples.reshape(-1, start.channels).T
        self._read_to = end
        for voice in self._voices:
            voice.feed(audio)

    def _finish(self) -> None:
        if not self._finished and self._read_to == self._recording.received:
            self._finished = True
            for voice in self._voices:
                voice.finish()

    def _open_from(self) -> int:
        opened = [voice.open_from for voice in self._voices]
        step, rate = self._recording.start.step, self._recording.start.rate
        # What a turn that begins now would begin with was read already.
        default = max(self._first, self._read_to - int(BEFORE_S * rate) * step)
        return min((one for one in opened if one is not None), default=default)

    def _state(self) -> list[dict[str, Any]]:
        """Whether segments come, whenever that has changed."""
        trouble = next((v.stream.trouble for v in self._voices if v.stream.trouble), None)
        over = any(voice.stream.over for voice in self._voices)
        if (trouble is not None) == self._told and not over:
            return []
        self._told = trouble is not None
        text = BACK if trouble is None else trouble.diagnostics
        self.why_not = text if over else ""
        return [{"type": "recognition", "available": trouble is None, "text": text}]
