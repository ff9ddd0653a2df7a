"""Live sessions over a real WebSocket on a real gateway: no sample lost, none doubled, bad input told."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.live.make_live import PCM, LiveClient, live, patient, speech, stored_audio


def _started(client: LiveClient, subject: str, **more: object) -> dict[str, object]:
    client.say("start", **{"patient": subject, "contentType": PCM, **more})
    return client.wait_for("started", "error")


def test_a_recording_becomes_a_media(clinic):
    """Start, audio, acknowledgement, finish: the Media has every sample, subject, language and roles."""
    subject, audio = patient(clinic, "normal"), speech(3)
    with live(clinic) as client:
        started = _started(client, subject, language="en", roles=["doctor"])
        assert started["recognition"] is False
        assert "recogniser" in started["text"]
        client.send(audio)
        assert client.acknowledged(len(audio)) == len(audio)
        client.say("finish", offset=len(audio))
        finished = client.wait_for("finished")
        assert (finished["complete"], finished["offset"]) == (True, len(audio))
        assert client.closed() == 1000
    media = clinic.get(finished["media"])
    assert media["subject"] == {"reference": subject}
    assert (media["status"], media["duration"]) == ("completed", 3)
    assert media["content"]["language"] == "en"
    assert media["extension"][0]["valueCode"] == "doctor"
    assert "note" not in media
    assert stored_audio(clinic, finished["media"]) == audio
    tasks = clinic.search(f"Task?focus={finished['media']}")
    assert [task["code"]["coding"][0]["code"] for task in tasks] == ["transcribe"]


def test_a_dropped_connection_goes_on_mid_word(clinic):
    """After a drop the client goes on at the offset it is told; frames that are sent twice count once."""
    subject, audio = patient(clinic, "dropped"), speech(4, seed=2)
    with live(clinic) as client:
        started = _started(client, subject)
        client.send(audio, 0, 67_200)
        known = client.acknowledged(1)
        client.drop()
    with live(clinic) as client:
        client.say("resume", session=started["session"], token=started["token"])
        resumed = client.wait_for("resumed")
        assert known <= resumed["offset"] <= 67_200
        client.send(audio, known)  # what was acknowledged last: some of it is there already
        client.say("finish", offset=len(audio))
        finished = client.wait_for("finished")
    assert stored_audio(clinic, finished["media"]) == audio


def test_finishing_twice_gives_one_media(clinic):
    """Whoever lost the answer to finish asks again with the token and gets the same Media."""
    subject, audio = patient(clinic, "twice"), speech(0.5)
    with live(clinic) as client:
        started = _started(client, subject)
        client.send(audio)
        client.say("finish")
        client.drop()
    seen = set()
    for _ in range(3):
        while True:
            with live(clinic) as client:
                client.say("resume", session=started["session"], token=started["token"])
                answer = client.wait_for("finished", "resumed", "error")
                if answer["type"] == "resumed":  # the drop came before the end of what was sent
                    client.send(audio, answer["offset"])
                    client.say("finish", offset=len(audio))
                    answer = client.wait_for("finished", "error")
            if answer["type"] == "finished":
                break
        seen.add(answer["media"])
        assert answer["offset"] == len(audio)
    assert seen == {f"Media/{started['session']}"}
    assert len(clinic.search(f"Media?subject={subject}")) == 1


def test_the_last_of_two_clients_goes_on(clinic):
    """A second connection takes the session over; the first is told and closed, and nothing is mixed."""
    subject, audio = patient(clinic, "two"), speech(2, seed=3)
    with live(clinic) as first, live(clinic) as second:
        started = _started(first, subject)
        first.send(audio, 0, 32_000)
        first.acknowledged(32_000)
        second.say("resume", session=started["session"], token=started["token"])
        assert second.wait_for("resumed")["offset"] == 32_000
        assert first.closed() == 4409
        second.send(audio, 32_000)
        second.say("finish", offset=len(audio))
        finished = second.wait_for("finished")
    assert stored_audio(clinic, finished["media"]) == audio


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ({"patient": ""}, 1003),
        ({"patient": "Patient/nobody"}, 1008),
        ({"patient": "Patient/../etc"}, 1003),
        ({"contentType": "audio/mpeg"}, 1003),
        ({"contentType": "audio/pcm;rate=1;channels=1"}, 1003),
        ({"contentType": "audio/pcm;rate=16000"}, 1003),
        ({"contentType": 7}, 1003),
        ({"roles": ["nurse"]}, 1003),
        ({"roles": ["doctor", "patient"]}, 1003),
        ({"language": "English!"}, 1003),
        ({"encounter": "Patient/x"}, 1003),
    ],
)
def test_a_start_that_is_wrong_is_told_why(clinic, start, code):
    """Every wrong member of start is a message with a reason and a close code; nothing is begun."""
    subject = patient(clinic, "wrong")
    with live(clinic) as client:
        client.say("start", **{"patient": subject, "contentType": PCM, **start})
        assert client.wait_for("error", "started")["type"] == "error"
        assert client.closed() == code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", 1003),
        (b"\0\0\0\0", 1003),
        (b"\0\0\0\0abc", 1003),
        (b"\0\0\0\1ab", 1003),
        (b"\0\0\x10\0ab", 1003),
        (b"\0\0\0\0" + bytes(1_000_001), 1009),
        ("no JSON", 1003),
        ("[]", 1003),
        ('{"type": "dance"}', 1003),
        ('{"type": "start"}', 1003),
        ('{"type": "finish", "offset": 99}', 1003),
        ("x" * 20_000, 1009),
    ],
)
def test_what_is_no_message_is_told_and_the_session_goes_on(clinic, sent, code):
    """Empty, odd, early and large frames and garbage close the connection; the session can be resumed."""
    subject, audio = patient(clinic, "garbage"), speech(0.1)
    with live(clinic) as client:
        started = _started(client, subject)
        client.socket.send(sent)
        assert client.wait_for("error")["text"]
        assert client.closed() == code
    with live(clinic) as client:
        client.say("resume", session=started["session"], token=started["token"])
        assert client.wait_for("resumed")["offset"] == 0
        client.send(audio)
        client.say("finish", offset=len(audio))
        assert client.wait_for("finished")["complete"]


def test_audio_before_a_start_and_a_wrong_token_are_refused(clinic):
    """Nobody records without start, and nobody resumes what is not his."""
    subject = patient(clinic, "token")
    with live(clinic) as client:
        client.frame(0, b"ab")
        assert client.wait_for("error")
        assert client.closed() == 1003
    with live(clinic) as client:
        started = _started(client, subject)
        with live(clinic) as thief:
            thief.say("resume", session=started["session"], token="é" * 64)
            assert thief.wait_for("error")["code"] == "forbidden"
            assert thief.closed() == 1008
        with live(clinic) as odd:
            odd.say("resume", session="../../store", token=started["token"])
            assert odd.closed() == 1008
        client.say("finish")
        assert client.wait_for("finished")["media"] is None


def test_a_stream_of_a_browser_is_kept_as_it_comes(clinic):
    """Ogg or WebM pages are stored byte for byte under their own type; segments are said not to come."""
    subject, stream = patient(clinic, "opus"), b"OggS" + bytes(range(251)) * 3
    with live(clinic) as client:
        client.say("start", patient=subject, contentType="audio/ogg; codecs=opus")
        assert client.wait_for("started")["recognition"] is False
        client.frame(0, stream[:101])
        client.frame(101, stream[101:])
        client.say("finish", offset=len(stream))
        finished = client.wait_for("finished")
    media = clinic.get(finished["media"])
    assert media["content"]["contentType"] == "audio/ogg"
    assert media["content"]["size"] == len(stream)
    assert "duration" not in media


def test_a_page_from_elsewhere_may_not_record(clinic):
    """A browser's foreign Origin is refused before the handshake; the gateway's own pages may."""
    with pytest.raises(InvalidStatus) as refused, live(clinic, Origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    with live(clinic, Origin=clinic.base) as client:
        client.say("resume")
        assert client.wait_for("error")


def test_a_patient_who_says_stop_is_not_kept(clinic):
    """`stop` ends at once; unless the site keeps it, nothing of the audio is left anywhere."""
    subject = patient(clinic, "stop")
    with live(clinic) as client:
        started = _started(client, subject)
        client.send(speech(1))
        client.acknowledged(32_000)
        client.say("stop")
        stopped = client.wait_for("stopped")
        assert (stopped["media"], stopped["offset"]) == (None, 0)
        assert client.closed() == 1000
    assert not (clinic.data / "live" / started["session"]).exists()
    assert clinic.search(f"Media?subject={subject}") == []


def test_the_pages_and_the_endpoint_are_no_sockets(clinic):
    """An upgrade anywhere else is refused, and plain requests are answered as before."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert clinic.request("GET", "/livez")[0] == 200
    status, _, _ = clinic.request("GET", "/fhir/metadata", headers=headers)
    assert status < 500
