"""A recording that is too large for a speech server is cut in its pauses, and nothing is lost."""

import io
import wave

import numpy as np
import pytest

from conformance.audio_file import write_audio
from conformance.made_speech import voice
from ml.speech.audio import RATE
from ml.speech.pieces import HEAD, wav_pieces
from profiles.outcome import OperationOutcomeError
from tests.make_audio import silence


def _length(content):
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return file.getnframes()


def test_pieces_follow_one_another_and_are_cut_in_pauses(tmp_path):
    """Each piece fits and begins where the one before ends; the cuts lie in the silences."""
    sound = np.concatenate([voice(4), silence(1), voice(4, seed=2), silence(1), voice(3, seed=3)])
    path = write_audio(tmp_path / "a.wav", sound)
    most = HEAD + 2 * 6 * RATE
    pieces = list(wav_pieces(path, most))
    assert len(pieces) == 3
    end = 0
    for start_s, content in pieces:
        assert len(content) <= most
        assert start_s == end / RATE
        end += _length(content)
    assert abs(end / RATE - 13) < 0.1
    assert 3.9 <= pieces[1][0] <= 5.1
    assert 8.9 <= pieces[2][0] <= 10.1


def test_a_limit_below_a_second_is_refused(tmp_path):
    """Pieces of which none is long enough for a word are not made."""
    path = write_audio(tmp_path / "a.wav", voice(2))
    with pytest.raises(OperationOutcomeError) as error:
        list(wav_pieces(path, 1000))
    assert error.value.kind_name == "too-costly"
