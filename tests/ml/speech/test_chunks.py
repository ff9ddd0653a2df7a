"""Chunks hold all of the speech, and their times lead back into the recording."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.made_speech import voice
from ml.speech import chunks
from ml.speech.audio import RATE
from ml.speech.chunks import FRAME, LONGEST, Chunk, Chunker, Levels
from ml.speech.vad import Span
from tests.make_audio import silence


def chunked(samples, block=RATE):
    """Chunks of an array."""
    chunker = Chunker(0)
    found = [
        chunk
        for at in range(0, samples.size, block)
        for chunk in chunker.feed(samples[at : at + block])
    ]
    return [*found, *chunker.finish()]


def test_speech_is_packed_and_silence_left_out():
    """Three utterances far apart are one chunk that holds no silence but the padding."""
    parts = [silence(5), voice(6), silence(20), voice(6, seed=2), silence(20), voice(6, seed=3)]
    (chunk,) = chunked(np.concatenate(parts))
    assert len(chunk.spans) == 3
    assert 17 < chunk.duration_s < 20
    assert chunk.samples.size == sum(span.end - span.start for span in chunk.spans)


def test_no_chunk_is_longer_than_whisper_hears():
    """Two minutes of speech become chunks of at most 30 seconds that follow each other."""
    samples = np.concatenate([piece for n in range(8) for piece in (voice(14, seed=n), silence(1))])
    found = chunked(samples)
    assert all(chunk.samples.size <= LONGEST for chunk in found)
    assert all(chunk.samples.size % FRAME == 0 for chunk in found)
    spans = [span for chunk in found for span in chunk.spans]
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert sum(chunk.duration_s for chunk in found) > 8 * 13.5


def test_samples_are_those_of_their_place(monkeypatch):
    """Each span of a chunk holds exactly the samples of the recording that it names."""

    class Untouched:
        def levelled(self, samples):
            """The samples as they are."""
            return samples

    monkeypatch.setattr(chunks, "Loudness", Untouched)
    samples = np.concatenate([silence(2), voice(40), silence(3), voice(9, seed=2), silence(1)])
    for chunk in chunked(samples, 7000):
        there = np.concatenate([samples[span.start : span.end] for span in chunk.spans])
        assert np.array_equal(chunk.samples, there)


SPANS = st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 60)), min_size=1, max_size=8)


@given(SPANS, st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_every_moment_of_a_chunk_lies_in_one_of_its_spans(described, share):
    """A time within a chunk leads to a time within the span that holds it, and order is kept."""
    spans, at = [], 0
    for gap, frames in described:
        spans.append(Span(at + gap, at + gap + frames * FRAME))
        at = spans[-1].end
    size = sum(span.end - span.start for span in spans)
    chunk = Chunk(0, np.zeros(size, np.float32), tuple(spans))
    moment = share * chunk.duration_s
    number = chunk.span_at(moment)
    recorded = chunk.recorded(moment, number)
    assert spans[number].start / RATE - 0.01 <= recorded <= spans[number].end / RATE + 0.01
    later = min(chunk.duration_s, moment + 0.5)
    assert chunk.recorded(later, chunk.span_at(later)) >= recorded - 0.011


def test_levels_are_those_of_the_stretch():
    """The loudness of a stretch is that of its own tenths of a second."""
    levels = Levels()
    levels.feed(np.concatenate([np.full(RATE, 0.1), np.full(RATE, 0.5)]).astype(np.float32))
    assert abs(levels.between(0, 1) - 0.1) < 0.001
    assert abs(levels.between(1.2, 1.8) - 0.5) < 0.001
    assert levels.between(9, 10) == 0.0
