"""The visit of the demonstration over the live path, as a recorder at the bedside would send it."""

import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.demo.console import say
from gateway.demo.running import Running
from gateway.demo.visit_speech import RATE, Sound
from gateway.live.endpoint import PATH
from profiles.outcome import OperationOutcomeError

FORMAT: Final = f"audio/pcm;rate={RATE};channels=2"
ROLES: Final = ("doctor", "patient")
SPEED: Final = 4
"""Times real time."""
FRAME: Final = RATE
"""Bytes sent at once: a quarter of a second of two channels."""
TAIL_S: Final = 4.0
"""How long the last segments are waited for."""
PATIENCE_S: Final = 60.0
NO_CLIENT: Final = "the package websockets is not installed, so nothing can be sent"


@dataclass(slots=True)
class Played:
    """What came back."""

    partial: int = 0
    final: int = 0
    why_not: str = ""
    finished: dict[str, Any] = field(default_factory=dict)


class LivePlay:
    """One recording, sent while it goes on.

    Parameters
    ----------
    running : Running
    sound : Sound
    """

    def __init__(self, running: Running, sound: Sound) -> None:
        self._address = running.base.replace("http", "ws", 1) + PATH
        self._sound = sound
        self._played = Played()

    def play(self, patient: str) -> Played:
        """Send it in accelerated real time and show what is heard meanwhile.

        Raises
        ------
        OperationOutcomeError
            ``not-supported`` without a WebSocket client, ``exception`` when the gateway refuses.
        """
        try:
            from websockets.sync.client import connect
        except ModuleNotFoundError:
            raise OperationOutcomeError("not-supported", NO_CLIENT) from None
        with connect(self._address, proxy=None, max_size=None) as socket:
            roles = list(ROLES)
            start = {"patient": f"Patient/{patient}", "contentType": FORMAT, "roles": roles}
            self._say(socket, "start", language="en", **start)
            self._listen(socket, PATIENCE_S, "started")
            self._send(socket)
            if not self._played.why_not:
                self._listen(socket, TAIL_S)
            self._say(socket, "finish", offset=len(self._sound.pcm))
            self._listen(socket, PATIENCE_S, "finished")
        return self._played

    def _send(self, socket: Any) -> None:
        begun = time.monotonic()
        for at in range(0, len(self._sound.pcm), FRAME):
            socket.send(at.to_bytes(4, "big") + self._sound.pcm[at : at + FRAME])
            due = begun + (at + FRAME) / (4 * RATE * SPEED)
            self._listen(socket, due - time.monotonic())

    def _listen(self, socket: Any, for_s: float, awaited: str = "") -> None:
        """Show what comes, until the time is over or what is awaited is there."""
        deadline = time.monotonic() + for_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = json.loads(socket.recv(timeout=left))
            except TimeoutError:
                break
            self._got(message)
            if message["type"] == awaited:
                return
        if awaited:
            raise OperationOutcomeError("timeout", f"the gateway has not {awaited}")

    def _got(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "error":
            raise OperationOutcomeError("exception", message["text"])
        if kind == "segment":
            self._show(message)
        elif kind in ("started", "recognition"):
            available = message.get("recognition", message.get("available"))
            self._played.why_not = "" if available else message["text"]
        elif kind == "finished":
            self._played.finished = message

    def _show(self, segment: dict[str, Any]) -> None:
        where = "" if segment["start_s"] is None else f"{segment['start_s']:6.1f} s  "
        flags = f"  ({', '.join(segment['flags'])})" if segment["flags"] else ""
        line = f"  {where}{segment['role'] or 'somebody':<8}  {segment['text']}{flags}"
        if segment["final"]:
            self._played.final += 1
            say(f"{_fresh()}{line}\n")
        else:
            self._played.partial += 1
            if sys.stdout.isatty():
                say(f"{_fresh()}{line[:100]} …")

    @staticmethod
    def _say(socket: Any, kind: str, **members: Any) -> None:
        socket.send(json.dumps({"type": kind, **members}))


def _fresh() -> str:
    """The beginning of the line, on a terminal with nothing on it."""
    return "\r\x1b[K" if sys.stdout.isatty() else ""
