"""Sessions whose gateway dies in between, and whose client stops reading: nothing doubled, nothing lost."""

import asyncio
from dataclasses import replace

import orjson

from adapters.store import open_store
from gateway.live.connection import Connection
from gateway.live.sessions import Sessions
from gateway.settings import load_settings
from tests.live.make_live import PCM
from tests.live.test_recording import AUDIO, MOST, START


def test_a_crash_between_the_media_and_the_end_of_the_session_doubles_nothing(tmp_path):
    """Audio left on disk beside its Media is taken away at the next start, and no job is doubled."""
    settings = replace(load_settings({}), data=str(tmp_path), live_resume_s=0.0)
    store = open_store(tmp_path)
    arrived: list[str] = []
    try:
        store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "1"}))
        first = Sessions(store, settings, lambda tx, one: arrived.append(one["resourceType"]))
        recording = first.begin(START)
        session = recording.session
        recording.append(recording.attach(lambda: None), 0, AUDIO, MOST)
        kept = {one.name: one.read_bytes() for one in recording.folder.iterdir()}
        ended = first.finish(recording)
        recording.folder.mkdir()
        for name, content in kept.items():
            (recording.folder / name).write_bytes(content)
        again = Sessions(store, settings, lambda tx, one: arrived.append(one["resourceType"]))
        again.adopt()
        again.tend()
        assert not recording.folder.exists()
        assert arrived == ["Binary", "Media"]
        assert again.resume(session, again.token(session)) == ended
        assert store.current("Media", session).version == 1
    finally:
        store.close()


class _Deaf:
    """A client that sends a start and a frame, and whose end of the line takes nothing."""

    def __init__(self, audio: bytes) -> None:
        start = {"type": "start", "patient": "Patient/1", "contentType": PCM}
        self._left = [{"text": orjson.dumps(start).decode()}, {"bytes": bytes(4) + audio}]
        self.sent = 0

    async def receive(self) -> dict[str, object]:
        if not self._left:
            await asyncio.Event().wait()
        return {"type": "websocket.receive", **self._left.pop(0)}

    async def send_text(self, text: str) -> None:
        self.sent += 1
        if self.sent > 1:  # "started" fits into the buffers of the line
            await asyncio.Event().wait()


def test_a_client_that_reads_nothing_is_let_go(tmp_path):
    """The connection ends after the idle time, what came is durable, and the session can be resumed."""
    settings = replace(load_settings({}), data=str(tmp_path), live_idle_s=0.05)
    store = open_store(tmp_path)
    try:
        store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "1"}))
        sessions = Sessions(store, settings, lambda tx, one: None)
        deaf = _Deaf(AUDIO)
        asyncio.run(Connection(deaf, sessions, lambda *_: _Quiet()).serve())
        (recording,) = sessions._open.values()
        assert recording.left is not None
        assert recording.durable == len(AUDIO)
    finally:
        store.close()


class _Quiet:
    """Hears nothing."""

    why_not = "nothing hears here"
    due = False

    def close(self) -> None:
        return
