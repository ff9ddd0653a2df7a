"""A job that drafts a note, on a real store: what it writes, and what it leaves alone."""

import base64
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.arrivals import arrivals
from gateway.interactions.write import Writes
from gateway.settings import load_settings
from gateway.transcription import Loaded, Recogniser, Transcription
from gateway.transcription_job import TranscriptionJob
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Segment, Transcript
from terminology.notes import CHANNEL_ROLE
from tests import quoting_scribe

SETTINGS = replace(load_settings({}), code_settle_s=0.0)
ROLES = ("doctor", "patient")
VTT = b"""WEBVTT

00:00.000 --> 00:02.000
<v Doctor>What brings you in?

00:02.000 --> 00:05.000
<v Patient>My knee hurts and I take lisinopril 20 mg.

00:05.000 --> 00:07.000
<v Doctor>Hypertension is stable.
"""


class Listening:
    """A recogniser of the tests: says what it is told, and remembers what it was given."""

    def __init__(self, segments=(), before=None):
        self.given = []
        self._segments = segments
        self._before = before

    def __call__(self, given, progress):
        """Read the file as a recogniser does."""
        content = Path(given.audio.path).read_bytes()
        self.given.append((given, content))
        if self._before is not None:
            self._before()
        return Transcript("test-engine", "1", "en", 2.0, self._segments)


@pytest.fixture
def lane(store, tmp_path):
    """Writes as a client does, and runs the jobs that are due."""

    def run(recogniser=None, settings=SETTINGS):
        made = Recogniser(recogniser)
        scribe = Loaded(quoting_scribe, None)
        transcription = Transcription(store, tmp_path / "data", settings, made, scribe)
        while (job := store.claim(("speech", "scribe"), "tests", 60.0)) is not None:
            TranscriptionJob(store, transcription)(job)

    def write(*resources):
        arrived = arrivals(SETTINGS)
        for one in resources:
            store.transact(lambda tx, one=one: Writes(tx, "", arrived).update(one))

    return SimpleNamespace(run=run, write=write, store=store, folder=tmp_path / "data")


def _spoken(content=VTT, media_type="text/vtt", **elements):
    attachment = {"contentType": media_type, "data": base64.b64encode(content).decode()}
    return {
        "resourceType": "DocumentReference",
        "id": "v",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "date": "2026-03-02T10:00:00Z",
        "content": [{"attachment": attachment}],
        **elements,
    }


def _audio(**elements):
    return {
        "resourceType": "Media",
        "id": "m",
        "status": "completed",
        "subject": {"reference": "Patient/p"},
        "content": {"contentType": "audio/wav", "data": base64.b64encode(b"RIFF").decode()},
        **elements,
    }


def _all(store, kind, **wanted):
    return [m.json() for m in store.search(kind, list(wanted.items())).matches]


def _ended(store):
    """State and reason of the newest job."""
    task = _all(store, "Task", code="transcribe", _sort="-authored-on")[0]
    said = [one.get("valueString") for one in task.get("output", ())]
    return task["businessStatus"]["coding"][0]["code"], " ".join(filter(None, said))


def test_a_transcript_becomes_a_note_that_awaits_a_person(lane):
    """Note, fact, transcript, evidence and review are there; nothing was coded from the transcript."""
    lane.write(_spoken())
    assert _all(lane.store, "Task", code="code") == []
    lane.run()
    assert _ended(lane.store)[0] == "done"
    (note,) = _all(lane.store, "Composition")
    assert [one["title"] for one in note["section"]] == ["History of present illness", "Assessment"]
    (statement,) = _all(lane.store, "MedicationStatement")
    assert statement["medicationCodeableConcept"]["text"] == "lisinopril"
    assert note["section"][0]["entry"] == [{"reference": f"MedicationStatement/{statement['id']}"}]
    (review,) = _all(lane.store, "Task", code="review", status="requested")
    assert review["focus"]["reference"] == f"Composition/{note['id']}"
    (written,) = _all(lane.store, "DocumentReference", relatesto="DocumentReference/v")
    assert written["docStatus"] == "preliminary"


def test_audio_without_a_recogniser_says_what_to_configure(lane):
    """The recording stays, the Task says what is missing, no word is made up."""
    lane.write(_audio())
    lane.run()
    state, said = _ended(lane.store)
    assert state == "not-analysed"
    assert "Whisper" in said
    assert _all(lane.store, "Composition") == []
    assert lane.store.read("Media", "m")


def test_a_recogniser_is_told_the_names_of_the_record(lane):
    """Bytes come in a file that is gone afterwards, with channel roles and the drugs and allergies known."""
    lane.write(
        {
            "resourceType": "MedicationStatement",
            "id": "s",
            "status": "active",
            "subject": {"reference": "Patient/p"},
            "medicationCodeableConcept": {"text": "lisinopril"},
        },
        {
            "resourceType": "AllergyIntolerance",
            "id": "a",
            "patient": {"reference": "Patient/p"},
            "code": {"text": "penicillin"},
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                        "code": "active",
                    }
                ]
            },
        },
        _audio(extension=[{"url": CHANNEL_ROLE, "valueCode": role} for role in ROLES]),
    )
    heard = Listening((Segment(0, 0.0, 2.0, "My knee hurts.", role="patient"),))
    lane.run(heard)
    ((given, content),) = heard.given
    assert content == b"RIFF"
    assert given.audio.roles == ROLES
    assert set(given.vocabulary) == {"lisinopril", "penicillin"}
    assert list((lane.folder / "recordings").iterdir()) == []
    (note,) = _all(lane.store, "Composition")
    assert "My knee hurts." in note["section"][0]["text"]["div"]


def test_a_silent_recording_gives_no_note(lane):
    """Where nothing was recognised the Task says so, and no note is there."""
    lane.write(_audio())
    lane.run(Listening())
    assert _ended(lane.store) == ("not-analysed", "nothing is said in the recording")
    assert _all(lane.store, "Composition") == []


def _consent(status="active", kind="permit"):
    return {
        "resourceType": "Consent",
        "id": "c",
        "status": status,
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p"},
        "policyRule": {"text": "recording of visits"},
        "provision": {"type": kind},
    }


def test_consent_is_asked_for_where_the_site_requires_it(lane):
    """Without one and with one that denies, nothing is noted; with one that permits, it is."""
    required = replace(SETTINGS, recording_consent="required")
    for consent, state in ((None, "refused"), ("deny", "refused"), ("permit", "done")):
        lane.write(*([] if consent is None else [_consent(kind=consent)]), _spoken())
        lane.run(settings=required)
        assert _ended(lane.store)[0] == state
    assert len(_all(lane.store, "Composition")) == 1


def test_a_consent_that_is_withdrawn_meanwhile_stops_the_note(lane):
    """What was recognised before the patient said no is not written."""
    lane.write(_consent(), _audio())
    words = (Segment(0, 0.0, 2.0, "My knee hurts.", role="patient"),)
    withdraw = Listening(words, lambda: lane.write(_consent("inactive")))
    lane.run(withdraw, replace(SETTINGS, recording_consent="required"))
    assert withdraw.given
    assert _ended(lane.store)[0] == "refused"
    assert _all(lane.store, "Composition") == []


def test_a_transcript_that_cannot_be_read_is_refused_with_its_place(lane):
    """The Task names the element, and repeats nothing of the content."""
    lane.write(_spoken(b"WEBVTT\n\n00:00 --> secret\nhi"))
    lane.run()
    state, said = _ended(lane.store)
    assert state == "refused"
    assert "DocumentReference.content[0].attachment.data" in said
    assert "secret" not in said


def test_a_second_transcript_writes_the_next_version(lane):
    """The same document sent again leaves one note with two versions and one open review; old facts go."""
    lane.write(_spoken())
    lane.run()
    lane.write(_spoken(VTT.replace(b" and I take lisinopril 20 mg", b"")))
    lane.run()
    (note,) = lane.store.search("Composition", []).matches
    assert note.version == 2
    assert len(_all(lane.store, "Task", code="review", status="requested")) == 1
    (statement,) = _all(lane.store, "MedicationStatement")
    assert statement["status"] == "entered-in-error"


def test_a_recording_about_nobody_leaves_a_task_that_says_so(lane):
    """Without a patient no note is queued."""
    media = _audio()
    media.pop("subject")
    lane.write(media)
    assert "names no patient" in _ended(lane.store)[1]


def test_a_visit_of_another_patient_is_refused(lane):
    """An encounter that belongs to somebody else gives no note."""
    lane.write(
        {
            "resourceType": "Encounter",
            "id": "e",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": "Patient/other"},
        },
        _spoken(context={"encounter": [{"reference": "Encounter/e"}]}),
    )
    lane.run()
    assert "another patient" in _ended(lane.store)[1]
    assert _all(lane.store, "Composition") == []


def test_bad_settings_stop_the_start():
    """A value that is none of a setting's values is refused when the gateway is put together."""
    for name in ("transcribe_recordings", "recording_consent"):
        with pytest.raises(OperationOutcomeError):
            arrivals(replace(SETTINGS, **{name: "maybe"}))


def test_a_recording_that_changes_meanwhile_is_noted_as_it_is_now(lane):
    """What was recognised of an earlier version is not written; the job is to be tried again."""
    lane.write(_audio())
    words = (Segment(0, 0.0, 2.0, "My knee hurts.", role="patient"),)
    change = _audio(note=[{"text": "room 2"}])
    with pytest.raises(OperationOutcomeError) as error:
        lane.run(Listening(words, lambda: lane.write(change)))
    assert error.value.kind_name == "transient"
    assert _all(lane.store, "Composition") == []
