"""The visit of the demonstration: spoken where a voice is there, and played over the live path."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.demo.visit_example import DIALOGUE, webvtt
from gateway.demo.visit_live import LivePlay
from gateway.demo.visit_speech import PROGRAM, Sound, spoken
from profiles.outcome import OperationOutcomeError
from tests.live.make_live import patient, speech, stored_audio

VOICE = """#!{python}
import sys, wave
arguments = sys.argv[1:]
assert arguments[-2] == "--" and arguments[0] == "-v"
with wave.open(arguments[arguments.index("-w") + 1], "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(22_050)
    file.writeframes(b"\\x00\\x10" * 2_205 * len(arguments[-1].split()))
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is looked in for programs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / PROGRAM


def test_without_a_voice_it_is_said_what_to_install(program):
    """Nothing is made up where nobody can speak."""
    with pytest.raises(OperationOutcomeError, match=f"apt-get install {PROGRAM}"):
        spoken()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(OperationOutcomeError, match="does not speak"):
        spoken()


def test_each_of_the_two_speaks_on_a_channel(program):
    """One turn after the other, a tenth of a second a word here, the other channel silent meanwhile."""
    program.write_text(VOICE.format(python=sys.executable))
    program.chmod(0o755)
    sound = spoken((("Doctor", "How are you?"), ("Patient", "Well.")))
    lengths = [round(end - start, 2) for start, end in sound.times]
    assert lengths == [0.3, 0.1]
    doctor, answers = (memoryview(sound.pcm).cast("h")[channel::2].tolist() for channel in (0, 1))
    (first, _), (second, _) = sound.times
    assert doctor[int(16_000 * first) + 800] > 4_000 > 100 > abs(answers[int(16_000 * first) + 800])
    assert answers[int(16_000 * second) + 800] > 4_000
    assert sound.duration_s > second


def test_the_transcript_has_the_times_at_which_it_was_spoken():
    """The cues of the attached transcript lie where the turns do, past a minute as well."""
    times = [(10.0 * n, 10.0 * n + 2.5) for n in range(len(DIALOGUE))]
    cues = webvtt(times).split("\n\n")
    assert cues[1].startswith("00:00:00.000 --> 00:00:02.500\n<v Doctor>")
    assert cues[8].startswith("00:01:10.000 --> 00:01:12.500\n")


def test_the_dialogue_is_played_over_the_live_path(clinic):
    """Every sample arrives; without an engine the reason is known."""
    subject, pcm = patient(clinic, "demo"), speech(2)
    running = SimpleNamespace(base=clinic.base)
    played = LivePlay(running, Sound(pcm, ())).play(subject.partition("/")[2])
    assert (played.partial, played.final) == (0, 0)
    assert "recogniser" in played.why_not
    assert played.finished["complete"]
    assert stored_audio(clinic, played.finished["media"]) == pcm
