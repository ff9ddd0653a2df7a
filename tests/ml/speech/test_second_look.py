"""What an engine elsewhere has answered gets the same distrust as what our own has."""

import numpy as np
import pytest

from conformance.audio_file import write_audio
from conformance.made_speech import voice
from ml.speech.second_look import doubtful, second_look, speech_in
from profiles.speech_records import Segment, Transcript
from tests.make_audio import silence, tone

NAMES = ("metformin", "hydroxyzine", "lisinopril")


def _looked_at(*texts, spoken=None, seconds=3.0):
    segments = tuple(
        Segment(number, seconds * number, seconds * (number + 1), text)
        for number, text in enumerate(texts)
    )
    given = Transcript("openai-compatible", "m", "en", None, segments)
    return second_look(given, NAMES, spoken)


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("I take hydralazine at night.", "drug-name"),
        ("metformin, hydroxyzine, lisinopril", "low-confidence"),
        ("so " * 60, "repetition"),
        ("a word " * 3 + "and very many more of them than anybody can say " * 4, "low-confidence"),
        ("She takes metformin.", None),
    ],
)
def test_what_a_text_gives_reason_to_doubt_is_marked(text, flag):
    """Confused drug names, names read aloud, loops and words too fast; a good sentence has no mark."""
    (segment,) = _looked_at(text).segments
    assert flag in segment.flags if flag else segment.flags == ()


def test_a_loop_is_said_once_and_marked_with_a_remark():
    """The words of a loop stay once; a remark names the segment."""
    looked = _looked_at("It hurts here. " + "And here too. " * 6)
    (segment,) = looked.segments
    assert segment.text == "It hurts here. And here too."
    assert [(one.kind, one.segments) for one in looked.remarks] == [("repetition", (0,))]


def test_a_drug_name_that_may_be_confused_is_never_changed():
    """The word stays as it was heard."""
    assert _looked_at("I take hydralazine.").segments[0].text == "I take hydralazine."


def test_a_sentence_that_comes_a_third_time_is_marked():
    """A loop over segments is one, too; what is said twice is not."""
    looked = _looked_at(*["Thanks for watching."] * 4)
    assert ["repetition" in one.flags for one in looked.segments] == [False, False, True, True]


def test_words_where_nobody_speaks_are_marked_as_no_speech():
    """Segments outside of all speech are kept for a person, and a note does not use them."""
    looked = _looked_at("Good morning.", "Thanks for watching.", spoken=[(0.2, 2.5)])
    assert [one.flags for one in looked.segments] == [(), ("no-speech",)]


def test_segments_without_times_are_not_said_to_be_unspoken():
    """What has no place in the recording cannot be outside of its speech."""
    given = Transcript("e", "m", "en", None, (Segment(0, None, None, "Good morning."),))
    assert second_look(given, (), [(0.0, 0.1)]).segments[0].flags == ()


def test_a_doubtful_answer_is_worth_a_second_try():
    """Names read aloud and loops are; a sentence is not."""
    assert doubtful([Segment(0, 0.0, 3.0, "metformin, hydroxyzine, lisinopril")], NAMES)
    assert doubtful([Segment(0, 0.0, 3.0, "so " * 60)], ())
    assert not doubtful([Segment(0, 0.0, 3.0, "She takes metformin.")], NAMES)


def test_speech_is_found_where_it_is(tmp_path):
    """Of silence, speech and a tone the speech is found, of silence alone nothing."""
    mixed = np.concatenate([silence(2), voice(3), silence(2), tone(2)])
    ((start, end),) = speech_in(write_audio(tmp_path / "m.wav", mixed, rate=16_000))
    assert 1.5 < start < 2.3
    assert 4.6 < end < 5.5
    assert speech_in(write_audio(tmp_path / "s.wav", silence(2), rate=16_000)) == ()
