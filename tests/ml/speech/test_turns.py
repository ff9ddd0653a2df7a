"""A stream is cut into turns at pauses, and nothing that is loud is left out."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.made_speech import voice
from ml.speech.audio import RATE
from ml.speech.turns import FRAME, LONGEST, Turns
from tests.make_audio import silence


def _parts(samples, size=1600):
    turns = Turns()
    return [
        part for at in range(0, samples.size, size) for part in turns.feed(samples[at : at + size])
    ]


def _spans(parts):
    found = {}
    for part in parts:
        start, _ = found.get(part.turn, (part.start, 0))
        found[part.turn] = (start, part.start + part.samples.size)
    return [(start / RATE, end / RATE) for start, end in found.values()]


def test_what_is_said_between_two_pauses_is_a_turn():
    """Two phrases are two turns, each with its soft beginning and its pause; silence between is left out."""
    spans = _spans(_parts(np.concatenate([silence(2), voice(2), silence(3), voice(1), silence(2)])))
    assert len(spans) == 2
    for (start, end), (begun, ended) in zip(spans, [(2, 4), (7, 8)], strict=True):
        assert begun - 0.55 <= start <= begun
        assert ended + 0.3 <= end <= ended + 1.0


def test_a_loud_room_does_not_hide_the_pauses():
    """With noise below the voice the turns are found all the same."""
    said = np.concatenate([voice(2), silence(2), voice(2, 2), silence(2)])
    noise = np.random.default_rng(1).normal(0, 0.004, said.size).astype(np.float32)
    ends = [end for _, end in _spans(_parts(said + noise))]
    assert any(2.3 <= end <= 3 for end in ends)


def test_who_speaks_without_a_pause_is_cut_and_nothing_is_missing():
    """A long speech is several turns that follow one another without a gap."""
    spans = _spans(_parts(voice(50)))
    assert len(spans) == 3
    assert all(end - start <= LONGEST * FRAME / RATE for start, end in spans)
    assert all(after[0] == before[1] for before, after in pairwise(spans))


def test_a_long_turn_ends_at_a_short_pause():
    """A breath ends a turn that has gone on for long, and no turn that has just begun."""
    spans = _spans(
        _parts(np.concatenate([voice(1), silence(0.4), voice(6), silence(0.4), voice(1)]))
    )
    assert len(spans) == 2
    assert 7.3 < spans[0][1] < 7.9


def test_the_end_of_a_stream_ends_its_turn():
    """What was said last has all of its samples, and none when nothing goes on."""
    turns, said = Turns(), voice(1)[:15_999]
    parts = [*turns.feed(said), *turns.finish()]
    assert parts[-1].ends
    assert parts[-1].start + parts[-1].samples.size == said.size
    assert list(turns.finish()) == []


def test_silence_is_no_turn():
    """Where nothing can be heard an engine is sent nothing."""
    assert _parts(silence(5)) == []


SAID = voice(1.2, 7)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=6),
    st.sampled_from([37, 160, 319, 320, 1600, 3999]),
)
def test_parts_are_what_was_said_in_its_order(pieces, size):
    """However a stream is fed, its parts are stretches of it, none twice and none out of order."""
    made = [SAID[: n * 1600] if loud else silence(n / 10) for loud, n in pieces]
    samples = np.concatenate([silence(0.1), *made]).astype(np.float32)
    parts = _parts(samples, size)
    for part in parts:
        assert np.array_equal(part.samples, samples[part.start : part.start + part.samples.size])
    for before, after in pairwise(parts):
        assert before.start + before.samples.size <= after.start
        assert (after.turn == before.turn + 1) is before.ends
    left = np.ones(samples.size, bool)
    for part in parts:
        left[part.start : part.start + part.samples.size] = False
    quiet = samples[left]
    assert quiet.size == 0 or np.sqrt(np.square(quiet).mean()) < 0.2
