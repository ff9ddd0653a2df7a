"""The engines of a site, elsewhere, with the guards of our own around them: whole recordings."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.audio_file import write_audio
from conformance.made_speech import voice
from gateway.settings import load_settings
from gateway.site_engines import site_recogniser
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Audio, Transcript, TranscriptionRequest
from tests.adapters.speech.realtime_server import Behaviour, RealtimeSite, realtime_site
from tests.adapters.speech.speech_server import Server
from tests.make_audio import silence

NAMES = ("metformin", "lisinopril")


@pytest.fixture
def server() -> Iterator[Server]:
    """A speech server on a thread."""
    running = Server()
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[RealtimeSite]:
    """A realtime server; it must have been spoken to rightly."""
    monkeypatch.setenv("REALTIME_KEY", "realtime-key")
    with realtime_site("openai") as running:
        yield running
        assert running.wrong == []


def _heard(given: TranscriptionRequest, **settings: Any) -> Transcript:
    found = site_recogniser(replace(load_settings({}), **settings))
    assert found is not None
    assert found.hear is not None
    return found.hear(given, lambda done, total, unit: None)


def _by_server(server: Server, given: TranscriptionRequest) -> Transcript:
    address = f"http://127.0.0.1:{server.server_port}/v1"
    return _heard(given, speech_server=address, speech_model="whisper")


def _in_time(site: RealtimeSite, given: TranscriptionRequest) -> Transcript:
    address, key = site.address, "env:REALTIME_KEY"
    settings = {"speech_realtime": address, "speech_realtime_key_file": key}
    return _heard(given, speech_realtime_model="voxtral", **settings)


def _request(path: Path, *roles: str) -> TranscriptionRequest:
    return TranscriptionRequest(Audio("Media/1", str(path), "audio/wav", roles), "en-US", NAMES)


def _two_voices(folder: Path) -> Path:
    doctor = np.concatenate([silence(0.5), voice(2, 1), silence(4)])
    answers = np.concatenate([silence(3.5), voice(2, 2, 200.0), silence(1)])
    return write_audio(folder / "two.wav", doctor, answers, rate=16_000)


def test_a_speech_server_hears_each_person_on_a_channel_of_their_own(server, tmp_path):
    """With a role for each channel, every segment of the server's answers has its role and its doubts."""
    found = _by_server(server, _request(_two_voices(tmp_path), "doctor", "patient"))
    assert [(one.role, one.text) for one in found.segments] == [
        ("doctor", "Good morning."),
        ("doctor", "Any pain?"),
        ("patient", "Good morning."),
        ("patient", "Any pain?"),
    ]
    starts = [one.start_s for one in found.segments]
    assert starts == sorted(starts)
    assert starts[0] < 1 < 3 < starts[2] < 4
    assert all("low-confidence" in one.flags for one in found.segments)
    assert [one.kind for one in found.remarks].count("low-confidence") == 1
    # Each channel once with names and, being doubtful, once without.
    assert [one.get("prompt") for one in server.seen] == [
        *[["metformin, lisinopril"]] * 2,
        *[None] * 2,
    ]
    assert {tuple(one["language"]) for one in server.seen} == {("en",)}


def test_words_where_nobody_speaks_are_not_noted(server, tmp_path):
    """The server says more than there is speech: what lies in the silence is marked."""
    path = write_audio(tmp_path / "m.wav", np.concatenate([voice(1.2), silence(8)]), rate=16_000)
    segments = [
        {"start": 0.0, "end": 1.0, "text": "My knee hurts."},
        {"start": 5.0, "end": 8.0, "text": "Thanks for watching."},
    ]
    server.todo = [{"body": json.dumps({"text": "x", "segments": segments})}]
    found = _by_server(server, _request(path))
    assert [one.flags for one in found.segments] == [(), ("no-speech",)]


def test_silence_is_not_sent_to_a_speech_server(server, tmp_path):
    """It is not asked, and the transcript says why there is nothing."""
    found = _by_server(server, _request(write_audio(tmp_path / "s.wav", silence(3), rate=16_000)))
    assert (found.segments, server.seen) == ((), [])
    assert [one.kind for one in found.remarks] == ["silence"]


def test_a_realtime_server_hears_a_recording_span_by_span(site, tmp_path):
    """Each stretch of speech is a turn and a segment at its place, with the role of its channel."""
    found = _in_time(site, _request(_two_voices(tmp_path), "doctor", "patient"))
    assert [one.role for one in found.segments] == ["doctor", "patient"]
    assert [round(one.start_s or 0) for one in found.segments] == [0, 3]
    assert all("samples" in one.text for one in found.segments)
    assert (found.engine, found.engine_version) == ("openai-realtime", "voxtral")
    assert site.settings[0] == {
        "model": "voxtral",
        "language": "en",
        "prompt": "metformin, lisinopril",
    }


def test_a_realtime_server_that_refuses_is_named_with_the_setting(site, tmp_path):
    """A refused key ends the job with what to look at."""
    site.todo = [Behaviour(status=401)]
    path = write_audio(tmp_path / "v.wav", voice(2), rate=16_000)
    with pytest.raises(OperationOutcomeError, match="speech_realtime_key_file") as refused:
        _in_time(site, _request(path))
    assert refused.value.kind_name == "login"


def test_a_site_without_a_server_has_no_engine_elsewhere():
    """Nothing is asked anywhere unless a setting names it."""
    assert site_recogniser(load_settings({})) is None
