"""Single Opus packets over a real WebSocket: every one is kept once, and the recording plays."""

import urllib.request

import numpy as np
import pytest

from ml.speech.audio import Recording
from tests.live.make_live import LiveClient, live, opus_packets, patient

OPUS = "audio/opus;channels=1"


def _send(client: LiveClient, packets: list[bytes], start: int, end: int) -> None:
    for number in range(start, end):
        client.frame(number, packets[number])


def _stored(gateway, reference, path):
    """The file of a Media."""
    media = gateway.get(reference)
    address = f"{gateway.base}/fhir/{media['content']['url']}"
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own
        assert answer.headers["content-type"] == media["content"]["contentType"]
        path.write_bytes(answer.read())
    assert path.stat().st_size == media["content"]["size"]
    return path


@pytest.mark.parametrize(
    ("bad", "said"),
    [(b"", "some audio"), (b"\xff\x00", "R5"), (b"\xff\x82\x09a", "R7"), (b"\xfd\0", "R3")],
    ids=["zero-length", "no frames", "frames too long", "odd"],
)
def test_a_packet_that_is_none_costs_no_other(clinic, bad, said, tmp_path):
    """A bad packet is told with its rule; the client goes on with the next, and all others are there."""
    subject, packets = patient(clinic, "opus-packets"), opus_packets(2)
    with live(clinic) as client:
        client.say("start", patient=subject, contentType=OPUS)
        started = client.wait_for("started", "error")
        assert (started["offset"], started["recognition"]) == (0, False)
        _send(client, packets, 0, 40)
        client.frame(40, bad)
        error = client.wait_for("error")
        assert said in error["text"]
        assert client.closed() == 1003
    with live(clinic) as client:
        client.say("resume", session=started["session"], token=started["token"])
        assert client.wait_for("resumed", "error")["offset"] == 40
        _send(client, packets, 35, len(packets))
        client.say("finish", offset=len(packets))
        finished = client.wait_for("finished", "error")
        assert (finished["offset"], finished["complete"]) == (len(packets), True)
    media = clinic.get(finished["media"])
    assert media["duration"] == pytest.approx(len(packets) * 0.02)
    recording = Recording(_stored(clinic, finished["media"], tmp_path / "a.ogg"))
    samples = np.concatenate(list(recording.blocks()), axis=1)[0]
    assert samples.size == pytest.approx(16_000 * len(packets) * 0.02, abs=200)
    assert not recording.damage.packets
    with live(clinic) as client:
        client.say("resume", session=started["session"], token=started["token"])
        again = client.wait_for("finished", "error")
    assert (again["media"], again["offset"]) == (finished["media"], len(packets))


def test_a_gap_of_packets_is_refused(clinic):
    """A packet that is not the next one is told which one is; so is a format that Opus does not have."""
    subject, packets = patient(clinic, "opus-gap"), opus_packets(0.1)
    with live(clinic) as client:
        client.say("start", patient=subject, contentType=OPUS)
        client.wait_for("started")
        client.frame(3, packets[3])
        assert "packet is number 0" in client.wait_for("error")["text"]
    for wrong in ("audio/opus;channels=3", "audio/opus;rate=16000", "audio/opus;channels=1;x=1"):
        with live(clinic) as client:
            client.say("start", patient=subject, contentType=wrong)
            assert client.wait_for("error", "started")["code"] == "value"
            assert client.closed() == 1003
