"""Recordings are decoded in blocks, whatever they come in, and refused clearly."""

import tracemalloc
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.audio_file import FORMATS, write_audio
from ml.speech.audio import BLOCK, RATE, Recording, mixed
from profiles.outcome import OperationOutcomeError
from tests.make_audio import silence, tone

PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
SIGNATURES = [b"RIFF\xff\x00\x00\x00WAVE", b"fLaC", b"OggS", b"\xff\xfb\x90", b"ID3"]


def _pitch(samples):
    """Frequency with the most energy, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples[:RATE]))
    return int(spectrum.argmax())


@pytest.mark.parametrize("extension", sorted(FORMATS))
def test_every_format_keeps_its_channels_apart(extension, tmp_path):
    """Each format gives two channels at 16 kHz, in their order and of their length."""
    path = write_audio(tmp_path / f"a.{extension}", tone(3, 440), tone(3, 880))
    recording = Recording(path, channels=2)
    blocks = list(recording.blocks())
    assert [block.shape for block in blocks[:3]] == [(2, BLOCK)] * 3
    samples = np.concatenate(blocks, axis=1)
    assert [_pitch(channel) for channel in samples] == [440, 880]
    assert abs(samples.shape[1] / RATE - 3) < 0.1
    assert not recording.damage.ended_early
    assert recording.damage.packets == 0


@pytest.mark.parametrize("extension", sorted(set(FORMATS) - {"m4a"}))
def test_what_is_left_of_a_cut_file_is_decoded(extension, tmp_path):
    """A file cut in half gives its first half and says that it ends early."""
    whole = write_audio(tmp_path / f"a.{extension}", tone(4))
    cut = tmp_path / f"cut.{extension}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    recording = Recording(cut)
    seconds = sum(block.shape[1] for block in recording.blocks()) / RATE
    assert 1 < seconds < 3
    assert recording.damage.ended_early


def test_a_cut_mp4_without_its_index_is_refused(tmp_path):
    """An MP4 whose index is cut off cannot be decoded and is refused as broken."""
    whole = write_audio(tmp_path / "a.m4a", tone(2))
    cut = tmp_path / "cut.m4a"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(OperationOutcomeError, match="broken or cut off"):
        Recording(cut)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "structure"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "media-type"),
        (PLAYLIST, "media-type"),
        (b"fLaC" + bytes(60), "structure"),
        (b"RIFF\x24\x00\x00\x00WAVE", "structure"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "structure"),
    ],
)
def test_what_is_no_recording_is_refused(content, kind, tmp_path):
    """Empty, foreign and hollow files are refused with a kind, and no playlist is followed."""
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(OperationOutcomeError) as refused:
        list(Recording(path, "audio/wav").blocks())
    assert refused.value.kind_name == kind


def test_a_header_without_samples_is_refused(tmp_path):
    """A recording of no length at all is refused."""
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
    with pytest.raises(OperationOutcomeError, match="no sound"):
        list(Recording(path).blocks())


def test_a_file_that_is_not_there_is_said(tmp_path):
    """A missing file is not-found, without its path in the text."""
    with pytest.raises(OperationOutcomeError) as refused:
        Recording(tmp_path / "gone.wav")
    assert refused.value.kind_name == "not-found"
    assert str(tmp_path) not in refused.value.diagnostics


def test_too_long_a_recording_is_refused_before_and_while_decoding(tmp_path):
    """The announced duration refuses at once, and one that is not announced stops at the limit."""
    path = write_audio(tmp_path / "a.flac", silence(5))
    with pytest.raises(OperationOutcomeError, match="longer than"):
        Recording(path, longest_s=2)
    endless = Recording(path, longest_s=6)
    endless._longest_s = 2
    with pytest.raises(OperationOutcomeError, match="longer than"):
        list(endless.blocks())


def test_the_bytes_decide_what_a_file_is(tmp_path):
    """A FLAC declared as WAV is decoded and the difference is noted; a rightful name is not."""
    path = write_audio(tmp_path / "a.flac", tone(1))
    wrong = Recording(path, "audio/wav")
    assert wrong.declared_otherwise
    assert sum(block.shape[1] for block in wrong.blocks()) == RATE
    assert not Recording(path, "audio/flac; rate=16000").declared_otherwise


def test_other_channels_than_asked_for_are_mixed(tmp_path):
    """A file with two channels of which nobody knows the roles becomes one."""
    path = write_audio(tmp_path / "a.wav", tone(1, 440), tone(1, 880))
    recording = Recording(path)
    assert next(recording.blocks()).shape == (1, RATE)
    assert recording.damage.channels == 2


def test_opposite_channels_do_not_cancel_out():
    """A microphone wired in opposite polarity is heard all the same."""
    loud = tone(1)
    assert np.abs(mixed(np.stack([loud, -loud]))).max() > 0.2


def test_memory_does_not_grow_with_the_recording(tmp_path):
    """Ten minutes are read within the memory that two need."""
    path = write_audio(tmp_path / "a.flac", np.tile(silence(60), 10), rate=16_000)
    tracemalloc.start()
    for _ in Recording(path).blocks():
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


@settings(max_examples=40, deadline=None)
@given(head=st.sampled_from(SIGNATURES), noise=st.binary(max_size=600))
def test_any_bytes_are_decoded_or_refused(tmp_path_factory, head, noise):
    """Whatever follows a signature ends in samples or in a refusal, never in another error."""
    path = tmp_path_factory.mktemp("noise") / "a"
    path.write_bytes(head + noise)
    try:
        for block in Recording(path).blocks():
            assert block.dtype == np.float32
    except OperationOutcomeError:
        pass
