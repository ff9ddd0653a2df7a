"""Speech is found in a stream as in a whole, and what is no speech is named."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.made_speech import voice
from ml.speech.audio import RATE
from ml.speech.loudness import PEAK, Loudness
from ml.speech.sound import Sound
from ml.speech.vad import LONGEST, PAD, Span, SpeechProbability, SpeechSpans
from tests.make_audio import silence, tone

NOISE = np.random.default_rng(1).normal(0, 0.1, 3 * RATE).astype(np.float32)


def spans(samples, block=RATE):
    """Spans of an array fed block by block."""
    finder = SpeechSpans()
    found = [
        span
        for at in range(0, samples.size, block)
        for span in finder.feed(samples[at : at + block])
    ]
    return [*found, *finder.finish()]


def test_voices_are_found_where_they_are():
    """Two stretches of speech are found, padded, and the silence between them is not."""
    first, second = spans(np.concatenate([silence(1), voice(3), silence(3), voice(2), silence(1)]))
    assert abs(first.start - RATE) <= PAD + 1024
    assert abs(first.end - 4 * RATE) <= 2 * PAD + 1024
    assert abs(second.start - 7 * RATE) <= PAD + 1024


@pytest.mark.parametrize("sound", [silence(3), tone(3), NOISE], ids=["silence", "tone", "noise"])
def test_what_is_no_speech_has_no_span(sound):
    """Silence, a tone and noise are not taken for speech."""
    assert spans(sound) == []


def test_speech_without_a_pause_is_cut_within_what_whisper_hears():
    """Seventy seconds without a pause become pieces of at most thirty, without a gap."""
    found = spans(voice(70))
    assert all(span.end - span.start <= LONGEST + PAD for span in found)
    assert all(a.end == b.start for a, b in pairwise(found))
    assert found[-1].end == 70 * RATE


@settings(max_examples=12, deadline=None)
@given(block=st.integers(min_value=1, max_value=3 * RATE))
def test_the_size_of_blocks_changes_nothing(block):
    """Spans are the same however a stream is cut into blocks."""
    samples = np.concatenate([silence(0.5), voice(2), silence(1), voice(1, seed=2)])
    assert spans(samples, max(block, 200)) == spans(samples)


def test_probabilities_of_a_stream_are_those_of_the_whole():
    """State is kept over blocks: probabilities do not depend on them."""
    samples = voice(4)
    stream = SpeechProbability()
    parts = [stream.feed(samples[at : at + 777]) for at in range(0, samples.size, 777)]
    assert np.allclose(np.concatenate(parts), SpeechProbability().feed(samples), atol=1e-4)


def test_needed_samples_are_never_let_go():
    """Every span begins at or after the sample that was said to be needed before it."""
    finder = SpeechSpans()
    samples = np.concatenate([silence(2), voice(2), silence(2), voice(40), silence(1)])
    for at in range(0, samples.size, RATE):
        needed = finder.needed
        for span in finder.feed(samples[at : at + RATE]):
            assert isinstance(span, Span)
            assert span.start >= needed


def _heard(samples):
    sound = Sound()
    for at in range(0, samples.size, RATE):
        sound.feed(samples[at : at + RATE])
    return sound


def test_clipped_silent_and_tonal_sound_is_told_apart():
    """Cut peaks, nothing at all and tones are each named, and a clean voice is none of the first two."""
    assert _heard(np.clip(6 * voice(3), -1, 1)).is_clipped
    assert _heard(silence(3)).is_silent
    assert _heard(tone(3)).is_tonal
    assert not _heard(NOISE).is_tonal
    clean = _heard(voice(3))
    assert not clean.is_clipped
    assert not clean.is_silent


@settings(max_examples=30, deadline=None)
@given(gain=st.floats(min_value=0.001, max_value=2.0), offset=st.floats(-0.3, 0.3))
def test_levelling_is_gentle(gain, offset):
    """Whatever the level, the levelled sound stays below its peak and comes near one loudness."""
    levels = Loudness()
    samples = (gain * voice(4) + offset).astype(np.float32)
    blocks = [levels.levelled(samples[at : at + RATE]) for at in range(0, samples.size, RATE)]
    last = blocks[-1]
    assert np.abs(np.concatenate(blocks)).max() <= PEAK + 0.02
    assert abs(float(last.mean())) < 0.02
    if gain > 0.01:
        assert 0.03 < float(np.sqrt(np.square(last).mean())) < 0.2
