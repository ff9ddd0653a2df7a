"""Guards against invented words, with an engine that says what it is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.audio_file import write_audio
from conformance.made_speech import voice
from ml.speech.channels import merged
from ml.speech.chunks import Levels
from ml.speech.drug_names import Names, edits, is_near, sound
from ml.speech.engine import Heard
from ml.speech.guards import bare, loop_at, loops, reads_aloud, too_fast, without_loops
from ml.speech.recognition import Recognition, hotwords_of
from profiles.speech_records import Audio, Segment, TranscriptionRequest, Word
from tests.make_audio import silence


def heard(text, logprob=-0.2, no_speech=0.0, probability=0.9, language=""):
    """An answer whose words follow each other at five a second."""
    words = tuple(
        Word(0.2 * number, 0.2 * number + 0.15, word, probability)
        for number, word in enumerate(text.split())
    )
    return Heard(text, words, logprob, no_speech, language)


class Scripted:
    """An engine that gives one answer to everything, and another one without context."""

    name, version, digests, batch = "scripted", "1", (), 2
    languages = ("en", "es")

    def __init__(self, first, second=None):
        self.first = first
        self.second = second or first
        self.asked = []

    def recognise(self, sounds, language, hotwords):
        """The first answer for each."""
        self.asked.append(("context", language, hotwords))
        return tuple(self.first for _ in sounds)

    def without_context(self, sound, language):
        """The second answer."""
        self.asked.append(("alone", language, ""))
        return self.second


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Ten seconds, eight of them speech."""
    folder = tmp_path_factory.mktemp("audio")
    return write_audio(folder / "a.flac", np.concatenate([silence(1), voice(8), silence(1)]))


def transcribed(path, engine, vocabulary=(), language="en"):
    """What a scripted engine's answers become."""
    request = TranscriptionRequest(Audio("Media/1", str(path)), language, vocabulary)
    return Recognition(engine, request, lambda *_: None).run()


def test_a_loop_is_tried_again_without_context(path):
    """A looping answer is replaced by one that does not loop, and nothing is marked."""
    engine = Scripted(heard("it hurts " * 9), heard("It hurts at night."))
    transcript = transcribed(path, engine)
    assert [(s.text, s.flags) for s in transcript.segments] == [("It hurts at night.", ())]
    assert [kind for kind, *_ in engine.asked] == ["context", "alone"]


def test_a_loop_that_stays_is_cut_and_marked(path):
    """A loop that a second try repeats is said once, marked, and the mark has a remark."""
    transcript = transcribed(path, Scripted(heard("well it hurts " + "at night " * 20)))
    assert [s.text for s in transcript.segments] == ["well it hurts at night"]
    assert "repetition" in transcript.segments[0].flags
    assert [r.segments for r in transcript.remarks if r.kind == "repetition"] == [(0,)]


def test_a_good_answer_is_not_asked_for_twice(path):
    """What is not suspicious costs one run of the model."""
    engine = Scripted(heard("She takes it in the morning."))
    transcribed(path, engine)
    assert len(engine.asked) == 1


def test_names_read_aloud_are_not_believed(path):
    """An answer that is but the list of names is replaced by what is heard without it."""
    names = ("Metformin", "Lisinopril", "Atorvastatin")
    engine = Scripted(heard("Metformin, Lisinopril, Atorvastatin"), heard("How are you?"))
    transcript = transcribed(path, engine, names)
    assert [segment.text for segment in transcript.segments] == ["How are you?"]


def test_improbable_answers_are_kept_and_marked(path):
    """Unlikely text on what may be no speech is kept for a person with both doubts."""
    transcript = transcribed(path, Scripted(heard("thank you", logprob=-1.4, no_speech=0.8)))
    assert transcript.segments[0].text == "thank you"
    assert set(transcript.segments[0].flags) == {"low-confidence", "no-speech"}


def test_uncertain_words_keep_their_probability(path):
    """A segment of words that are each uncertain is marked although the whole is probable."""
    transcript = transcribed(path, Scripted(heard("take two tablets", probability=0.2)))
    assert transcript.segments[0].flags == ("low-confidence",)
    assert {word.probability for word in transcript.segments[0].words} == {0.2}


def test_a_name_that_is_nearly_right_is_marked_and_left_as_heard(path):
    """Hydroxyzine is not turned into the hydralazine of the record, but shown to a person."""
    engine = Scripted(heard("I take hydroxyzine and aspirin daily."))
    transcript = transcribed(path, engine, ("Hydralazine 25 MG Oral Tablet", "Aspirin"))
    assert "hydroxyzine" in transcript.segments[0].text
    assert transcript.segments[0].flags == ("drug-name",)


def test_two_languages_are_said(path):
    """Where parts were recognised in two languages, the transcript says which."""

    class Both(Scripted):
        def recognise(self, sounds, language, hotwords):
            """One language after the other."""
            self.asked.append(language)
            spoken = "en" if len(self.asked) == 1 else "es"
            return tuple(heard("hola doctor", language=spoken) for _ in sounds)

    samples = np.concatenate([voice(28, seed=number) for number in range(3)])
    long = write_audio(path.parent / "long.flac", samples)
    transcript = transcribed(long, Both(heard("")), language="")
    remark = next(r for r in transcript.remarks if r.kind == "languages")
    assert "en, es" in remark.text


def test_hotwords_fit_into_the_context():
    """Names stand once, in their order, and no more of them than a recogniser reads."""
    assert hotwords_of(("A", " A ", "", "B")) == "A, B"
    assert len(hotwords_of(tuple(f"name number {n}" for n in range(200)))) <= 602


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no no no no", False),
        ("no no no no no", True),
        ("left left right left left right", False),
        ("one two three " * 4, True),
        ("it comes and it goes and it comes and it goes", False),
        ("", False),
    ],
)
def test_loops_are_told_from_emphasis(text, found):
    """People say a thing twice or thrice; a machine says it again and again."""
    assert (loop_at(text.split()) is not None) == found


@given(st.lists(st.sampled_from("abc"), max_size=40))
@settings(max_examples=150, deadline=None)
def test_cutting_loops_ends_and_leaves_none(letters):
    """However words repeat, what is left has no loop and keeps the first and the last word's time."""
    answer = heard(" ".join(letters))
    cut, was = without_loops(answer)
    assert loop_at([bare(word.text) for word in cut.words]) is None
    assert was == (loop_at(letters) is not None)
    if letters:
        assert cut.words[0].start_s == answer.words[0].start_s
        assert cut.words[-1].end_s == answer.words[-1].end_s


def test_texts_that_shrink_are_loops_and_long_ones_take_time():
    """Compression finds loops of any length; more letters than time allows are suspicious."""
    assert loops(Heard("the same sentence comes here once again " * 12, ()))
    assert not loops(heard("She has had a cough for two weeks, mostly at night, with no fever."))
    assert too_fast(heard("a" * 100), 1.0)
    assert not reads_aloud(heard("metformin"), "metformin, aspirin")


@pytest.mark.parametrize(
    ("said", "name", "near"),
    [
        ("metformine", "metformin", True),
        ("hydroxyzine", "hydralazine", True),
        ("lisinipril", "lisinopril", True),
        ("seroquel", "seroquil", True),
        ("zirtek", "zyrtec", True),
        ("fenitoin", "phenytoin", True),
        ("prednisolone", "prednisone", True),
        ("aspirin", "lisinopril", False),
        ("morning", "metformin", False),
        ("patient", "paracetamol", False),
    ],
)
def test_names_that_can_be_confused(said, name, near):
    """Spelling, sound and look each find their confusions, and plain words are none."""
    assert is_near(said, name) == near


def test_a_name_in_another_form_is_the_name():
    """The name itself, its plural and words of a strength are not marked."""
    names = Names(["Statin", "Metformin 500 MG Oral Tablet"])
    assert not names.among(["statins", "metformin,", "Tablets", "500", "METFORMIN's"])
    assert names.among(["metfornin"])


WORDS = st.text("abcde", max_size=7)


@given(WORDS, WORDS)
@settings(max_examples=150, deadline=None)
def test_edits_are_a_distance(one, other):
    """Edits are symmetric, zero for the same word only, and no more than the longer word has letters."""
    away = edits(one, other)
    assert away == edits(other, one)
    assert (away == 0) == (one == other)
    assert abs(len(one) - len(other)) <= away <= max(len(one), len(other))


def test_a_swap_of_neighbours_is_one_edit():
    """Letters that changed places count once, and the key of a word has no doubled letter."""
    assert edits("aspirin", "apsirin") == 1
    assert sound("zyrtec") == sound("sirtek")


def _levels(loud):
    levels = Levels()
    levels.feed(np.full(16_000 * 4, loud, np.float32))
    return levels


def test_crosstalk_is_kept_once_from_the_nearer_microphone():
    """The same words at the same time stay on the louder channel; others stay, marked where faint."""
    segments = [
        Segment(0, 1.0, 3.0, "How are you today?", channel=0),
        Segment(0, 1.1, 3.0, "how are you today", channel=1),
        Segment(0, 1.2, 2.5, "I am fine", channel=1),
    ]
    levels = {0: _levels(0.2), 1: _levels(0.02)}
    kept, doubled = merged(segments, levels, ("doctor", "patient"))
    assert [(s.number, s.role, s.text) for s in kept] == [
        (0, "doctor", "How are you today?"),
        (1, "patient", "I am fine"),
    ]
    assert doubled == 1
    other = [segments[0], Segment(0, 1.1, 3.0, "who are you to say", channel=1)]
    spoken = np.concatenate([np.full(16_000 * 3, 0.02), np.full(16_000, 0.2)]).astype(np.float32)
    own = Levels()
    own.feed(spoken)
    marked, _ = merged(other, {0: _levels(0.2), 1: own}, ("doctor", "patient"))
    assert [segment.flags for segment in marked] == [(), ("low-confidence",)]
    alike, none = merged(segments, {0: _levels(0.2), 1: _levels(0.2)}, ())
    assert (len(alike), none) == (3, 0)
