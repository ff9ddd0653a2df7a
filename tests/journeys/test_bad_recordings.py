"""Recordings that something is wrong with: a clear answer each, nothing of them lost, nothing invented."""

import base64
import os
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conformance.audio_file import FORMATS, write_audio
from conformance.made_speech import voice
from conformance.tiny_whisper import Recital, write_whisper
from gateway.live.ogg import ogg
from tests.live.make_live import PCM, live
from tests.make_audio import silence
from tests.make_gateway import ROOT, GatewayProcess, plug_in
from tests.make_recording import noted, output_of, recording, remarks_on, state_of, transcribed

SAID = " I have had knee pain for three weeks. I take ibuprofen 400 milligrams twice a day."
HOURS = 10
NOT_SENT = bytes([31 << 3 | 3, 6])
"""An Opus packet of six frames of 20 ms that an encoder has not sent: 120 ms of silence."""


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway whose Whisper recites, and one patient."""
    folder = tmp_path_factory.mktemp("bad")
    write_whisper(folder / "models" / "whisper-tiny", Recital(SAID, multilingual=True))
    gateway = GatewayProcess(folder, light=True, models=folder / "models")
    gateway.start()
    gateway.request("PUT", "/fhir/Patient/p", {"resourceType": "Patient", "id": "p"})
    yield gateway
    gateway.stop()


def _upload(gateway, content, media_type):
    """A Media whose content was sent to a Binary as it is."""
    request = urllib.request.Request(  # noqa: S310 - our own gateway
        f"{gateway.base}/fhir/Binary", content, {"Content-Type": media_type}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        binary = answer.headers["location"].split("/fhir/")[1].partition("/_history")[0]
    return {
        "resourceType": "Media",
        "status": "completed",
        "subject": {"reference": "Patient/p"},
        "content": {"contentType": media_type, "url": binary},
    }


def _memory(gateway):
    """Megabytes that the gateway's process holds (proc(5), VmRSS)."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def test_a_clipped_recording_is_noted_with_a_warning(practice, tmp_path):
    """Recorded too loud: the note is there, and its review says that words may be lost."""
    path = write_audio(tmp_path / "loud.flac", np.clip(voice(8) * 8, -1, 1))
    task = noted(practice, recording(path, "audio/flac"))
    assert state_of(task) == "done"
    assert "clipped" in remarks_on(practice, task)


def test_a_wrong_content_type_is_said_and_the_bytes_decide(practice, tmp_path):
    """FLAC under the name of MP3 is transcribed as what it is, and the review says so."""
    path = write_audio(tmp_path / "a.flac", voice(6))
    task = noted(practice, recording(path, "audio/mpeg"))
    assert state_of(task) == "done"
    assert "content type is not that of the bytes, which are FLAC" in remarks_on(practice, task)


def test_a_language_that_the_model_has_not_is_said(practice, tmp_path):
    """Declared Klingon: recognised in what the model hears, with a remark."""
    path = write_audio(tmp_path / "a.flac", voice(6))
    task = noted(practice, recording(path, "audio/flac", language="tlh"))
    assert "not one of the speech model's" in remarks_on(practice, task)


@pytest.mark.parametrize("extension", sorted(FORMATS))
def test_a_file_that_is_cut_off_is_noted_as_far_as_it_goes(practice, extension, tmp_path):
    """Half a file of each format: a note that says so, or the reason why there is none; all bytes stay."""
    whole = write_audio(tmp_path / f"a.{extension}", voice(12))
    cut = tmp_path / f"cut.{extension}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    kind = {"m4a": "mp4", "mp3": "mpeg"}.get(extension, extension)
    task = noted(practice, recording(cut, f"audio/{kind}"))
    if extension == "m4a":  # its index is at the end
        assert state_of(task) == "refused"
        assert "broken or cut off" in output_of(task, "reason")
        assert output_of(task, "composition") == ""
    else:
        assert state_of(task) == "done"
        assert "breaks off after" in remarks_on(practice, task)
    stored = practice.get(task["focus"]["reference"])["content"]["data"]
    assert base64.b64decode(stored) == cut.read_bytes()


def test_swapped_channels_are_put_right_by_who_knows_better(practice, tmp_path):
    """Roles that were given the wrong way round are asked for anew: they change, and no word does."""
    doctor = np.concatenate([voice(5), silence(6)])
    other = np.concatenate([silence(6), voice(5, seed=3, pitch=200)])
    path = write_audio(tmp_path / "both.flac", other, doctor)
    focus = noted(practice, recording(path, "audio/flac"))["focus"]["reference"]
    texts = []
    for speakers in (("doctor", "patient"), ("patient", "doctor")):
        asked = [{"name": "speakers", "valueCode": one} for one in speakers]
        body = {"resourceType": "Parameters", "parameter": asked}
        status, bundle, _ = practice.request("POST", f"/fhir/{focus}/$transcribe", body)
        assert status == 200, bundle
        texts.append(_transcript(practice, bundle))
    exchanged = {"doctor": "patient", "patient": "doctor"}
    again = re.sub("doctor|patient", lambda found: exchanged[found[0]], texts[0])
    assert "<v doctor>" in texts[0]
    assert again == texts[1]


def _transcript(gateway, bundle):
    """The WebVTT of an answer of $transcribe."""
    entries = [entry["resource"] for entry in bundle["entry"]]
    (document,) = [one for one in entries if one["resourceType"] == "DocumentReference"]
    return _vtt(gateway, document)


def _vtt(gateway, document):
    attachment = document["content"][0]["attachment"]
    if "data" not in attachment:
        headers = {"Accept": "application/fhir+json"}
        attachment = gateway.request("GET", f"/fhir/{attachment['url']}", headers=headers)[1]
    return base64.b64decode(attachment["data"]).decode()


def test_a_recording_of_ten_hours_is_kept_and_refused(practice):
    """It is stored whole and can be played; its Task says how long a recording may be."""
    content = b"".join(ogg([NOT_SENT] * (HOURS * 30_000), 1, 1))
    task = noted(practice, _upload(practice, content, "audio/ogg"))
    assert state_of(task) == "refused"
    assert "longer than 4 hours" in output_of(task, "reason")
    binary = practice.get(task["focus"]["reference"])["content"]["url"]
    with urllib.request.urlopen(f"{practice.base}/fhir/{binary}", timeout=60) as answer:  # noqa: S310
        assert answer.read() == content


def test_a_long_session_does_not_grow_the_gateway(practice):
    """Twenty minutes of live PCM are finished without ever being held: all of them are in the Media."""
    audio = bytes(range(250)) * 153_600
    with live(practice) as client:
        client.say("start", patient="Patient/p", contentType=PCM)
        client.wait_for("started")
        before = _memory(practice)
        for at in range(0, len(audio), 960_000):
            client.frame(at, audio[at : at + 960_000])
        client.say("finish", offset=len(audio))
        finished = client.wait_for("finished", "error")
    assert (finished["offset"], finished["complete"]) == (len(audio), True)
    address = f"{practice.base}/fhir/Binary/{finished['media'].partition('/')[2]}"
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310
        content = answer.read()
    assert content[44:] == audio
    assert _memory(practice) - before < 40
    task = transcribed(practice, finished["media"])
    assert state_of(task) == "not-analysed"
    assert output_of(task, "composition") == ""


def test_a_large_recording_does_not_grow_the_gateway(practice):
    """A hundred megabytes come and go in pieces: the process holds a fraction of them at any time."""
    piece, count = bytes(range(256)) * 4096, 100

    def pieces():
        for _ in range(count):
            yield piece
            held.append(_memory(practice))

    held = [_memory(practice)]
    before = held[0]
    media = _upload(practice, pieces(), "audio/basic")
    address = f"{practice.base}/fhir/{media['content']['url']}"
    with urllib.request.urlopen(address, timeout=120) as answer:  # noqa: S310
        size = 0
        while found := answer.read(1 << 20):
            size += len(found)
            held.append(_memory(practice))
    assert size == count * len(piece)
    assert max(held) - before < 40
    task = noted(practice, media)
    assert state_of(task) == "refused"
    assert "not audio" in output_of(task, "reason")


def test_two_languages_in_one_visit_are_said(tmp_path):
    """Each part is recognised in its own language, all words stay, and the review says which they are."""
    gateway = GatewayProcess(tmp_path, light=False, models=tmp_path / "models")
    added = plug_in(tmp_path / "plug-in", tongues="tests.two_tongues")
    gateway.environment["PYTHONPATH"] = os.pathsep.join([str(added), str(ROOT)])
    gateway.start()
    try:
        gateway.request("PUT", "/fhir/Patient/p", {"resourceType": "Patient", "id": "p"})
        sound = np.concatenate([voice(28, seed=number) for number in range(3)])
        path = write_audio(tmp_path / "two.flac", sound)
        task = noted(gateway, recording(path, "audio/flac"))
        assert state_of(task) == "done", task
        assert "More than one language is spoken (en, es)" in remarks_on(gateway, task)
        document = gateway.get(output_of(task, "transcript"))
        words = _vtt(gateway, document)
        assert "knee pain" in words
        assert "ibuprofeno" in words
    finally:
        gateway.stop()
