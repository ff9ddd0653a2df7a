"""Opus packets: what RFC 6716 allows is counted, what it does not is refused, and their Ogg stream plays."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.blobs import BlobFolder
from gateway.live.media import keep_audio
from gateway.live.messages import Start
from gateway.live.ogg import checksum, ogg, packets_in
from gateway.live.opus import RATE, samples_of
from gateway.live.packet_recording import PacketRecording
from gateway.live.session_folder import create, found
from ml.speech.audio import Recording
from profiles.outcome import OperationOutcomeError
from tests.live.make_live import opus_packets

START = Start("Patient/1", "audio/opus", "2026-01-01T00:00:00Z", rate=RATE, channels=1)
MOST = 1_000_000


def _toc(configuration: int, code: int) -> bytes:
    return bytes([configuration << 3 | code])


@pytest.mark.parametrize(
    ("packet", "ms"),
    [
        (_toc(0, 0), 10),  # one frame that was not sent: silence by the encoder's own word
        (_toc(3, 0) + bytes(1275), 60),
        (_toc(12, 0) + b"x", 10),
        (_toc(31, 0) + b"x", 20),
        (_toc(16, 0) + b"x", 2.5),
        (_toc(31, 1) + b"xx", 40),
        (_toc(31, 2) + b"\x01xyy", 40),
        (_toc(31, 2) + b"\xfc\x00" + bytes(252) + b"y", 40),
        (_toc(31, 3) + b"\x03abc", 60),
        (_toc(31, 3) + b"\x83\x01\x02abbccc", 60),
        (_toc(31, 3) + b"\x43\x02abc\0\0", 60),
        (_toc(31, 3) + b"\x41\xff\x01a" + bytes(255), 20),
        (_toc(31, 3) + b"\x06abcdef", 120),
    ],
)
def test_a_packet_sounds_as_long_as_it_says(packet, ms):
    """Every code of frames, padding and both ways to write a length."""
    assert samples_of(packet) == ms * RATE / 1000


@pytest.mark.parametrize(
    ("packet", "rule"),
    [
        (b"", "R1"),
        (_toc(31, 0) + bytes(1276), "R2"),
        (_toc(31, 1) + b"x", "R3"),
        (_toc(31, 2), "R4"),
        (_toc(31, 2) + b"\x05abc", "R4"),
        (_toc(31, 2) + b"\xfc", "R4"),
        (_toc(31, 3), "R6"),
        (_toc(31, 3) + b"\x00", "R5"),
        (_toc(31, 3) + b"\x07abcdefg", "R5"),
        (_toc(31, 3) + b"\x02abc", "R6"),
        (_toc(31, 3) + b"\x42\xff\xff", "R6"),
        (_toc(31, 3) + b"\x43\x09abc", "R6"),
        (_toc(31, 3) + b"\x83\x09\x02abbccc", "R7"),
    ],
)
def test_a_packet_that_breaks_a_rule_is_refused_by_its_name(packet, rule):
    """Empty, too large, too long and inconsistent packets are named by the rule of RFC 6716 3.4."""
    with pytest.raises(OperationOutcomeError, match=rule):
        samples_of(packet)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_refused(packet):
    """No bytes raise anything but an error of ours, and what is a packet lasts at most 120 ms."""
    try:
        assert 0 < samples_of(packet) <= RATE * 12 // 100
    except OperationOutcomeError:
        return


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_the_format(page):
    """As RFC 3533 defines it, bit by bit."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF
    assert checksum(page) == register


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 1275), min_size=1, max_size=200))
def test_every_packet_is_in_the_stream_once(sizes):
    """Whatever their sizes, packets come out of the pages as they went in."""
    packets = [_toc(31, 0) + bytes([size % 251]) * size for size in sizes]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.ogg"
        file.write_bytes(b"".join(ogg(packets, 1, 7)))
        assert packets_in(file) == len(packets)
        content = file.read_bytes()
        assert all(packet in content for packet in packets)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_stream_plays(tmp_path, channels):
    """FFmpeg decodes what an encoder has packed: as long and as loud as it was, in as many channels."""
    packets = opus_packets(3.0, channels)
    file = tmp_path / "a.ogg"
    file.write_bytes(b"".join(ogg(packets, channels, 1)))
    recording = Recording(file, "audio/ogg; codecs=opus", channels=channels)
    samples = np.concatenate(list(recording.blocks()), axis=1)
    assert math.isclose(
        samples.shape[1] / 16_000, sum(map(samples_of, packets)) / RATE, abs_tol=0.05
    )
    assert 0.2 < np.abs(samples).max() < 0.5
    damage = recording.damage
    assert (damage.packets, damage.ended_early, damage.channels) == (0, False, channels)
    assert not recording.declared_otherwise


_STEPS = st.lists(
    st.one_of(st.integers(0, 12), st.sampled_from(["sync", "crash", "empty"])), max_size=25
)


@settings(max_examples=50, deadline=None)
@given(_STEPS, st.integers(0, 60))
def test_any_order_of_packets_gives_a_beginning_of_them(steps, torn):
    """Packets count once in whatever order they come, and a crash costs at most what was not whole."""
    packets = [_toc(31, 0) + bytes([n]) * (n + 1) for n in range(13)]
    with TemporaryDirectory() as folder:
        recording = create(Path(folder) / "live" / "s", START)
        holder = recording.attach(lambda: None)
        for step in steps:
            if step == "sync":
                assert recording.sync() == recording.received
            elif step == "crash":
                before = recording.received
                recording.close()
                whole = recording.path.read_bytes()
                recording.path.write_bytes(whole[: max(len(whole) - torn, 0)] + b"\0\0\0")
                again = found(recording.folder)
                assert isinstance(again, PacketRecording)
                assert again.received <= before
                recording, holder = again, again.attach(lambda: None)
            elif step == "empty":
                with pytest.raises(OperationOutcomeError, match="R1"):
                    recording.append(holder, recording.received, b"", MOST)
            elif step > recording.received:
                with pytest.raises(OperationOutcomeError, match="the next packet"):
                    recording.append(holder, step, packets[step], MOST)
            else:
                recording.append(holder, step, packets[step], MOST)
        count = recording.seal()
        assert recording.duration_s == count * 0.02
        kept = keep_audio(recording, BlobFolder(Path(folder) / "blobs"))
        stream = BlobFolder(Path(folder) / "blobs").path(kept.digest)
        assert packets_in(stream) == count
        assert all(packet in stream.read_bytes() for packet in packets[:count])
        recording.remove()
