"""A person says who speaks, on a real store: the note is written again, and what was said stays."""

import base64
from dataclasses import replace
from types import SimpleNamespace

import pytest

from adapters.speech.attached import attached_transcript
from adapters.store import Span
from gateway.arrivals import arrivals
from gateway.decision import Decision
from gateway.feedback_records import note_feedback, speaker_feedback
from gateway.interactions.write import Writes
from gateway.note_transcript import transcript_in
from gateway.note_turns import speakers
from gateway.review import apply_decision
from gateway.settings import load_settings
from gateway.transcription import Loaded, Recogniser, Transcription
from gateway.transcription_job import TranscriptionJob
from profiles.admission import require_admissible
from profiles.outcome import OperationOutcomeError
from profiles.speaker_corrections import (
    CORRECTED,
    UNKNOWN,
    SpeakerCorrection,
    corrected,
    speaker_report,
)
from tests import quoting_scribe

SETTINGS = replace(load_settings({}), code_settle_s=0.0)
PERSON = {"display": "Dr. Weber"}
VTT = b"""WEBVTT

00:00.000 --> 00:02.000
<v Patient>What brings you in?

00:02.000 --> 00:05.000
<v Doctor>My knee hurts and I take lisinopril 20 mg.

00:05.000 --> 00:07.000
<v Patient>Hypertension is stable.
"""
SWAP = (
    {"heardAs": ["patient"], "role": ["doctor"]},
    {"heardAs": ["doctor"], "role": ["patient"]},
)


@pytest.fixture
def visit(store, tmp_path):
    """A drafted note whose speakers are the wrong way round, with what runs its jobs."""
    scribe = Loaded(quoting_scribe, None)
    transcription = Transcription(store, tmp_path / "data", SETTINGS, Recogniser(), scribe)

    def run():
        while (job := store.claim(("speech", "scribe"), "tests", 60.0)) is not None:
            TranscriptionJob(store, transcription)(job)

    spoken = {
        "resourceType": "DocumentReference",
        "id": "v",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "content": [
            {"attachment": {"contentType": "text/vtt", "data": base64.b64encode(VTT).decode()}}
        ],
    }
    store.transact(lambda tx: Writes(tx, "", arrivals(SETTINGS)).update(spoken))
    run()
    return SimpleNamespace(store=store, run=run)


def _all(store, kind, **wanted):
    return [m.json() for m in store.search(kind, list(wanted.items())).matches]


def _decide(store, *speakers, word="", version=None, sections=()):
    (review,) = _all(store, "Task", code="review", status="requested")
    (note,) = _all(store, "Composition")
    decision = Decision(
        word,
        PERSON,
        version=version or note["meta"]["versionId"],
        sections=sections,
        speakers=speakers,
    )
    store.transact(lambda tx: apply_decision(tx, review["id"], decision, SETTINGS))


def _texts(store):
    (note,) = _all(store, "Composition")
    return {one["title"]: one["text"]["div"] for one in note["section"]}


def test_exchanged_speakers_give_another_note(visit):
    """The next version is written from the same words; the transcript says the speakers as corrected."""
    assert "Hypertension" in _texts(visit.store)["History of present illness"]
    _decide(visit.store, *SWAP)
    assert "Hypertension" in _texts(visit.store)["History of present illness"]
    visit.run()
    texts = _texts(visit.store)
    assert "My knee hurts" in texts["History of present illness"]
    assert "Hypertension" in texts["Assessment"]
    (note,) = _all(visit.store, "Composition")
    assert (note["status"], note["meta"]["versionId"]) == ("preliminary", "2")
    (document,) = _all(visit.store, "DocumentReference", relatesto="DocumentReference/v")
    heard = base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
    assert "<v doctor>What brings you in?" in heard
    (statement,) = _all(visit.store, "MedicationStatement")
    assert statement["status"] != "entered-in-error"


def test_a_single_turn_goes_before_its_speaker(visit):
    """A turn that is named by number is that person's, whoever the speaker is otherwise."""
    _decide(visit.store, *SWAP, {"segment": ["2"], "role": ["other"]})
    visit.run()
    assert "Hypertension" not in str(_texts(visit.store))
    (review,) = _all(visit.store, "Task", code="review", status="requested")
    document = next(one for one in review["input"] if one["type"]["text"] == "transcript")
    key = document["valueReference"]["reference"].partition("/")[2]
    kept = visit.store.read("DocumentReference", key).json()["content"][-1]["attachment"]["url"]
    segments = transcript_in(visit.store, kept).segments
    assert [one.role for one in segments] == ["doctor", "patient", "other"]
    assert all(one.role_confidence == 1.0 and CORRECTED in one.flags for one in segments)


def test_who_corrected_is_kept_and_counted(visit):
    """Provenance names the person, and the note's own names the corrected transcript; turns are counted."""
    _decide(visit.store, *SWAP)
    visit.run()
    (note,) = _all(visit.store, "Composition")
    listed = _all(visit.store, "Provenance", target=f"Composition/{note['id']}")
    (said,) = [one for one in listed if one.get("activity", {}).get("text") == "speakers corrected"]
    assert said["agent"][0]["who"] == PERSON
    corrected = next(
        one["reference"] for one in said["target"] if one["reference"].startswith("Binary/")
    )
    sources = [e["what"]["reference"] for one in listed for e in one["entity"] if one is not said]
    assert corrected in sources
    assert f"Composition/{note['id']}/_history/1" in sources
    report = speaker_report(speaker_feedback(visit.store))
    assert (report["corrections"], report["segments"], report["changed"]) == (1, 3, 3)
    assert report["changes"] == {"patient -> doctor": 2, "doctor -> patient": 1}
    assert "lisinopril" not in str(_all(visit.store, "Basic"))
    assert list(note_feedback(visit.store)) == []


def test_what_a_correction_writes_would_be_admitted(visit):
    """Every resource of the way, from the first draft to the final note, obeys what a client's has to."""
    _decide(visit.store, *SWAP)
    visit.run()
    _decide(visit.store, word="accepted")
    versions = visit.store.versions(Span()).page(None, 500)
    assert {"Basic", "Binary", "Composition", "Provenance", "Task"} <= {
        one.type for one in versions
    }
    for version in versions:
        require_admissible(version.json())


def test_a_decision_holds_the_note(visit):
    """Once sections are decided speakers are refused; a note finalised before its job runs stays final."""
    _decide(visit.store, *SWAP)
    _decide(visit.store, word="accepted")
    visit.run()
    (note,) = _all(visit.store, "Composition")
    assert note["status"] == "final"
    assert "Hypertension" in _texts(visit.store)["History of present illness"]
    job = _all(visit.store, "Task", code="transcribe", _sort="-_lastUpdated")[0]
    assert job["businessStatus"]["coding"][0]["code"] == "held"


@pytest.mark.parametrize(
    ("speakers", "more", "kind"),
    [
        (({"heardAs": ["doctor"], "role": ["cat"]},), {}, "code-invalid"),
        (({"role": ["doctor"]},), {}, "required"),
        (({"segment": ["9"], "role": ["doctor"]},), {}, "not-found"),
        (({"heardAs": ["other"], "role": ["doctor"]},), {}, "business-rule"),
        ((SWAP[0], {"channel": ["0"], "role": ["other"]}), {}, "business-rule"),
        (SWAP, {"word": "accepted"}, "business-rule"),
        (SWAP, {"version": "7"}, "conflict"),
    ],
)
def test_what_does_not_fit_is_refused(visit, speakers, more, kind):
    """A role that is none, turns that are not there, contradictions and old versions change nothing."""
    with pytest.raises(OperationOutcomeError) as refused:
        _decide(visit.store, *speakers, **more)
    assert refused.value.kind_name == kind
    assert len(_all(visit.store, "Task", code="transcribe")) == 1
    assert _all(visit.store, "Basic") == []


def test_decided_sections_and_a_running_job_are_said(visit):
    """Speakers are not corrected under a decided section, nor twice at once."""
    section = {"decision": ["accepted"], "title": ["Assessment"]}
    _decide(visit.store, *SWAP)
    with pytest.raises(OperationOutcomeError, match="written already"):
        _decide(visit.store, *SWAP)
    visit.run()
    _decide(visit.store, sections=(section,))
    with pytest.raises(OperationOutcomeError, match="decided already"):
        _decide(visit.store, {"segment": ["0"], "role": ["other"]})


def test_a_person_is_named_by_what_the_transcript_calls_them():
    """Every turn of a name has the role that the name is given, and the page can tell names apart."""
    spoken = VTT.replace(b"<v Patient>", b"<v Ann Lee>").replace(b"<v Doctor>", b"<v Speaker 2>")
    heard = attached_transcript(spoken, "text/vtt")
    assert [one.speaker for one in heard.segments] == ["Ann Lee", "Speaker 2", "Ann Lee"]
    wanted = [
        SpeakerCorrection("doctor", name="Ann Lee"),
        SpeakerCorrection("patient", heard_as=UNKNOWN, name="Speaker 2"),
    ]
    after = corrected(heard, wanted)
    assert [one.role for one in after.segments] == ["doctor", "patient", "doctor"]
    assert [(one["name"], one["turns"]) for one in speakers(heard.segments)] == [
        ("Ann Lee", 2),
        ("Speaker 2", 1),
    ]
