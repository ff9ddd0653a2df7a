"""A transcript that a person has supplied is read as it is, or refused with the place."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.speech.attached import attached_transcript
from profiles.outcome import OperationOutcomeError
from profiles.records import to_json
from profiles.webvtt import webvtt
from tests.make_note import TRANSCRIPT

VTT = """WEBVTT visit

NOTE recorded in room 2

1
00:00.000 --> 00:02.500 align:start
<v Dr. Weber>What <i>brings</i> you in?

01:00:02.500 --> 01:00:04.000
<v Patient>My knee &amp; hip.</v> <v Daughter>Since Monday.</v>
"""


def test_webvtt_gives_times_voices_and_words():
    """Voice tags become roles, times seconds; markup goes, entities are read, notes are no speech."""
    transcript = attached_transcript(VTT.encode(), "text/vtt; charset=utf-8")
    assert [(s.start_s, s.end_s, s.role, s.text) for s in transcript.segments] == [
        (0.0, 2.5, "doctor", "What brings you in?"),
        (3602.5, 3604.0, "patient", "My knee & hip."),
        (3602.5, 3604.0, "other", "Since Monday."),
    ]
    assert (transcript.engine, transcript.duration_s) == ("attached", 3604.0)


def test_text_gives_turns():
    """Both ways of naming a speaker begin a turn; a line without one goes on; headings are no speakers."""
    text = (
        "Visit of Monday\r\n[doctor] hi , how are you ?\nPlan: later\nPatient: Fine.\n\nReally.\n"
    )
    transcript = attached_transcript(text.encode(), "text/plain")
    assert [(s.number, s.role, s.text) for s in transcript.segments] == [
        (0, "", "Visit of Monday"),
        (1, "doctor", "hi , how are you ? Plan: later"),
        (2, "patient", "Fine. Really."),
    ]
    assert transcript.segments[0].start_s is None


def test_what_we_write_is_read_back():
    """Our WebVTT and our JSON give the same segments again, as a person's."""
    plain = tuple(replace(one, flags=(), role_confidence=1.0) for one in TRANSCRIPT.segments)
    read = attached_transcript(webvtt(TRANSCRIPT).encode(), "text/vtt")
    assert read.segments == plain
    whole = attached_transcript(orjson.dumps(to_json(TRANSCRIPT)), "application/json")
    assert (whole.segments, whole.engine) == (TRANSCRIPT.segments, "attached")


@pytest.mark.parametrize(
    ("content", "media_type", "kind"),
    [
        (b"00:00.000 --> 00:01.000\nhi", "text/vtt", "structure"),
        (b"WEBVTT\n\n00:00 --> 00:01\nhi", "text/vtt", "structure"),
        (b"WEBVTT\n\n00:02.000 --> 00:01.000\nhi", "text/vtt", "structure"),
        (b"WEBVTT\n\nan identifier alone", "text/vtt", "structure"),
        (b"WEBVTT\n", "text/vtt", "business-rule"),
        (b" \n", "text/plain", "business-rule"),
        (b"\xff\xfe", "text/plain", "value"),
        (b"{}", "application/json", "structure"),
        (b"[1]", "application/json", "structure"),
        (b"Doctor: hi", "application/pdf", "not-supported"),
    ],
)
def test_what_cannot_be_read_is_refused(content, media_type, kind):
    """A malformed transcript is refused with its kind; no cue is dropped in silence."""
    with pytest.raises(OperationOutcomeError) as error:
        attached_transcript(content, media_type)
    assert error.value.kind_name == kind


@settings(max_examples=150, deadline=None)
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.text(max_size=80).map(lambda t: f"WEBVTT\n\n00:00.000 --> 00:01.000\n{t}".encode()),
    media_type=st.sampled_from(("text/vtt", "text/plain", "application/json")),
)
def test_any_content_is_read_or_refused(content, media_type):
    """Whatever comes, it is a transcript with words and gapless numbers, or a clear refusal."""
    try:
        transcript = attached_transcript(content, media_type)
    except OperationOutcomeError:
        return
    assert [one.number for one in transcript.segments] == list(range(len(transcript.segments)))
    assert any(one.text.strip() for one in transcript.segments)


@settings(max_examples=60, deadline=None)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(("segments", "engine", "number", "start_s", "text", "words")),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
    name=st.sampled_from(("engine", "language", "duration_s", "remarks")),
    inner=st.sampled_from(("number", "start_s", "text", "words", "role", "flags", "other")),
)
def test_any_json_is_read_or_refused(value, name, inner):
    """A transcript with one element of any other shape is read or refused, never worse."""
    whole = to_json(TRANSCRIPT)
    (first, *others) = whole["segments"]
    changed = {**whole, name: value, "segments": [{**first, inner: value}, *others]}
    try:
        body = orjson.dumps(changed)
    except (TypeError, orjson.JSONEncodeError):
        return
    try:
        attached_transcript(body, "application/json")
    except OperationOutcomeError:
        return
