"""A session that ends twice, because its gateway died in between, is one Media."""

from dataclasses import replace

from adapters.store import open_store
from gateway.live.sessions import Sessions
from gateway.settings import load_settings
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
