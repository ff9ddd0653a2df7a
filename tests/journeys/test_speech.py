"""Audio arrives at a real gateway whose models folder holds a Whisper, and becomes a note."""

import urllib.request

import numpy as np
import pytest

from adapters.speech.resample import as_pcm
from conformance.audio_file import write_audio
from conformance.made_speech import voice
from conformance.tiny_whisper import Recital, write_whisper
from tests.live.make_live import PCM, live, packed
from tests.make_audio import silence, tone
from tests.make_gateway import GatewayProcess
from tests.make_recording import noted, recording, transcribed
from tests.make_waveform import write_waveform

VISIT = (
    " What brings you in today? I have had knee pain for three weeks. I take ibuprofen 400 milligrams"
    " twice a day. Your blood pressure today is 128 over 76."
)


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    """A gateway with a Whisper that recites a visit, and one patient."""
    folder = tmp_path_factory.mktemp("speech")
    write_whisper(folder / "models" / "whisper-recital", Recital(VISIT))
    gateway = GatewayProcess(folder, light=True, lanes="speech,scribe", models=folder / "models")
    gateway.start()
    body = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1960-02-03"}
    status, answer, _ = gateway.request("PUT", "/fhir/Patient/p", body)
    assert status == 201, answer
    yield gateway
    gateway.stop()


def test_a_recording_becomes_a_note_with_the_words_that_were_recognised(practice, tmp_path):
    """FLAC in, through speech detection and Whisper, to a preliminary note whose facts were recited."""
    path = write_audio(tmp_path / "visit.flac", np.concatenate([silence(1), voice(9), silence(1)]))
    task = noted(practice, recording(path, "audio/flac"))
    assert task["status"] == "completed", task
    found = next(one for one in task["output"] if one["type"]["text"] == "composition")
    note = practice.get(found["valueReference"]["reference"])
    assert note["status"] == "preliminary"
    text = " ".join(section["text"]["div"] for section in note["section"])
    assert "ibuprofen" in text
    assert "128" in text


def test_a_visit_is_heard_while_it_is_recorded_and_noted_when_it_is_finished(practice):
    """PCM over the WebSocket: partial and final segments of Whisper, then Media, transcript and note."""
    audio = as_pcm(np.concatenate([silence(1), voice(4, 3), silence(2), voice(4, 4), silence(2)]))
    with live(practice) as client:
        client.say("start", patient="Patient/p", contentType=PCM, language="en", roles=["doctor"])
        assert client.wait_for("started")["recognition"] is True
        client.send(audio, 0, 4 * 32_000)
        client.wait_for("segment")
        client.send(audio, 4 * 32_000)
        while not (said := client.wait_for("segment"))["final"]:
            continue
        client.say("finish", offset=len(audio))
        finished = client.wait_for("finished")
    segments = [one for one in client.heard if one["type"] == "segment"]
    assert any(not one["final"] for one in segments)
    assert "blood pressure" in " ".join(one["text"] for one in segments)
    assert 0 <= said["start_s"] <= said["end_s"] <= len(audio) / 32_000
    task = transcribed(practice, finished["media"])
    assert task["status"] == "completed", task
    outputs = {
        one["type"]["text"]: one.get("valueReference", {}).get("reference")
        for one in task["output"]
    }
    written = practice.get(outputs["transcript"])
    assert {one["attachment"]["contentType"] for one in written["content"]} >= {"text/vtt"}
    note = practice.get(outputs["composition"])
    assert note["status"] == "preliminary"
    assert "ibuprofen" in " ".join(section["text"]["div"] for section in note["section"])


def test_opus_packets_are_heard_while_they_come(practice):
    """Without a container too: partial and final segments with the times of the packets, then the Media."""
    packets = packed(np.concatenate([silence(1), voice(4, 3), silence(2)])[None], 16_000)
    with live(practice) as client:
        client.say("start", patient="Patient/p", contentType="audio/opus", language="en")
        assert client.wait_for("started")["recognition"] is True
        for number, packet in enumerate(packets):
            client.frame(number, packet)
        while not (said := client.wait_for("segment"))["final"]:
            continue
        client.say("finish", offset=len(packets))
        finished = client.wait_for("finished")
    assert 0.5 <= said["start_s"] <= said["end_s"] <= 0.02 * len(packets)
    task = transcribed(practice, finished["media"])
    assert "composition" in {one["type"]["text"] for one in task["output"]}


@pytest.mark.parametrize(
    ("sound", "said"), [(silence(3), "silent"), (tone(3), "music")], ids=["silence", "music"]
)
def test_nothing_is_noted_where_nobody_speaks(sound, said, practice, tmp_path):
    """Silence and music end the Task with what was heard instead, and make no note."""
    path = write_audio(tmp_path / "quiet.wav", sound, rate=16_000)
    task = noted(practice, recording(path, "audio/wav"))
    assert said in str(task)
    assert "composition" not in {one["type"]["text"] for one in task.get("output", ())}


def test_what_is_no_audio_is_said(practice, tmp_path):
    """A document declared as audio ends its Task with the reason."""
    path = tmp_path / "letter.wav"
    path.write_bytes(b"%PDF-1.7\nno sound in here")
    task = noted(practice, recording(path, "audio/wav"))
    assert "not audio" in str(task)


def test_an_audio_object_of_a_modality_becomes_a_note(practice, tmp_path):
    """C-STORE of a voice waveform: the Media is of the patient whom the object names, and is transcribed."""
    sound = np.concatenate([silence(1), voice(9), silence(1)])
    samples = (32767 * np.clip(sound, -1, 1)).astype("<i2").tobytes()
    file = write_waveform(tmp_path / "dictation.dcm", samples, rate=16_000, study="dictation")
    assert practice.send([file]) == [0]
    (patient,) = practice.search("Patient?identifier=P-dictation")
    (media,) = practice.search(f"Media?subject=Patient/{patient['id']}")
    task = transcribed(practice, f"Media/{media['id']}")
    names = {one["type"]["text"] for one in task["output"]}
    assert "composition" in names, task
    (note,) = [
        o["valueReference"]["reference"]
        for o in task["output"]
        if o["type"]["text"] == "composition"
    ]
    address = f"{practice.base}/notes/{note.partition('/')[2]}/audio"
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own
        assert answer.headers["content-type"] == "audio/wav"
        assert answer.read()[44:] == samples
    broken = write_waveform(tmp_path / "broken.dcm", b"", rate=16_000, study="broken")
    assert practice.send([broken]) == [0]
    (patient,) = practice.search("Patient?identifier=P-broken")
    (media,) = practice.search(f"Media?subject=Patient/{patient['id']}")
    assert "damaged or not complete" in str(transcribed(practice, f"Media/{media['id']}"))
