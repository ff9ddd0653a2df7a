"""A session on disk: in whatever order frames come, the audio is what was said, once; any start is read."""

import base64
import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.blobs import BlobFolder
from gateway.live.media import keep_audio, media_of
from gateway.live.messages import Start, read_frame, read_message, read_start
from gateway.live.session_folder import MAKING, create, found
from profiles.admission import require_admissible
from profiles.outcome import OperationOutcomeError
from tests.live.make_live import PCM, speech

AUDIO = speech(0.05)
START = Start("Patient/1", "audio/pcm", "2026-01-01T00:00:00Z", rate=16_000, channels=1)
MOST = 1_000_000

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, len(AUDIO)), st.integers(0, 400)),
        st.sampled_from(["sync", "reopen"]),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(_STEPS)
def test_any_order_of_frames_gives_a_beginning_of_the_audio(steps):
    """Overlaps count once, gaps and halves are refused, and a process that comes new finds the same."""
    with TemporaryDirectory() as folder:
        recording = create(Path(folder) / "live" / "s", START)
        holder = recording.attach(lambda: None)
        for step in steps:
            if step == "sync":
                assert recording.sync() == recording.received
            elif step == "reopen":
                before = recording.received
                recording.close()
                again = found(recording.folder)
                assert again is not None
                recording, holder = again, again.attach(lambda: None)
                assert (recording.received, recording.start) == (before, START)
            else:
                offset, size = step
                before = recording.received
                try:
                    recording.append(holder, offset, AUDIO[offset : offset + size], MOST)
                except OperationOutcomeError:
                    assert recording.received == before
        assert recording.read(0, MOST) == AUDIO[: recording.received]
        recording.remove()
        assert not recording.folder.exists()


def test_half_a_sample_at_the_end_of_a_crash_is_cut_off(tmp_path):
    """What a crash has left of a sample is not a sample."""
    recording = create(tmp_path / "live" / "s", START)
    recording.append(recording.attach(lambda: None), 0, AUDIO, MOST)
    recording.close()
    with recording.path.open("ab") as file:
        file.write(b"x")
    again = found(recording.folder)
    assert again is not None
    assert again.durable == len(AUDIO)


def test_two_gateways_do_not_write_one_session(tmp_path):
    """The session of another gateway is not opened, and one that was never whole is no session."""
    recording = create(tmp_path / "live" / "s", START)
    with pytest.raises(OperationOutcomeError, match="another gateway"):
        found(recording.folder)
    assert [one.name for one in (tmp_path / "live").iterdir()] == ["s"]
    (tmp_path / "live" / "empty").mkdir()
    assert found(tmp_path / "live" / "empty") is None
    assert not recording.folder.name.startswith(MAKING)


def test_audio_of_nobody_known_is_kept(tmp_path):
    """Where it cannot be read any more whose audio it is, the audio stays on disk."""
    recording = create(tmp_path / "live" / "s", START)
    recording.append(recording.attach(lambda: None), 0, AUDIO, MOST)
    recording.close()
    (recording.folder / "session.json").write_text('{"odd": 1}')
    assert found(recording.folder) is None
    assert recording.path.read_bytes() == AUDIO


@pytest.mark.parametrize(
    "start",
    [
        START,
        Start(
            "Patient/1",
            "audio/ogg",
            "2026-01-01T00:00:00Z",
            encounter="Encounter/1",
            operator="Practitioner/1",
            language="en-GB",
            roles=("doctor", "patient"),
        ),
    ],
)
def test_what_a_session_becomes_is_valid_r4(tmp_path, start):
    """Media and Binary pass the check that everything from outside has to pass."""
    recording, blobs = create(tmp_path / "live" / "01a2160d", start), BlobFolder(tmp_path / "blobs")
    recording.append(recording.attach(lambda: None), 0, AUDIO, MOST)
    kept = keep_audio(recording, blobs)
    binary, media = media_of("01a2160d", start, kept, b"secret", note="incomplete")
    for resource in (binary, media):
        require_admissible(resource)
    content = blobs.read(kept.digest)
    assert content.endswith(AUDIO)
    assert media["content"]["size"] == len(content)
    assert (
        base64.b64decode(media["content"]["hash"])
        == hashlib.sha1(content, usedforsecurity=False).digest()
    )
    assert media["content"]["contentType"] in ("audio/wav", "audio/ogg")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_MEMBERS = ("patient", "contentType", "roles", "language", "encounter", "operator", "type")


@given(st.dictionaries(st.sampled_from(_MEMBERS), _JSON | st.just(PCM) | st.just("Patient/1")))
def test_any_start_is_read_or_refused(said):
    """Whatever a client says in start: a session that can be written down, or an error of ours."""
    try:
        start = read_start(said, "2026-01-01T00:00:00Z")
    except OperationOutcomeError:
        return
    assert start.patient.startswith("Patient/")
    assert start.step in (1, 2, 4)


@given(st.binary(max_size=64), st.text(max_size=64))
def test_any_frame_and_any_text_is_read_or_refused(frame, text):
    """No bytes and no text raise anything but an error of ours."""
    for read in (lambda: read_frame(frame), lambda: read_message(text)):
        try:
            read()
        except OperationOutcomeError:
            continue
    assert read_message(json.dumps({"type": "stop", "text": text}))[0] == "stop"
