"""A recording that is too large at once is cut in its pauses, and nothing of it is lost."""

import io
import wave

import numpy as np
import pytest

from ml.speech.audio import RATE
from ml.speech.pieces import HEAD, pieces
from profiles.outcome import OperationOutcomeError
from tests.make_audio import silence, tone


def _written(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())


def _samples(piece):
    with wave.open(io.BytesIO(piece)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_every_sample_is_in_one_piece_and_cuts_lie_in_pauses(tmp_path):
    """Two minutes with pauses become pieces below the limit; joined they are the recording again."""
    path, most = tmp_path / "visit.wav", 2 * 40 * RATE + HEAD
    spoken = np.concatenate([part for _ in range(10) for part in (tone(11), silence(1))])
    _written(path, spoken)
    found = list(pieces(path, most))
    assert len(found) >= 3
    assert all(len(piece) <= most for _, piece in found)
    joined = np.concatenate([_samples(piece) for _, piece in found])
    assert joined.size == spoken.size
    assert np.abs(joined.astype(int) - (spoken * 32_767).astype(int)).max() <= 1
    for start_s, _ in found[1:]:
        assert 11 <= start_s % 12 <= 12, "the cut lies in a pause"


def test_a_limit_of_a_few_seconds_is_refused(tmp_path):
    """A server that takes less than half a minute is not fed in crumbs."""
    with pytest.raises(OperationOutcomeError, match="half a minute"):
        list(pieces(tmp_path / "none", 100_000))
