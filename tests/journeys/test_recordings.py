"""Sound arrives at a real gateway with a Whisper directory, and becomes a note that can be heard again."""

import base64
import json
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

from conformance.audio_file import write_audio
from conformance.made_speech import voice
from conformance.tiny_whisper import Recital, write_whisper
from tests.make_audio import silence
from tests.make_gateway import ROOT, GatewayProcess, wait_until

SAID = "I have had knee pain for three weeks. I take metformin 500 mg twice a day."


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """A gateway whose recogniser recites a text, with one patient who has consented."""
    folder = tmp_path_factory.mktemp("clinic")
    write_whisper(folder / "models" / "whisper-tiny", Recital(f" {SAID}", multilingual=True))
    gateway = GatewayProcess(
        folder,
        light=True,
        lanes="speech,scribe",
        models=folder / "models",
        recording_consent="required",
    )
    gateway.start()
    gateway.request("PUT", "/fhir/Patient/p", {"resourceType": "Patient", "id": "p"})
    _consent(gateway, "active")
    yield gateway
    gateway.stop()


def _consent(gateway, status):
    consent = {
        "resourceType": "Consent",
        "id": "c",
        "status": status,
        "scope": {"text": "recording"},
        "category": [{"text": "recording of visits"}],
        "patient": {"reference": "Patient/p"},
        "policyRule": {"text": "recording of visits"},
        "provision": {"type": "permit"},
    }
    status, answer, _ = gateway.request("PUT", "/fhir/Consent/c", consent)
    assert status in (200, 201), answer


def _recording(path):
    return {
        "resourceType": "Media",
        "status": "completed",
        "subject": {"reference": "Patient/p"},
        "content": {
            "contentType": "audio/flac",
            "data": base64.b64encode(path.read_bytes()).decode(),
        },
    }


def _noted(gateway, media):
    """The ended Task of a recording that is sent."""
    status, answer, _ = gateway.request("POST", "/fhir/Media", media)
    assert status == 201, answer
    focus = f"Media/{answer['id']}"

    def ended():
        tasks = gateway.search(f"Task?focus={focus}&code=transcribe")
        return tasks[0] if tasks and tasks[0]["status"] == "completed" else None

    return wait_until(ended, "the note")


def _outputs(task):
    return {
        one["type"]["text"]: one.get("valueString") or one["valueReference"]["reference"]
        for one in task["output"]
        if "valueString" in one or "valueReference" in one
    }


def test_sound_becomes_a_note_with_seconds(clinic, tmp_path):
    """Every sentence of the note leads to seconds of the recording, which the page plays from here."""
    path = write_audio(tmp_path / "a.flac", np.concatenate([silence(1), voice(8), silence(1)]))
    task = _noted(clinic, _recording(path))
    outputs = _outputs(task)
    assert task["businessStatus"]["coding"][0]["code"] == "done", outputs
    note = clinic.get(outputs["composition"])
    marks = [mark for section in note["section"] for mark in section["extension"]]
    segments = [p for m in marks for p in m["extension"] if p["url"] == "segment"]
    starts = [
        part["valueDecimal"]
        for segment in segments
        for part in segment["extension"]
        if part["url"] == "start"
    ]
    assert len(starts) == len(segments) > 0
    assert all(0.5 <= start <= 10 for start in starts)
    devices = [one["who"]["reference"] for one in _provenance(clinic, note)["agent"]]
    assert len(devices) == 2
    transcript = clinic.get(outputs["transcript"])
    assert transcript["content"][0]["attachment"]["contentType"] == "text/vtt"
    address = f"http://127.0.0.1:{clinic.http_port}/notes/{note['id']}/audio"
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert answer.read() == path.read_bytes()
    assert list((clinic.data / "recordings").iterdir()) == []


def test_silence_gives_no_note(clinic, tmp_path):
    """Nothing is invented: the Task says that nobody was heard."""
    task = _noted(clinic, _recording(write_audio(tmp_path / "s.flac", silence(4))))
    assert task["businessStatus"]["coding"][0]["code"] == "not-analysed"
    assert "composition" not in _outputs(task)


def test_what_is_no_sound_is_refused(clinic, tmp_path):
    """A file of another kind under an audio type ends its Task with the element that is at fault."""
    path = tmp_path / "x.flac"
    path.write_bytes(b"%PDF-1.7 no sound")
    task = _noted(clinic, _recording(path))
    assert task["businessStatus"]["coding"][0]["code"] == "refused"
    assert _outputs(task)["element"] == "Media.content.data"


def test_without_consent_nothing_is_heard(clinic, tmp_path):
    """After the Consent is withdrawn a recording is kept and not recognised."""
    _consent(clinic, "inactive")
    try:
        task = _noted(clinic, _recording(write_audio(tmp_path / "c.flac", voice(3))))
    finally:
        _consent(clinic, "active")
    assert task["businessStatus"]["coding"][0]["code"] == "refused"
    assert "Consent" in _outputs(task)["reason"]


def test_a_speech_server_hears_for_the_site(tmp_path):
    """With the setting speech_server the recording goes there, and the note names that engine.

    A recording in which nobody speaks is not sent: a recogniser would invent words for it.
    """
    script = ROOT / "tests" / "adapters" / "speech" / "speech_server.py"
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as server:
        port = int(server.stdout.readline())
        gateway = GatewayProcess(
            tmp_path,
            light=True,
            lanes="speech,scribe",
            models=tmp_path / "models",
            speech_server=f"http://127.0.0.1:{port}/v1",
            speech_model="whisper-any",
        )
        gateway.start()
        try:
            gateway.request("PUT", "/fhir/Patient/p", {"resourceType": "Patient", "id": "p"})
            task = _noted(gateway, _recording(write_audio(tmp_path / "r.flac", voice(2))))
            outputs = _outputs(task)
            assert "composition" in outputs, outputs
            agents = _provenance(gateway, gateway.get(outputs["composition"]))["agent"]
            names = [gateway.get(a["who"]["reference"])["deviceName"][0]["name"] for a in agents]
            quiet = _noted(gateway, _recording(write_audio(tmp_path / "q.flac", silence(3))))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/seen", timeout=30) as answer:
                sent = json.load(answer)
        finally:
            gateway.stop()
            server.kill()
    assert "Nobody speaks" in _outputs(quiet)["reason"]
    assert len(sent) == 1
    assert len(names) == 2
    assert names[0] == "openai-compatible"


def _provenance(gateway, composition):
    (found,) = gateway.search(f"Provenance?target=Composition/{composition['id']}")
    return found
