"""Live sessions whose segments come from a server of the Realtime API, over two real WebSockets."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from adapters.speech.resample import as_pcm
from conformance.made_speech import voice
from tests.adapters.speech.realtime_server import Behaviour, RealtimeSite, realtime_site
from tests.live.make_live import PCM, LiveClient, live, patient, stored_audio
from tests.make_audio import silence
from tests.make_gateway import GatewayProcess, wait_until

STEREO = "audio/pcm;rate=16000;channels=2"


def _phrases(number: int, seed: int = 5) -> bytes:
    """So many phrases of a second, each with a pause behind it that ends its turn."""
    parts = [part for n in range(number) for part in (voice(1.2, seed + n), silence(1))]
    return as_pcm(np.concatenate([silence(0.5), *parts]))


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GatewayProcess, RealtimeSite]]:
    """A gateway and the realtime server that hears for it."""
    folder = tmp_path_factory.mktemp("streamed")
    key = folder / "key"
    key.write_text("realtime-key\n")
    with realtime_site(getattr(request, "param", "openai")) as site:
        gateway = GatewayProcess(
            folder,
            light=False,
            models=folder / "models",
            transcribe_recordings="on-demand",
            speech_realtime=site.address,
            speech_realtime_model="voxtral",
            speech_realtime_key_file=key,
        )
        gateway.start()
        yield gateway, site
        gateway.stop()
        assert site.wrong == []


@pytest.fixture
def clinic(served: tuple[GatewayProcess, RealtimeSite]) -> tuple[GatewayProcess, RealtimeSite]:
    """The same, with nothing seen yet."""
    site = served[1]
    site.todo, site.turns, site.settings = [], [], []
    return served


def _until(client: LiveClient, enough: Callable[[dict[str, Any]], bool], *kinds: str) -> None:
    while not enough(client.wait_for(*(kinds or ("segment",)))):
        continue


def _finals(client: LiveClient) -> list[dict[str, Any]]:
    return [one for one in client.heard if one["type"] == "segment" and one["final"]]


def _hear(client: LiveClient, number: int) -> list[dict[str, Any]]:
    """Wait for so many final segments; the gateway is told of silence meanwhile by nobody."""
    while len(_finals(client)) < number:
        client.wait_for("segment")
    return _finals(client)


def test_partial_and_final_segments_come_while_the_visit_goes_on(clinic):
    """Every phrase becomes a final segment at its place, after partial ones; the Media has all of it."""
    gateway, site = clinic
    subject, audio = patient(gateway, "streamed"), _phrases(3)
    drug = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "subject": {"reference": subject},
        "medicationCodeableConcept": {"text": "Metformin"},
    }
    assert gateway.request("POST", "/fhir/MedicationStatement", drug)[0] == 201
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=PCM, language="en-GB")
        assert client.wait_for("started")["recognition"] is True
        client.send(audio)
        finals = _hear(client, 3)
        client.say("finish", offset=len(audio))
        assert client.wait_for("finished")["complete"]
    starts = [one["start_s"] for one in finals]
    assert starts == sorted(starts)
    assert all(one["end_s"] - one["start_s"] < 2.5 for one in finals)
    assert all(abs(start - (0.5 + 2.2 * n)) < 0.7 for n, start in enumerate(starts))
    assert any(one["type"] == "segment" and not one["final"] for one in client.heard)
    assert site.settings == [{"model": "voxtral", "language": "en", "prompt": "Metformin"}]
    assert stored_audio(gateway, client.heard[-1]["media"]) == audio


def test_what_is_said_last_becomes_final_before_the_end(clinic):
    """A client that finishes in the middle of a phrase gets that phrase as a final segment first."""
    gateway, _ = clinic
    subject = patient(gateway, "last")
    audio = as_pcm(np.concatenate([silence(0.5), voice(1.5, 17)]))
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=PCM)
        client.wait_for("started")
        client.send(audio)
        client.say("finish", offset=len(audio))
        client.wait_for("finished")
    (last,) = _finals(client)
    assert last["start_s"] < 0.6
    assert last["end_s"] == 2.0


def test_a_realtime_server_that_drops_loses_no_sample(clinic):
    """The server goes in mid-phrase: the phrase is heard again from its beginning, and everything is kept."""
    gateway, site = clinic
    subject, audio = patient(gateway, "dropping"), _phrases(3, 40)
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=PCM)
        client.wait_for("started")
        site.todo = [Behaviour(drops_after=40_000), Behaviour(status=503)]
        client.send(audio)
        finals = _hear(client, 3)
        client.say("finish", offset=len(audio))
        client.wait_for("finished")
    assert len({one["text"] for one in finals}) == 3
    # As many samples as the segments are long: none is missing at a seam.
    for one in finals:
        length = round((one["end_s"] - one["start_s"]) * 24_000)
        assert abs(int(one["text"].split()[0]) - length) <= 480
    assert stored_audio(gateway, client.heard[-1]["media"]) == audio


def test_what_was_not_final_at_a_lost_connection_is_heard_when_it_resumes(clinic):
    """A client that is gone in mid-phrase gets that phrase as a whole after it has come back."""
    gateway, _ = clinic
    subject, audio = patient(gateway, "resumed"), _phrases(2, 60)
    middle = int(3.2 * 32_000)
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=PCM)
        started = client.wait_for("started")
        client.send(audio, 0, middle)
        (first,) = _hear(client, 1)
        client.acknowledged(middle)
        client.drop()
    with live(gateway) as client:
        client.say("resume", session=started["session"], token=started["token"])
        resumed = client.wait_for("resumed")
        client.send(audio, resumed["offset"])
        finals = _hear(client, 1)
        client.say("finish", offset=len(audio))
        client.wait_for("finished")
    assert first["end_s"] <= finals[-1]["start_s"] + 0.6
    assert abs(finals[-1]["start_s"] - 2.7) < 0.7
    assert finals[-1]["end_s"] > 3.8


def test_two_microphones_have_a_role_each(clinic):
    """Doctor and patient on a channel each: every segment says whose it is."""
    gateway, site = clinic
    subject = patient(gateway, "two-voices")
    doctor = np.concatenate([voice(1.2, 1), silence(3.2)])
    answers = np.concatenate([silence(2), voice(1.2, 2, 200.0), silence(1.2)])
    audio = as_pcm(np.stack([doctor, answers], axis=1).reshape(-1).astype(np.float32))
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=STEREO, roles=["doctor", "patient"])
        client.wait_for("started")
        client.send(audio)
        finals = _hear(client, 2)
        client.say("finish", offset=len(audio))
        client.wait_for("finished")
    assert {one["role"]: round(one["start_s"]) for one in finals} == {"doctor": 0, "patient": 2}
    assert len(site.turns) == 2


def test_a_refusal_is_told_once_and_the_recording_goes_on(clinic):
    """A key that is refused is one message with the setting; every sample is kept all the same."""
    gateway, site = clinic
    subject, audio = patient(gateway, "refused"), _phrases(1)
    site.todo = [Behaviour(status=401)] * 9
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=PCM)
        client.wait_for("started")
        client.send(audio)
        told = client.wait_for("recognition")
        assert told["available"] is False
        assert "speech_realtime_key_file" in told["text"]
        client.say("finish", offset=len(audio))
        finished = client.wait_for("finished")
    assert [one["type"] for one in client.heard].count("recognition") == 1
    assert stored_audio(gateway, finished["media"]) == audio


def test_a_server_that_is_away_for_a_while_is_said_and_caught_up_with(clinic):
    """Segments fail to come, then they come again: both is told, and nothing of what was said is left out."""
    gateway, site = clinic
    subject, audio = patient(gateway, "away"), _phrases(2, 80)
    site.todo = [Behaviour(status=503)] * 4
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=PCM)
        client.wait_for("started")
        client.send(audio)
        _until(client, lambda one: one["available"], "recognition")
        finals = _hear(client, 2)
        client.say("finish", offset=len(audio))
        client.wait_for("finished")
    assert len(finals) == 2
    told = [one["available"] for one in client.heard if one["type"] == "recognition"]
    assert told == [False, True]


def test_a_recording_is_heard_by_the_realtime_server_where_nothing_else_is(clinic):
    """`$transcribe` of what was recorded: the words of the server, or its refusal in a Task."""
    gateway, site = clinic
    subject, audio = patient(gateway, "later"), _phrases(2, 90)
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=PCM, language="en")
        client.wait_for("started")
        client.send(audio)
        client.say("finish", offset=len(audio))
        media = client.wait_for("finished")["media"]
    body = {"resourceType": "Parameters"}
    site.todo = [Behaviour(status=401)]
    _transcribed(gateway, media, body)
    refused = wait_until(lambda: _ended(gateway, media), "the refusal")
    assert "speech_realtime_key_file" in json.dumps(refused["output"])
    site.todo, site.turns = [], []
    _transcribed(gateway, media, body)
    wait_until(lambda: _ended(gateway, media, 2), "the note")
    assert len(site.turns) >= 1


@pytest.mark.parametrize("served", ["vllm"], indirect=True)
def test_segments_come_from_vllm(clinic):
    """Each phrase is a turn on a connection of its own there, and comes back as its segment."""
    gateway, site = clinic
    subject, audio = patient(gateway, "voxtral"), _phrases(2)
    with live(gateway) as client:
        client.say("start", patient=subject, contentType=PCM)
        client.wait_for("started")
        client.send(audio)
        _hear(client, 2)
        client.say("finish", offset=len(audio))
        client.wait_for("finished")
    assert site.settings == [{"model": "voxtral"}] * len(site.turns)


def _transcribed(gateway: GatewayProcess, media: str, body: dict[str, Any]) -> None:
    gateway.request("POST", f"/fhir/{media}/$transcribe", body)


def _ended(gateway: GatewayProcess, media: str, number: int = 1) -> dict[str, Any] | None:
    tasks = gateway.search(f"Task?focus={media}&code=transcribe&_sort=-_lastUpdated")
    done = [task for task in tasks if task["status"] in ("completed", "failed")]
    return done[0] if len(done) >= number else None
