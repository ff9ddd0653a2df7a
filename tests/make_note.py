"""Transcripts and notes for tests: one visit written for them, and any that hypothesis makes."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from profiles.builders.composition import NoteContext
from profiles.speech_records import (
    ClinicalFact,
    NoteSection,
    NoteSentence,
    ScribeNote,
    Segment,
    SpeechRemark,
    Transcript,
)

MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

TRANSCRIPT = Transcript(
    engine="whisper",
    engine_version="1",
    language="en",
    duration_s=12.0,
    segments=(
        Segment(0, 0.0, 2.5, "What brings you in today?", role="doctor", role_confidence=1.0),
        Segment(1, 2.5, 6.0, "My knee hurts since Monday.", role="patient", role_confidence=1.0),
        Segment(2, 6.0, 9.0, "I take lisinopril, 20 mg daily.", role="patient"),
        Segment(
            3, 9.0, 12.0, "Blood pressure is 128 over 76.", role="doctor", flags=("low-confidence",)
        ),
    ),
    remarks=(SpeechRemark("warning", "One stretch was silent."),),
    digests=(("model.bin", "ab" * 32),),
)

NOTE = ScribeNote(
    scribe="isthmus-scribe",
    scribe_version="1",
    template="soap",
    sections=(
        NoteSection(
            "10164-2",
            "History of present illness",
            (NoteSentence("The knee has hurt since Monday.", (1,), fact=0),),
        ),
        NoteSection(
            "10160-0",
            "Medications",
            (NoteSentence("Lisinopril 20 mg daily.", (2,), fact=1),),
        ),
        NoteSection(
            "8716-3",
            "Vital signs",
            (NoteSentence("Blood pressure 128/76.", (3,), "quotation", fact=2),),
        ),
    ),
    facts=(
        ClinicalFact("problem", "knee pain", (("name", "knee pain"),), (1,)),
        ClinicalFact(
            "medication",
            "lisinopril 20 mg daily",
            (("name", "lisinopril"), ("dose", "20 mg"), ("frequency", "daily")),
            (2,),
        ),
        ClinicalFact(
            "vital", "128 over 76", (("name", "blood pressure"), ("value", "128/76")), (3,)
        ),
        ClinicalFact("problem", "fever", (("name", "fever"), ("status", "denied")), (1,)),
        ClinicalFact("allergy", "penicillin", (("reaction", "rash"),), (2,)),
    ),
)


def note_context(**changes):
    """Where the note of ``Media/m`` belongs."""
    known = {
        "source": "Media/m",
        "patient": "Patient/p",
        "moment": MOMENT,
        "task_id": "run-1",
        "encounter": "Encounter/e",
        "period": ("2026-03-02T09:00:00Z", ""),
    }
    return NoteContext(**{**known, **changes})


_words = st.text(max_size=30)
_numbers = st.integers(0, 6)
_seconds = st.none() | st.floats(0, 1e5, allow_nan=False)
_parts = st.lists(
    st.tuples(
        st.sampled_from(("name", "value", "unit", "dose", "frequency", "status", "reaction")),
        st.sampled_from(("", "120/80", "98.6", "f", "pulse", "blood pressure", "temperature"))
        | _words,
    ),
    max_size=5,
).map(tuple)


@st.composite
def transcripts(draw):
    """Any transcript; its segments are numbered without gaps."""
    count = draw(st.integers(0, 5))
    segments = tuple(
        Segment(
            number,
            draw(_seconds),
            draw(_seconds),
            draw(_words),
            role=draw(st.sampled_from(("", "doctor", "patient", "other"))),
        )
        for number in range(count)
    )
    engine = draw(st.sampled_from(("attached", "whisper")) | _words)
    return Transcript(engine, draw(_words), "en", draw(_seconds), segments)


@st.composite
def notes(draw):
    """Any note, also one whose sentences name segments that are not there."""
    segments = st.lists(_numbers, max_size=3).map(tuple)
    sentence = st.builds(
        NoteSentence,
        _words,
        segments,
        st.sampled_from(("template", "quotation")) | _words,
        st.none() | _numbers,
    )
    section = st.builds(
        NoteSection,
        st.sampled_from(("10164-2", "")) | _words,
        _words,
        st.lists(sentence, max_size=4).map(tuple),
    )
    kinds = st.sampled_from(("problem", "medication", "allergy", "vital", "plan"))
    fact = st.builds(ClinicalFact, kinds, _words, _parts, segments)
    return ScribeNote(
        draw(_words),
        draw(_words),
        draw(st.sampled_from(("soap", "discharge", "own"))),
        tuple(draw(st.lists(section, max_size=4))),
        tuple(draw(st.lists(fact, max_size=5))),
        tuple(draw(st.lists(st.builds(SpeechRemark, _words, _words), max_size=2))),
    )
