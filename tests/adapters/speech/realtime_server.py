"""A server of the Realtime API for tests: checks every event that it is sent, and misbehaves on demand.

What it understands of a turn is how many samples the turn has and their checksum, so that a sample that is
lost, doubled or in another place is seen. Run as a program it prints its port.
"""

import base64
import json
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from socket import SHUT_RDWR
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Request, Response, ServerConnection, serve

ITEM = "conversation.item.input_audio_transcription."
KEY = "Bearer realtime-key"


def understood(pcm: bytes) -> str:
    """The text of a turn."""
    return f"{len(pcm) // 2} samples {zlib.crc32(pcm):08x}"


@dataclass
class Behaviour:
    """What one connection does otherwise than a good one.

    Parameters
    ----------
    status : int
        HTTP status instead of a WebSocket.
    greeting : str
        What it says first, instead of its greeting.
    refuses : str
        Code of the error that answers every event with settings.
    picky : bool
        Settings with names or probabilities are refused.
    beta : bool
        Only the settings of the beta are understood.
    drops_after : int
        Bytes of audio after which the connection is gone without a word.
    error : str
        Code of the error that answers the end of a turn.
    fails : bool
        The first turn cannot be transcribed.
    holds : int
        So many turns are answered together, the last of them first.
    mute : bool
        No turn is answered.
    nonsense : str
        What answers the end of a turn.
    """

    status: int = 0
    greeting: str = ""
    refuses: str = ""
    picky: bool = False
    beta: bool = False
    drops_after: int = 0
    error: str = ""
    fails: bool = False
    holds: int = 1
    mute: bool = False
    nonsense: str = ""


@dataclass
class RealtimeSite:
    """A running server: what it will do, what it has seen, and what was wrong with it."""

    dialect: str
    port: int = 0
    todo: list[Behaviour] = field(default_factory=list)
    settings: list[dict[str, Any]] = field(default_factory=list)
    turns: list[bytes] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        """Where it is."""
        return f"ws://127.0.0.1:{self.port}/v1/realtime?intent=transcription"

    def open(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to the handshake."""
        with self.lock:
            self.connections += 1
            behaviour = self.todo.pop(0) if self.todo else Behaviour()
        connection.behaviour = behaviour  # type: ignore[attr-defined]
        if request.headers.get("Authorization") != KEY:
            self.wrong.append("no key")
        if behaviour.status:
            return connection.respond(HTTPStatus(behaviour.status), "")
        return None

    def serve(self, connection: ServerConnection) -> None:
        """One connection."""
        speaks = _Vllm if self.dialect == "vllm" else _OpenAi
        try:
            speaks(self, connection).talk()
        except (ConnectionClosed, OSError):
            return


class _Conversation:
    """What both dialects have in common."""

    def __init__(self, site: RealtimeSite, connection: ServerConnection) -> None:
        self.site = site
        self.connection = connection
        self.does: Behaviour = connection.behaviour  # type: ignore[attr-defined]
        self.audio = b""
        self.got = 0
        self.ready = False

    def talk(self) -> None:
        """Greet, and answer every event."""
        if self.does.greeting:
            self.connection.send(self.does.greeting)
        else:
            self.say(**self.greeting())
        for message in self.connection:
            event = json.loads(message)
            handler = getattr(self, "on_" + event.pop("type").replace(".", "_"), None)
            if handler is None:
                self.complain("an unknown type")
            else:
                handler(event)

    def greeting(self) -> dict[str, Any]:
        """The first event."""
        raise NotImplementedError

    def say(self, **event: Any) -> None:
        """Send an event."""
        self.connection.send(json.dumps(event))

    def complain(self, text: str) -> None:
        """Note what a client must not do."""
        self.site.wrong.append(text)

    def on_input_audio_buffer_append(self, event: dict[str, Any]) -> None:
        """Audio."""
        pcm = base64.b64decode(event.pop("audio"), validate=True)
        if event or not pcm or len(pcm) % 2 or not self.ready:
            self.complain("audio that is empty, odd, early or with more than audio")
        self.audio += pcm
        self.got += len(pcm)
        if self.does.drops_after and self.got >= self.does.drops_after:
            self.connection.socket.shutdown(SHUT_RDWR)

    def misbehaves(self) -> bool:
        """Whether the end of a turn is answered otherwise."""
        if self.does.nonsense:
            self.connection.send(self.does.nonsense)
        return bool(self.does.nonsense) or self.does.mute


class _OpenAi(_Conversation):
    """Items, settings that are confirmed, 24 kHz."""

    def __init__(self, site: RealtimeSite, connection: ServerConnection) -> None:
        super().__init__(site, connection)
        self.beta = site.dialect == "openai-beta"
        self.items = 0
        self.held: list[tuple[str, bytes]] = []

    def greeting(self) -> dict[str, Any]:
        """The session as it is before any settings."""
        kind = "transcription_session.created" if self.beta else "session.created"
        return {"type": kind, "session": {"id": "sess_1", "object": "realtime.session"}}

    def on_session_update(self, event: dict[str, Any]) -> None:
        """The settings of general availability."""
        session = event["session"]
        given = session["audio"]["input"]
        sound = {"type": "audio/pcm", "rate": 24_000}
        right = session["type"] == "transcription" and given["format"] == sound
        names = set(given["transcription"]) & {"prompt", "keywords"} or "include" in session
        if not (right and given["turn_detection"] is None) or self.beta:
            self.complain("settings of another form")
        self._settle(given["transcription"], bool(names), beta=False)

    def on_transcription_session_update(self, event: dict[str, Any]) -> None:
        """The settings of the beta."""
        session = event["session"]
        given = session["input_audio_transcription"]
        if session["input_audio_format"] != "pcm16" or session["turn_detection"] is not None:
            self.complain("settings of another form")
        self._settle(given, bool({"prompt", "keywords"} & set(given)), beta=True)

    def _settle(self, given: dict[str, Any], names: bool, *, beta: bool) -> None:
        self.site.settings.append(given)
        code = self.does.refuses or ("unknown_parameter" if self.does.picky and names else "")
        code = code or ("unknown_parameter" if self.does.beta and not beta else "")
        if code:
            said = {"type": "invalid_request_error", "code": code, "message": "John Doe"}
            self.say(type="error", event_id="event_1", error=said)
            return
        self.ready = True
        self.say(type=f"{'transcription_' if beta else ''}session.updated", session={})

    def on_input_audio_buffer_commit(self, event: dict[str, Any]) -> None:
        """The end of a turn."""
        if event or len(self.audio) < 2 * 2400:
            self.complain("a commit of less than 100 ms, or with more than its type")
        if self.does.error:
            error = {"type": "server_error", "code": self.does.error, "message": "John Doe"}
            self.say(type="error", error=error)
            return
        if self.misbehaves():
            return
        self.items += 1
        item, pcm, self.audio = f"item_{self.items}", self.audio, b""
        self.say(type="input_audio_buffer.committed", item_id=item, previous_item_id=None)
        self.say(type="conversation.item.added", item={"id": item})
        if self.does.fails and self.items == 1:
            self.say(type=f"{ITEM}failed", item_id=item, content_index=0, error={"code": "odd"})
            return
        self.held.append((item, pcm))
        if len(self.held) >= self.does.holds:
            for held in reversed(self.held):
                self._complete(*held)
            self.held = []

    def _complete(self, item: str, pcm: bytes) -> None:
        text = understood(pcm)
        with self.site.lock:
            self.site.turns.append(pcm)
        for part in (text[:4], text[4:]):
            self.say(type=f"{ITEM}delta", item_id=item, content_index=0, delta=part)
        probability = [{"token": "a", "logprob": -0.2, "bytes": []}]
        said = {"item_id": item, "content_index": 0, "transcript": text, "logprobs": probability}
        # Twice, as after a repeated commit: the second one must not count.
        for _ in range(2):
            self.say(type=f"{ITEM}completed", **said)


class _Vllm(_Conversation):
    """A commit in front and one behind, 16 kHz, and nothing but one turn."""

    def __init__(self, site: RealtimeSite, connection: ServerConnection) -> None:
        super().__init__(site, connection)
        self.begun = self.ended = False

    def greeting(self) -> dict[str, Any]:
        """An id and a time."""
        return {"type": "session.created", "id": "sess-1", "created": 1}

    def on_session_update(self, event: dict[str, Any]) -> None:
        """The model."""
        if set(event) != {"model"}:
            self.complain("settings of another form")
        self.site.settings.append(event)

    def on_input_audio_buffer_commit(self, event: dict[str, Any]) -> None:
        """The beginning of a turn, and its end."""
        if self.ended or event.get("final", False) is not self.begun:
            self.complain("a commit at the wrong time")
        if not self.begun:
            self.begun = self.ready = True
            return
        self.ended, self.ready = True, False
        if self.does.error:
            self.say(type="error", error="John Doe", code=self.does.error)
        elif not self.misbehaves():
            with self.site.lock:
                self.site.turns.append(self.audio)
            self.say(type="transcription.done", text=understood(self.audio), usage=None)

    def on_input_audio_buffer_append(self, event: dict[str, Any]) -> None:
        """Audio; something is understood of each piece of it."""
        super().on_input_audio_buffer_append(event)
        self.say(type="transcription.delta", delta=".")


@contextmanager
def realtime_site(dialect: str) -> Iterator[RealtimeSite]:
    """A server of a dialect that runs until the end."""
    site = RealtimeSite(dialect)
    with serve(site.serve, "127.0.0.1", 0, process_request=site.open) as server:
        site.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    with realtime_site(sys.argv[1]) as running:
        sys.stdout.write(f"{running.port}\n")
        sys.stdout.flush()
        sys.stdin.read()
