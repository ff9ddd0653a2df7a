"""One connection to a server of the Realtime API, from its greeting to its close."""

import socket
import ssl
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from adapters.speech.realtime_events import Asked, Dialect, Event, Kind, read_event, settings_of
from adapters.speech.resample import Resampler
from adapters.speech.server import RealtimeServer, bearer
from profiles.outcome import OperationOutcomeError

LARGEST_EVENT: Final = 1_000_000
_KINDS: Final = {
    "invalid_api_key": "login",
    "authentication_error": "login",
    "model_not_found": "not-found",
    "rate_limit_exceeded": "throttled",
    "insufficient_quota": "throttled",
}
_STATUSES: Final = {
    **dict.fromkeys((401, 403), ("login", ": see the setting speech_realtime_key_file")),
    404: ("not-found", ": see the settings speech_realtime and speech_realtime_model"),
    **dict.fromkeys((429, 503), ("throttled", "")),
    **dict.fromkeys((400, 405, 422, 426), ("invalid", ": it takes no session of transcription")),
}


@dataclass(slots=True)
class Turn:
    """What is held of a turn until it is final."""

    number: int
    audio: bytearray = field(default_factory=bytearray)
    ended: bool = False
    tries: int = 0
    sent: int = 0
    begun: bool = False
    closed: bool = False
    item: str = ""
    text: str = ""
    resampler: Resampler | None = None
    answer_by: float = float("inf")

    def again(self) -> None:
        """Nothing was sent yet."""
        self.sent, self.begun, self.closed, self.item, self.text = 0, False, False, "", ""
        self.resampler, self.answer_by = None, float("inf")


class Line:
    """One connection, and the turns that it was given and that are not final.

    Parameters
    ----------
    server : RealtimeServer
    asked : Asked

    Raises
    ------
    OperationOutcomeError
        ``login``, ``not-found`` and ``invalid`` for what the server refuses, ``transient``, ``timeout`` and
        ``throttled`` when it is at fault.
    """

    def __init__(self, server: RealtimeServer, asked: Asked) -> None:
        self._server = server
        self._stack = ExitStack()
        self._socket = _connected(server, self._stack)
        self.turns: list[Turn] = []
        self.done: set[str] = set()
        try:
            self.dialect = self._greeted()
            self._settle(asked)
        except BaseException:
            self.close()
            raise

    def say(self, event: dict[str, Any]) -> None:
        """Send an event."""
        try:
            self._socket.send(orjson.dumps(event).decode())
        except (ConnectionClosed, OSError):
            raise breakage() from None

    def hear(self, wait_s: float) -> Event | None:
        """The next event, None when there is none in time."""
        try:
            return read_event(self._socket.recv(timeout=wait_s))
        except TimeoutError:
            return None
        except (WebSocketException, OSError):
            raise breakage() from None

    def turn_of(self, item: str) -> Turn | None:
        """The turn that an event is about; None for one that is over."""
        if not item:
            return self.turns[0] if self.turns else None
        if item in self.done:
            return None
        unnamed = (turn for turn in self.turns if not turn.item)
        named = (turn for turn in self.turns if turn.item == item)
        found = next(named, None) or next(unnamed, None)
        if found is not None:
            found.item = item
        return found

    def close(self) -> None:
        """Hang up."""
        self._stack.close()

    def _greeted(self) -> Dialect:
        event = self._awaited(Kind.CREATED)
        return event.dialect or Dialect.OPENAI

    def _settle(self, asked: Asked) -> None:
        """Make it a session of transcription; what a server refuses is asked for in a plainer way."""
        ways = [(self.dialect, False)]
        if self.dialect.confirms:
            ways.append((self.dialect, True))
        if self.dialect is Dialect.OPENAI:
            ways.append((Dialect.BETA, True))
        for number, (dialect, plain) in enumerate(ways, 1):
            self.say(settings_of(dialect, asked, plain=plain))
            if not dialect.confirms:
                return
            try:
                self._awaited(Kind.READY)
            except OperationOutcomeError as error:
                if error.kind_name != "invalid" or number == len(ways):
                    raise
            else:
                self.dialect = dialect
                return

    def _awaited(self, kind: Kind) -> Event:
        deadline = time.monotonic() + self._server.timeout_s
        while (event := self.hear(max(0.0, deadline - time.monotonic()))) is not None:
            if event.kind is Kind.ERROR:
                raise refusal(event.code, "invalid")
            if event.kind is kind:
                return event
        raise lateness(self._server)


def _connected(server: RealtimeServer, stack: ExitStack) -> ClientConnection:
    address = urlsplit(server.address)
    secure = address.scheme == "wss"
    port = address.port or (443 if secure else 80)
    try:
        # With a socket of ours no redirect can be followed.
        link = socket.create_connection((address.hostname, port), timeout=server.timeout_s)
        link.settimeout(None)
        opened = connect(
            server.address,
            sock=link,
            ssl=ssl.create_default_context() if secure else None,
            additional_headers=bearer(server.key_file, "speech_realtime_key_file"),
            proxy=None,
            compression=None,
            open_timeout=server.timeout_s,
            close_timeout=1.0,
            ping_timeout=max(20.0, server.timeout_s),
            max_size=LARGEST_EVENT,
        )
        return stack.enter_context(opened)
    except InvalidStatus as error:
        status = error.response.status_code
        kind, text = _STATUSES.get(status, ("transient", ""))
        raise OperationOutcomeError(kind, f"the realtime server answered {status}{text}") from None
    except TimeoutError:
        raise lateness(server) from None
    except (OSError, WebSocketException, ValueError):
        raise OperationOutcomeError(
            "transient", "the realtime server cannot be reached, or is none"
        ) from None


def refusal(code: str, otherwise: str) -> OperationOutcomeError:
    """A server that says no, by its code."""
    text = f"the realtime server refuses: {code}" if code else "the realtime server refuses"
    return OperationOutcomeError(_KINDS.get(code, otherwise), text)


def lateness(server: RealtimeServer) -> OperationOutcomeError:
    """A server that does not answer in time."""
    return OperationOutcomeError(
        "timeout", f"no answer from the realtime server within {server.timeout_s:g} s"
    )


def breakage() -> OperationOutcomeError:
    """A connection that is gone."""
    return OperationOutcomeError("transient", "the connection to the realtime server broke off")
