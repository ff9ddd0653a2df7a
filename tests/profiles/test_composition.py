"""A transcript and a scribe's note become resources that may be stored, with what each sentence rests on."""

import pytest
from hypothesis import given, settings

from profiles.admission import issues
from profiles.builders.composition import build_note
from profiles.builders.composition_fact import taken_back
from profiles.outcome import OperationOutcomeError
from profiles.webvtt import webvtt
from terminology.notes import SENTENCE_EVIDENCE
from tests.make_note import NOTE, TRANSCRIPT, note_context, notes, transcripts


def _wrong(resources):
    return [
        (one["resourceType"], issue) for one in resources for issue in issues(one, warnings=False)
    ]


def _part(extension, name):
    found = next(one for one in extension["extension"] if one["url"] == name)
    return next(value for key, value in found.items() if key != "url")


@settings(max_examples=80, deadline=None)
@given(transcript=transcripts(), note=notes())
def test_what_is_made_may_be_stored(transcript, note):
    """Whatever an engine heard and a scribe says, every resource is valid R4, and taken back too."""
    for known in (note_context(), note_context(source="DocumentReference/d", encounter="")):
        draft = build_note(transcript, note, known)
        assert _wrong(draft.resources) == []
        assert _wrong(taken_back(one) for one in draft.facts) == []


@settings(max_examples=80, deadline=None)
@given(transcript=transcripts(), note=notes())
def test_no_sentence_stands_without_a_segment(transcript, note):
    """Each paragraph of the note has its evidence, and each evidence names a segment that there is."""
    numbers = {segment.number for segment in transcript.segments}
    for section in build_note(transcript, note, note_context()).composition.get("section", ()):
        marks = [one for one in section["extension"] if one["url"] == SENTENCE_EVIDENCE]
        assert section["text"]["div"].count("<p ") == len(marks)
        for mark in marks:
            rests = [one for one in mark["extension"] if one["url"] == "segment"]
            assert rests
            assert {_part(one, "number") for one in rests} <= numbers


def test_evidence_leads_to_the_second_of_the_recording():
    """A sentence names its element, the transcript, the segment and the seconds, here and in Provenance."""
    draft = build_note(TRANSCRIPT, NOTE, note_context())
    mark = draft.composition["section"][0]["extension"][0]
    assert _part(mark, "sentence") == "s1-1"
    assert 'id="s1-1"' in draft.composition["section"][0]["text"]["div"]
    segment = next(one for one in mark["extension"] if one["url"] == "segment")
    assert [_part(segment, name) for name in ("number", "start", "end")] == [1, 2.5, 6.0]
    provenance = next(one for one in draft.beside if one["resourceType"] == "Provenance")
    assert mark in provenance["entity"][0]["extension"]
    assert provenance["entity"][0]["what"] == _part(mark, "transcript")


def test_facts_are_unconfirmed_and_only_what_was_affirmed():
    """A denied problem makes no resource; the others wait for a person in their own words."""
    draft = build_note(TRANSCRIPT, NOTE, note_context())
    made = {one["resourceType"]: one for one in draft.facts}
    assert sorted(one["resourceType"] for one in draft.facts) == [
        "AllergyIntolerance",
        "Condition",
        "MedicationStatement",
        "Observation",
    ]
    assert made["Condition"]["code"] == {"text": "knee pain"}
    assert made["Condition"]["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
    assert made["MedicationStatement"]["dosage"] == [{"text": "20 mg daily"}]
    assert made["Observation"]["status"] == "preliminary"
    values = [one["valueQuantity"]["value"] for one in made["Observation"]["component"]]
    assert values == [128, 76]


def test_the_note_is_an_ai_s_until_a_person_decides():
    """Composition, facts and what was recognised carry AIAST; the note is preliminary, by a Device."""
    draft = build_note(TRANSCRIPT, NOTE, note_context())
    labelled = (draft.composition, *draft.facts)
    assert all(one["meta"]["security"][0]["code"] == "AIAST" for one in labelled)
    assert draft.composition["status"] == "preliminary"
    author = draft.composition["author"][0]["reference"].partition("/")[2]
    assert author in {one["id"] for one in draft.beside if one["resourceType"] == "Device"}
    assert draft.task["focus"] == {"reference": f"Composition/{draft.composition['id']}"}


def test_a_new_run_writes_the_next_version_of_the_same_note():
    """Two runs over one recording share the ids of note, transcript and facts; what they kept does not."""
    first, second = (build_note(TRANSCRIPT, NOTE, note_context(task_id=r)) for r in ("a", "b"))
    assert first.composition["id"] == second.composition["id"]
    assert [one["id"] for one in first.facts] == [one["id"] for one in second.facts]
    kept = [
        {one["id"] for one in draft.beside if one["resourceType"] == "Binary"}
        for draft in (first, second)
    ]
    assert not kept[0] & kept[1]


def test_a_note_about_nobody_is_refused():
    """Without a patient no note is made."""
    with pytest.raises(OperationOutcomeError) as error:
        note_context(patient="")
    assert error.value.kind_name == "required"


def test_the_transcript_is_webvtt_with_its_speakers():
    """One cue per segment, the role in its voice tag, words that look like markup escaped."""
    lines = webvtt(TRANSCRIPT).splitlines()
    assert lines[:5] == [
        "WEBVTT",
        "",
        "segment-0",
        "00:00:00.000 --> 00:00:02.500",
        "<v doctor>What brings you in today?",
    ]
