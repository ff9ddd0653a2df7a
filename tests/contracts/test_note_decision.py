"""A person decides on a drafted note, as a whole and section by section, on a real store."""

from dataclasses import replace

import orjson
import pytest

from gateway.decision import Decision
from gateway.feedback_records import note_feedback
from gateway.note_draft import keep_note
from gateway.review import apply_decision
from gateway.settings import load_settings
from profiles.builders.composition import build_note
from profiles.note_decisions import SectionRecord
from profiles.note_feedback import note_report
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from terminology.claims import DECISION_RECORD
from tests.make_note import NOTE, TRANSCRIPT, note_context

SETTINGS = replace(load_settings({}), code_settle_s=0.0)
PERSON = {"display": "Dr. Weber"}


@pytest.fixture
def review(store):
    """The id of the review Task of a drafted note."""
    draft = build_note(TRANSCRIPT, NOTE, note_context())
    store.transact(lambda tx: keep_note(tx, draft))
    return draft.task["id"]


def _decide(store, review, word, *sections, version=None, settings=SETTINGS):
    if sections and version is None:
        version = str(store.search("Composition", []).matches[0].version)
    decision = Decision(word, PERSON, version=version, sections=sections)
    store.transact(lambda tx: apply_decision(tx, review, decision, settings))


def _section(decision, **parts):
    return {"decision": [decision], **{name: [value] for name, value in parts.items()}}


def _all(store, kind, **wanted):
    return [m.json() for m in store.search(kind, list(wanted.items())).matches]


def _records(store):
    kept = [one for basic in _all(store, "Basic") for one in basic["extension"]]
    return [
        from_json(SectionRecord, orjson.loads(one["valueString"]))
        for one in kept
        if one["url"] == DECISION_RECORD
    ]


def test_an_accepted_note_is_final_and_is_coded(store, review):
    """The person attests it, measurements become final, problems stay unconfirmed, coding is queued."""
    _decide(store, review, "accepted")
    (note,) = _all(store, "Composition")
    assert (note["status"], note["attester"][0]["party"]) == ("final", PERSON)
    assert note["meta"]["security"][0]["code"] == "AIAST"
    (observation,) = _all(store, "Observation")
    assert observation["status"] == "final"
    (condition,) = _all(store, "Condition")
    assert condition["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
    (coding,) = _all(store, "Task", code="code")
    assert coding["focus"]["reference"] == f"Composition/{note['id']}"
    (ended,) = _all(store, "Task", code="review")
    assert ended["businessStatus"]["coding"][0]["code"] == "accepted"
    provenance = _all(store, "Provenance", target=f"Composition/{note['id']}")
    assert any(one["agent"][0]["who"] == PERSON for one in provenance)


def test_a_site_may_keep_notes_from_coding(store, review):
    """With code_notes off a final note queues nothing."""
    _decide(store, review, "accepted", settings=replace(SETTINGS, code_notes="off"))
    assert _all(store, "Task", code="code") == []


def test_an_edited_section_keeps_the_evidence_of_what_stands(store, review):
    """A changed sentence loses its evidence and its fact; the others keep theirs; the note is amended."""
    edited = _section("modified", code="10160-0", text="Lisinopril 10 mg daily.\nNo other drugs.")
    rejected = _section("rejected", title="Vital signs")
    _decide(store, review, "modified", edited, rejected)
    (note,) = _all(store, "Composition")
    assert note["status"] == "amended"
    assert [one["title"] for one in note["section"]] == [
        "History of present illness",
        "Medications",
    ]
    assert "Lisinopril 10 mg daily." in note["section"][1]["text"]["div"]
    assert "entry" not in note["section"][1]
    assert _all(store, "MedicationStatement")[0]["status"] == "entered-in-error"
    assert _all(store, "Observation")[0]["status"] == "cancelled"


def test_edits_are_kept_as_counts_of_words(store, review):
    """Each section leaves a record with what was kept, put in and taken out, and none of its words."""
    _decide(
        store,
        review,
        "modified",
        _section("modified", code="10160-0", text="Lisinopril 10 mg daily."),
    )
    records = {one.section: one for one in _records(store)}
    assert records.keys() == {"10164-2", "10160-0", "8716-3"}
    changes = records["10160-0"].changes
    assert (changes.before, changes.kept, changes.inserted, changes.deleted) == (4, 3, 1, 1)
    assert (records["10160-0"].decision, records["10160-0"].sentences_kept) == ("modified", 0)
    assert records["10164-2"].whole
    assert records["10164-2"].scribe == "isthmus-scribe"
    assert "Lisinopril" not in str(_all(store, "Basic"))


def test_sections_alone_leave_the_review_open_and_hold_the_note(store, review):
    """A begun correction stays preliminary, and a later run writes nothing over it."""
    _decide(store, review, "", _section("modified", code="10160-0", text="Lisinopril 10 mg daily."))
    (note,) = _all(store, "Composition")
    assert note["status"] == "preliminary"
    assert _all(store, "Task", code="review", status="requested")
    again = build_note(TRANSCRIPT, NOTE, note_context(task_id="run-2"))
    assert store.transact(lambda tx: keep_note(tx, again)) == "held"
    assert "10 mg" in str(_all(store, "Composition")[0]["section"])


def test_a_rejected_note_is_in_error_with_its_facts(store, review):
    """Nothing of a rejected note stays in force, and nothing is coded; asked for again it is drafted anew."""
    _decide(store, review, "rejected")
    (note,) = _all(store, "Composition")
    assert note["status"] == "entered-in-error"
    assert _all(store, "MedicationStatement")[0]["status"] == "entered-in-error"
    assert _all(store, "Task", code="code") == []
    again = build_note(TRANSCRIPT, NOTE, note_context(task_id="run-2"))
    assert store.transact(lambda tx: keep_note(tx, again)) == "held"
    assert store.transact(lambda tx: keep_note(tx, again, again=True)) == "done"
    assert _all(store, "Composition")[0]["status"] == "preliminary"
    assert len(_all(store, "Task", code="review", status="requested")) == 1


@pytest.mark.parametrize(
    ("word", "sections", "version", "kind"),
    [
        ("accepted", (_section("rejected", code="10160-0"),), None, "business-rule"),
        ("modified", (_section("modified", code="10160-0"),), None, "business-rule"),
        ("modified", (_section("rejected", code="1-1"),), None, "not-found"),
        ("modified", (_section("rejected"),), None, "not-found"),
        ("modified", (_section("maybe", code="10160-0"),), None, "code-invalid"),
        ("signed", (), None, "code-invalid"),
        ("", (), None, "required"),
        ("accepted", (), "7", "conflict"),
        (
            "modified",
            tuple(_section("rejected", code=c) for c in ("10164-2", "10160-0", "8716-3")),
            None,
            "business-rule",
        ),
    ],
)
def test_what_does_not_fit_is_refused(store, review, word, sections, version, kind):
    """A decision that makes no sense is refused with its kind and changes nothing."""
    with pytest.raises(OperationOutcomeError) as error:
        _decide(store, review, word, *sections, version=version)
    assert error.value.kind_name == kind
    assert store.search("Composition", []).matches[0].version == 1


def test_what_was_kept_of_notes_is_counted(store, review):
    """Shares of words by section and scribe, out of what the decisions have left."""
    edited = _section("modified", code="10160-0", text="Lisinopril 10 mg daily.")
    _decide(store, review, "modified", edited, _section("rejected", code="8716-3"))
    found = note_report(note_feedback(store))
    assert (found["all"]["accepted"], found["all"]["modified"], found["all"]["rejected"]) == (
        1,
        1,
        1,
    )
    assert found["sections"]["10160-0 Medications"]["kept"] == 0.75
    assert found["sections"]["8716-3 Vital signs"]["kept"] == 0
    assert found["scribes"].keys() == {"isthmus-scribe 1"}
    assert note_report([])["all"]["kept"] is None


def test_a_later_draft_of_a_decided_note_can_be_rejected(store, review):
    """The review of a draft that came too late is ended by its rejection alone; the note stands."""
    _decide(store, review, "accepted")
    later = build_note(TRANSCRIPT, NOTE, note_context(task_id="run-2"))
    assert store.transact(lambda tx: keep_note(tx, later)) == "held"
    with pytest.raises(OperationOutcomeError, match="can be rejected"):
        _decide(store, later.task["id"], "accepted")
    _decide(store, later.task["id"], "rejected")
    (note,) = _all(store, "Composition")
    assert (note["status"], note["meta"]["versionId"]) == ("final", "2")
    assert _all(store, "Task", code="review", status="requested") == []
