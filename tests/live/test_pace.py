"""How soon a live client sees what was said goes by the time that the recogniser needs."""

import pytest

from gateway.live.messages import PCM, Start
from gateway.live.recognition import LATEST_S, SOONEST_S, Recognition
from gateway.live.session_folder import create
from profiles.speech_records import Transcript

RATE = 16_000
SECOND = bytes(2 * RATE)


@pytest.fixture
def recording(tmp_path):
    """A session of which one second has come."""
    start = Start("Patient/1", PCM, "2026-01-01T00:00:00Z", RATE, 1)
    made = create(tmp_path / "session", start)
    made.attach(lambda: None)
    made.append(1, 0, SECOND, 10**9)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("took", "waits"), [(0.0, SOONEST_S), (0.3, 0.6), (0.45, 0.9), (2.0, LATEST_S)]
)
def test_an_engine_is_asked_as_often_as_it_can_answer(recording, took, waits):
    """After an answer at once little new speech is waited for, after a slow one up to a second."""
    now = [0.0]

    def recognise(_):
        now[0] += took
        return Transcript("made", "1", "en", 1.0)

    heard = Recognition(recording, recognise, tuple, 0, lambda _: None, lambda: now[0])
    assert heard.due
    heard.hear()
    assert not heard.due
    before = recording.received
    while not heard.due:
        recording.append(1, recording.received, bytes(320), 10**9)
    assert (recording.received - before) / len(SECOND) == pytest.approx(waits, abs=0.011)
