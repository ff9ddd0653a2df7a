"""Live sessions at their bounds, with a Consent, and with a speech server that hears them."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.make_live import PCM, live, patient, speech, stored_audio
from tests.make_gateway import ROOT, GatewayProcess, wait_until

SERVER = ROOT / "tests" / "adapters" / "speech" / "speech_server.py"
CONSENT = {
    "resourceType": "Consent",
    "id": "visit",
    "status": "active",
    "scope": {"text": "Recording of visits"},
    "category": [{"text": "Recording"}],
    "policyRule": {"text": "House rule"},
    "patient": {"reference": "Patient/agrees"},
    "provision": {"type": "permit"},
}


@pytest.fixture(scope="module")
def heard() -> Iterator[str]:
    """Root of a running speech server."""
    with subprocess.Popen([sys.executable, str(SERVER)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, heard: str) -> Iterator[GatewayProcess]:
    """A gateway with narrow bounds, required consent and a speech server."""
    folder = tmp_path_factory.mktemp("strict")
    bounds = {"live_max_bytes": 256_000, "live_idle_s": 6, "live_resume_s": 2, "live_sessions": 1}
    gateway = GatewayProcess(
        folder,
        light=False,
        lanes="speech,scribe",
        models=folder / "models",
        recording_consent="required",
        live_keep_withdrawn="yes",
        transcribe_recordings="on-demand",  # the server hears the sessions alone, no job
        speech_server=f"{heard}/v1",
        speech_model="whisper",
        **bounds,
    )
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def agrees(strict: GatewayProcess) -> str:
    """A patient with a Consent in force."""
    found = patient(strict, "agrees")
    assert strict.request("PUT", "/fhir/Consent/visit", CONSENT)[0] in (200, 201)
    return found


def test_without_a_consent_nothing_is_recorded(strict):
    """Where the site requires it, a patient without a Consent cannot be recorded."""
    with live(strict) as client:
        client.say("start", patient=patient(strict, "silent"), contentType=PCM)
        assert client.wait_for("error", "started")["code"] == "forbidden"
        assert client.closed() == 1008


def test_a_consent_that_is_withdrawn_ends_the_recording(strict, agrees):
    """A Consent that becomes inactive ends the session by itself; what is kept is not worked on."""
    audio = speech(1)
    with live(strict) as client:
        client.say("start", patient=agrees, contentType=PCM)
        client.wait_for("started")
        client.send(audio)
        client.acknowledged(len(audio))
        strict.request("PUT", "/fhir/Consent/visit", {**CONSENT, "status": "inactive"})
        stopped = client.wait_for("stopped")
        assert "Consent" in stopped["text"]
        assert client.closed() == 1000
    media = strict.get(stopped["media"])
    assert media["status"] == "stopped"
    assert "withdrawn" in media["note"][0]["text"]
    assert stored_audio(strict, stopped["media"]) == audio
    assert strict.search(f"Task?focus={stopped['media']}") == []


def test_a_session_that_is_full_is_finished(strict, agrees):
    """At the largest size the session becomes a Media that says that the rest is missing."""
    audio = speech(8)
    with live(strict) as client:
        client.say("start", patient=agrees, contentType=PCM)
        client.wait_for("started")
        client.send(audio)
        client.frame(len(audio), b"ab")
        finished = client.wait_for("finished")
        assert (finished["complete"], finished["offset"]) == (False, len(audio))
    assert "missing" in strict.get(finished["media"])["note"][0]["text"]
    assert stored_audio(strict, finished["media"]) == audio


def test_a_client_that_does_not_come_back_leaves_a_media(strict, agrees):
    """An idle client is let go, no second session fits meanwhile, and what came is kept as incomplete."""
    audio = speech(1, seed=5)
    with live(strict) as client:
        client.say("start", patient=agrees, contentType=PCM)
        started = client.wait_for("started")
        with live(strict) as other:
            other.say("start", patient=agrees, contentType=PCM)
            assert other.wait_for("error")["code"] == "throttled"
            assert other.closed() == 1013
        client.send(audio)
        assert client.wait_for("error")["code"] == "timeout"
        assert client.closed() == 4408
    kept = f"/fhir/Media/{started['session']}"
    wait_until(lambda: strict.request("GET", kept)[0] == 200, "the Media")
    with live(strict) as client:
        client.say("resume", session=started["session"], token=started["token"])
        ended = client.wait_for("finished", "error")
    assert (ended["complete"], ended["offset"]) == (False, len(audio))
    assert stored_audio(strict, ended["media"]) == audio
    assert "incomplete" in strict.get(ended["media"])["note"][0]["text"]


def test_segments_come_while_the_visit_goes_on(strict, agrees, heard):
    """With a speech server partial and final segments come, with times of the whole recording.

    The server is told the language, and the names of the patient's record.
    """
    audio = speech(6)
    drug = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "subject": {"reference": agrees},
        "medicationCodeableConcept": {"text": "Penicillin G"},
    }
    assert strict.request("POST", "/fhir/MedicationStatement", drug)[0] == 201
    with live(strict) as client:
        client.say("start", patient=agrees, contentType=PCM, language="en-GB")
        assert client.wait_for("started")["recognition"] is True
        client.send(audio, 0, 96_000)
        first = client.wait_for("segment")
        while not first["final"]:
            first = client.wait_for("segment")
        assert first == {
            "type": "segment",
            "final": True,
            "start_s": 0.0,
            "end_s": 1.0,
            "text": "Good morning.",
            "flags": [],
            "role": "",
        }
        client.send(audio, 96_000)
        while client.wait_for("segment")["start_s"] < 2:
            continue
        client.say("finish", offset=len(audio))
        assert client.wait_for("finished")["complete"]
    with urllib.request.urlopen(f"{heard}/seen", timeout=30) as answer:  # noqa: S310 - our own
        # Sessions before this one have named no language.
        told = [one for one in json.load(answer) if one.get("language") == ["en"]]
    assert told
    assert all(one["prompt"] == ["Penicillin G"] for one in told)


def test_a_recogniser_that_fails_is_said_once_and_the_recording_goes_on(strict, agrees, heard):
    """A refused key is told in one message; every sample is kept all the same."""
    todo = json.dumps([{"status": 401}] * 9).encode()
    urllib.request.urlopen(urllib.request.Request(f"{heard}/next", todo), timeout=30).close()  # noqa: S310
    audio = speech(4)
    with live(strict) as client:
        client.say("start", patient=agrees, contentType=PCM)
        client.wait_for("started")
        client.send(audio)
        assert client.wait_for("recognition")["available"] is False
        client.say("finish", offset=len(audio))
        finished = client.wait_for("finished")
    assert [one["type"] for one in client.heard].count("recognition") == 1
    assert stored_audio(strict, finished["media"]) == audio


def test_a_gateway_that_is_killed_loses_no_acknowledged_sample(tmp_path: Path):
    """After SIGKILL mid-recording the client goes on where it was told; one killed for good is kept too."""
    gateway = GatewayProcess(
        tmp_path, light=False, lanes="speech,scribe", models=tmp_path / "models", live_resume_s=4
    )
    gateway.start()
    subject, audio, other = patient(gateway, "killed"), speech(6, seed=9), speech(2, seed=11)
    try:
        with live(gateway) as client, live(gateway) as lost:
            client.say("start", patient=subject, contentType=PCM)
            started = client.wait_for("started")
            lost.say("start", patient=subject, contentType=PCM)
            left = lost.wait_for("started")
            lost.send(other)
            lost.acknowledged(len(other))
            client.send(audio, 0, 128_000)
            known = client.acknowledged(65_536)
            gateway.kill()
        gateway.start()
        with live(gateway) as client:
            client.say("resume", session=started["session"], token=started["token"])
            resumed = client.wait_for("resumed", "error")
            assert resumed["offset"] >= known
            client.send(audio, known)
            client.say("finish", offset=len(audio))
            finished = client.wait_for("finished")
        assert stored_audio(gateway, finished["media"]) == audio
        kept = f"/fhir/Media/{left['session']}"
        wait_until(
            lambda: gateway.request("GET", kept)[0] == 200, "the Media of who never came back"
        )
        assert stored_audio(gateway, f"Media/{left['session']}") == other
        assert list((gateway.data / "live").iterdir()) == []
    finally:
        gateway.stop()
