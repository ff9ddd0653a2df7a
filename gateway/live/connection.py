"""One WebSocket of a live client, from its first message to its close code.

One loop reads, answers, synchronises and looks after time and consent, so that no two messages are sent at
once and an acknowledgement is never ahead of the disk.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeVar

import anyio.to_thread
import orjson
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.live.ending import Ended
from gateway.live.messages import read_frame, read_message, read_start
from gateway.live.recognition import Hearing
from gateway.live.recording import Recording
from gateway.live.sessions import Sessions
from profiles.fhir_time import instant
from profiles.outcome import OperationOutcomeError

log = logging.getLogger("isthmus.live")
T = TypeVar("T")
Listen = Callable[[Recording, Callable[[], tuple[str, ...]]], Hearing]
"""Puts the engine of the site to work on a session, with the names of the record."""

SYNC_BYTES: Final = 65_536
SYNC_S: Final = 1.0
SYNC_LEAST_S: Final = 0.1
"""A client that catches up sends much at once: the disk is asked ten times a second at most."""
LAST_S: Final = 3.0
"""How long a client that has finished waits for its last segments."""
NORMAL, WRONG, FORBIDDEN, TOO_LARGE, FAULT, LATER, IDLE, TAKEN = (
    *(1000, 1003, 1008, 1009, 1011, 1013),
    *(4408, 4409),
)
_CLOSES: Final = {
    "forbidden": FORBIDDEN,
    "not-found": FORBIDDEN,
    "deleted": FORBIDDEN,
    "too-costly": TOO_LARGE,
    "exception": FAULT,
    "no-store": LATER,
    "throttled": LATER,
    "transient": LATER,
    "timeout": IDLE,
    "conflict": TAKEN,
}
TAKEN_TEXT: Final = "another connection goes on with this session"
FULL: Final = "The recording ends where it was as long as one may be: what came after is missing."
STOPPED: Final = "The patient does not consent any more."


class _Over(Exception):  # noqa: N818 - no error: the session has ended as it should
    """The last message, and the code to close with."""

    def __init__(self, last: dict[str, Any], code: int = NORMAL) -> None:
        super().__init__(code)
        self.last = last
        self.code = code


class Connection:
    """A live client.

    Parameters
    ----------
    websocket : WebSocket
        Accepted.
    sessions : Sessions
    listen : callable
    """

    def __init__(self, websocket: WebSocket, sessions: Sessions, listen: Listen) -> None:
        self._websocket = websocket
        self._sessions = sessions
        self._settings = sessions.settings
        self._listen = listen
        self._taken = asyncio.Event()
        self._heard_last = time.monotonic()
        self._recording: Recording | None = None
        self._recognition: Hearing | None = None
        self._hearing: asyncio.Task[list[dict[str, Any]]] | None = None
        self._holder = 0
        self._acknowledged = 0
        self._synced = time.monotonic()

    async def serve(self) -> None:
        """Talk with the client until either side ends it."""
        try:
            await self._talk()
        except _Over as over:
            await self._close(over.last, over.code)
        except OperationOutcomeError as error:
            await self._refuse(error)
        except WebSocketDisconnect:
            pass
        except Exception as error:
            log.exception("live.failed", exc_info=error)
            await self._refuse(OperationOutcomeError("exception", "a fault of the gateway"))
        finally:
            if self._hearing is not None:
                self._hearing.cancel()
            await self._let_go()
            if self._recognition is not None:
                await _away(self._recognition.close)

    async def _talk(self) -> None:
        reading = asyncio.create_task(self._websocket.receive())
        taken = asyncio.create_task(self._taken.wait())
        try:
            while True:
                waiting: set[asyncio.Task[Any]] = {reading, taken}
                if self._hearing is not None:
                    waiting.add(self._hearing)
                done, _ = await asyncio.wait(
                    waiting, timeout=SYNC_S, return_when=asyncio.FIRST_COMPLETED
                )
                if taken in done:
                    raise OperationOutcomeError("conflict", TAKEN_TEXT)
                if reading in done:
                    message = reading.result()
                    if message["type"] != "websocket.disconnect":
                        # Somebody always reads, so that the server answers pings while we are at work.
                        reading = asyncio.create_task(self._websocket.receive())
                    await self._got(message)
                await self._look_after()
        finally:
            reading.cancel()
            taken.cancel()

    async def _got(self, message: Message) -> None:
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", NORMAL))
        self._heard_last = time.monotonic()
        frame, text = message.get("bytes"), message.get("text")
        if frame is not None:
            await self._audio(frame)
        else:
            await self._said(text or "")

    async def _audio(self, frame: bytes) -> None:
        recording = self._begun()
        offset, audio = read_frame(frame)
        most = self._settings.live_max_bytes
        try:
            await _away(lambda: recording.append(self._holder, offset, audio, most))
        except OperationOutcomeError as error:
            if error.kind_name == "too-costly":
                await self._end(recording, note=FULL)
            raise
        waits = time.monotonic() - self._synced
        if recording.received - recording.durable >= SYNC_BYTES and waits >= SYNC_LEAST_S:
            await self._sync()

    async def _said(self, text: str) -> None:
        kind, said = read_message(text)
        if kind in ("start", "resume"):
            if self._recording is not None:
                raise OperationOutcomeError("invalid", "this connection has its session already")
            await (self._start(said) if kind == "start" else self._resume(said))
        elif kind == "finish":
            await self._finish(said)
        elif kind == "stop":
            recording = self._begun()
            await self._end(recording, why=STOPPED)
        else:
            raise OperationOutcomeError(
                "invalid", "type is one of start, resume, finish and stop", "type"
            )

    async def _start(self, said: Any) -> None:
        start = read_start(said, instant(datetime.now(UTC)))
        recording = await _away(lambda: self._sessions.begin(start))
        self._hold(recording)
        told = {"session": recording.session, "token": self._sessions.token(recording.session)}
        await self._send({"type": "started", **told, "offset": 0, **self._recognises()})

    async def _resume(self, said: Any) -> None:
        session, token = said.get("session"), said.get("token")
        if not isinstance(session, str) or not isinstance(token, str):
            raise OperationOutcomeError("required", "resume has session and token")
        found = await _away(lambda: self._sessions.resume(session, token))
        if isinstance(found, Ended):
            raise _Over(_finished(found))
        self._hold(found)
        self._acknowledged = await _away(found.sync)
        told = {"session": session, "offset": self._acknowledged}
        await self._send({"type": "resumed", **told, **self._recognises()})

    async def _finish(self, said: Any) -> None:
        recording = self._begun()
        wanted = said.get("offset", recording.received)
        if wanted != recording.received:
            raise OperationOutcomeError(
                "invalid",
                f"{recording.received} {recording.unit}s were received, which is not offset",
                "offset",
            )
        await self._hear_out()
        await self._end(recording)

    async def _end(self, recording: Recording, note: str = "", why: str = "") -> NoReturn:
        ended = await _away(lambda: self._sessions.finish(recording, note=note, why=why))
        self._recording = None
        raise _Over(_finished(ended))

    async def _look_after(self) -> None:
        """Disk, time, consent and recognition, between two messages."""
        now = time.monotonic()
        if now - self._heard_last > self._settings.live_idle_s:
            raise OperationOutcomeError("timeout", "nothing came from the client for too long")
        recording = self._recording
        if recording is None:
            return
        if now - self._synced >= SYNC_S:
            await self._sync()
            if why := await _away(lambda: self._sessions.why_not(recording.start)):
                await self._end(recording, why=why)
            if now - recording.opened > self._settings.live_max_s:
                await self._end(recording, note=FULL)
        await self._hear()

    async def _sync(self) -> None:
        recording = self._begun()
        self._synced = time.monotonic()
        durable = await _away(recording.sync)
        if durable != self._acknowledged:
            self._acknowledged = durable
            await self._send({"type": "ack", "offset": durable})

    async def _hear(self) -> None:
        """Send what was heard, and hear on."""
        recognition = self._recognition
        if self._hearing is not None and self._hearing.done():
            messages, self._hearing = self._hearing.result(), None
            for message in messages:
                await self._send(message)
        if recognition is not None and self._hearing is None and recognition.due:
            self._hearing = asyncio.create_task(_away(recognition.hear))

    async def _hear_out(self) -> None:
        """Send what was said last, if it is understood soon; the note does not depend on it."""
        recognition, deadline = self._recognition, time.monotonic() + LAST_S
        while recognition is not None and (self._hearing is not None or recognition.rest):
            if self._hearing is None:
                self._hearing = asyncio.create_task(_away(lambda: recognition.hear(last=True)))
            left = max(0.0, deadline - time.monotonic())
            done, _ = await asyncio.wait({self._hearing}, timeout=left)
            if not done or not await self._told(self._hearing.result()):
                return
            self._hearing = None

    async def _told(self, messages: list[dict[str, Any]]) -> bool:
        """Whether the client has got them all, or is gone."""
        try:
            for message in messages:
                await self._send(message)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return False
        return True

    def _hold(self, recording: Recording) -> None:
        loop = asyncio.get_running_loop()
        self._holder = recording.attach(lambda: _set_soon(loop, self._taken))
        self._recording = recording
        self._recognition = self._listen(recording, lambda: self._sessions.names(recording.start))

    def _recognises(self) -> dict[str, Any]:
        why_not = "" if self._recognition is None else self._recognition.why_not
        return {"recognition": not why_not, **({"text": why_not} if why_not else {})}

    def _begun(self) -> Recording:
        if self._recording is None:
            raise OperationOutcomeError("invalid", "say start or resume first")
        return self._recording

    async def _send(self, message: dict[str, Any]) -> None:
        """Send a message; a client that reads nothing for too long is as good as gone."""
        try:
            async with asyncio.timeout(self._settings.live_idle_s):
                await self._websocket.send_text(orjson.dumps(message).decode())
        except TimeoutError:
            raise WebSocketDisconnect(IDLE) from None

    async def _refuse(self, error: OperationOutcomeError) -> None:
        said = {"type": "error", "code": error.kind.code, "text": error.diagnostics}
        await self._close(said, _CLOSES.get(error.kind_name, WRONG))

    async def _close(self, last: dict[str, Any], code: int) -> None:
        try:
            await self._send(last)
            await self._websocket.close(code)
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            # The client is gone: nobody is left to be told. It asks again with its token.
            log.debug("live.untold", extra={"error": type(error).__name__})

    async def _let_go(self) -> None:
        recording = self._recording
        if recording is not None:
            await _away(recording.sync)
            recording.detach(self._holder)


def _finished(ended: Ended) -> dict[str, Any]:
    media = ended.media or None
    if ended.why:
        return {"type": "stopped", "text": ended.why, "media": media, "offset": ended.size}
    told = {"type": "finished", "media": media, "offset": ended.size}
    return {**told, "complete": not ended.note, **({"text": ended.note} if ended.note else {})}


async def _away(work: Callable[[], T]) -> T:
    """Do what waits for the disk or for an engine without holding up the other connections."""
    return await anyio.to_thread.run_sync(work)


def _set_soon(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(event.set)
