"""Audio waveform objects are read as the recordings that they hold."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import TwelveLeadECGWaveformStorage

from ml.speech.audio import RATE, Recording
from ml.speech.waveform import BASIC_VOICE, read_waveform
from ml.speech.waveform_wav import wav_of
from profiles.outcome import OperationOutcomeError
from tests.make_waveform import write_waveform


def _tone(frequency, rate=8000, seconds=2):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(rate * seconds) / rate)


def _pitch(samples):
    return int(np.abs(np.fft.rfft(samples[:RATE])).argmax())


def _mu_law(samples):
    """ITU-T G.711, by its formula."""
    pressed = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log1p(255)
    code = np.minimum(127, np.abs(pressed) * 128).astype(np.uint8)
    return (~(code | np.where(samples < 0, 0x80, 0).astype(np.uint8))).tobytes()


@pytest.mark.parametrize(
    ("interpretation", "content", "little"),
    [
        ("SS", (32767 * _tone(440)).astype("<i2").tobytes(), True),
        ("SS", (32767 * _tone(440)).astype(">i2").tobytes(), False),
        ("UB", (127 * _tone(440) + 128).astype("u1").tobytes(), True),
        ("SB", (127 * _tone(440)).astype("i1").tobytes(), True),
        ("MB", _mu_law(_tone(440)), True),
    ],
)
def test_every_coding_of_samples_is_heard(interpretation, content, little, tmp_path):
    """Linear samples of both byte orders and mu-law give the tone that was stored, at its level."""
    path = write_waveform(
        tmp_path / "a.dcm", content, interpretation=interpretation, sop=BASIC_VOICE, little=little
    )
    recording = Recording(path, "application/dicom")
    samples = np.concatenate(list(recording.blocks()), axis=1)[0]
    assert samples.size == 2 * RATE
    assert _pitch(samples) == 440
    assert 0.4 < np.abs(samples[1000:-1000]).max() < 0.6
    assert not recording.declared_otherwise
    assert not recording.damage.ended_early
    played = tmp_path / "a.wav"
    played.write_bytes(wav_of(read_waveform(path)))
    again = Recording(played, "audio/wav")
    assert np.array_equal(np.concatenate(list(again.blocks()), axis=1)[0], samples)
    assert not again.damage.ended_early


def test_two_channels_stay_apart(tmp_path):
    """Interleaved channels come out one by one, in their order."""
    both = np.stack([_tone(440, 44_100), _tone(880, 44_100)], axis=1)
    content = (32767 * both).astype("<i2").tobytes()
    path = write_waveform(tmp_path / "a.dcm", content, channels=2, rate=44_100)
    samples = np.concatenate(list(Recording(path, channels=2).blocks()), axis=1)
    assert [_pitch(channel) for channel in samples] == [440, 880]


def test_fewer_samples_than_declared_are_said(tmp_path):
    """A waveform that is shorter than its number of samples ends early."""
    path = write_waveform(tmp_path / "a.dcm", bytes(8_000))
    content, declared = path.read_bytes(), (4_000).to_bytes(4, "little")
    assert declared in content
    path.write_bytes(content.replace(declared, (40_000).to_bytes(4, "little"), 1))
    recording = Recording(path)
    list(recording.blocks())
    assert recording.damage.ended_early


def test_an_electrocardiogram_is_no_audio(tmp_path):
    """Other waveform objects are refused as what they are not."""
    path = write_waveform(tmp_path / "a.dcm", bytes(100), sop=TwelveLeadECGWaveformStorage)
    with pytest.raises(OperationOutcomeError, match="no audio waveform") as refused:
        Recording(path)
    assert refused.value.kind_name == "media-type"


@given(at=st.integers(min_value=132, max_value=600), byte=st.integers(0, 255))
@settings(max_examples=40, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_object_is_read_or_refused(tmp_path_factory, at, byte):
    """Whatever byte is wrong, the answer is samples or a refusal."""
    path = write_waveform(tmp_path_factory.mktemp("dicom") / "a.dcm", bytes(400))
    content = bytearray(path.read_bytes())
    content[at % len(content)] = byte
    path.write_bytes(content)
    with suppress(OperationOutcomeError):
        list(Recording(path).blocks())
