"""A coding job on a real store: what it writes, and what it leaves alone."""

import base64
from dataclasses import replace
from types import SimpleNamespace

import orjson
import pytest

from gateway.arrivals import arrivals
from gateway.coding import Coding, verified
from gateway.coding_call import CodingCall
from gateway.coding_job import CodingJob
from gateway.interactions.write import Writes
from gateway.settings import load_settings
from profiles.coding_records import (
    SUGGESTED,
    CodeSuggestion,
    CodingRemark,
    CodingRequest,
    CodingResult,
    Evidence,
    Note,
)
from profiles.outcome import OperationOutcomeError
from terminology.claims import CODE_DECISION
from terminology.systems import CPT
from tests import word_coder
from tests.make_coding import diagnosis
from tests.make_documents import image_pdf

SETTINGS = replace(load_settings({}), code_settle_s=0.0)


@pytest.fixture
def lane(store, tmp_path):
    """Writes as a client does, and runs the jobs that are due."""

    def run(worker=word_coder):
        model = None if worker is not word_coder else word_coder.WORDS
        coding = Coding(store, worker, model, tmp_path, SETTINGS)
        while (job := store.claim(("coding",), "tests", 60.0)) is not None:
            CodingJob(store, coding)(job)

    def write(*resources):
        arrived = arrivals(SETTINGS)
        for one in resources:
            store.transact(lambda tx, one=one: Writes(tx, "", arrived).update(one))

    return SimpleNamespace(run=run, write=write, store=store)


def _note(key="n", content=b"Hypertension.", media_type="text/plain", encounter="e", **elements):
    attachment = {"contentType": media_type, "data": base64.b64encode(content).decode()}
    context = {"encounter": [{"reference": f"Encounter/{encounter}"}]} if encounter else {}
    return {
        "resourceType": "DocumentReference",
        "id": key,
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "date": "2026-03-02T10:00:00Z",
        "context": context,
        "content": [{"attachment": attachment}],
        **elements,
    }


def _all(store, kind, **wanted):
    return [m.json() for m in store.search(kind, list(wanted.items())).matches]


def _states(store):
    tasks = _all(store, "Task", code="code", _sort="authored-on")
    return [task["businessStatus"]["coding"][0]["code"] for task in tasks]


def _codes(store):
    (claim,) = _all(store, "Claim")
    return [d["diagnosisCodeableConcept"]["coding"][0]["code"] for d in claim.get("diagnosis", ())]


def test_a_later_note_gives_the_next_version_of_the_draft(lane):
    """Both notes of the encounter are in the second version; one review is open."""
    lane.write(_note("a"))
    lane.run()
    lane.write(_note("b", b"Knee pain."))
    lane.run()
    assert _states(lane.store) == ["done", "done"]
    assert _codes(lane.store) == ["I10", "M25.569"]
    assert len(_all(lane.store, "Task", code="review", status="requested")) == 1


def test_a_note_that_is_sent_again_changes_nothing(lane):
    """The same codes for the same notes leave the draft, its version and its review as they are."""
    for _ in range(2):
        lane.write(_note())
        lane.run()
    (claim,) = lane.store.search("Claim", []).matches
    assert claim.version == 1
    (review,) = _all(lane.store, "Task", code="review")
    assert review["status"] == "requested"
    first, second = (task["output"] for task in _all(lane.store, "Task", code="code"))
    assert first == second


def test_a_note_that_cannot_be_read_does_not_hold_up_the_others(lane):
    """The first note of an encounter is a picture: the second is coded, and the review says so."""
    lane.write(_note("a", image_pdf(), "application/pdf"), _note("b"))
    lane.run()
    assert _codes(lane.store) == ["I10"]
    (review,) = _all(lane.store, "Task", code="review")
    assert "DocumentReference/a was not used" in str(review["input"])


def test_a_note_that_is_withdrawn_before_its_job_leaves_the_others(lane):
    """The job of an encounter whose first note is withdrawn codes what is left."""
    lane.write(_note("a"), _note("b", b"Knee pain."), _note("a", status="entered-in-error"))
    lane.run()
    assert _codes(lane.store) == ["M25.569"]


@pytest.mark.parametrize("encounter", ["e", ""])
def test_a_draft_goes_with_its_last_note(lane, encounter):
    """The draft of a note that was entered in error is taken back, and nobody is asked to review it."""
    lane.write(_note(encounter=encounter))
    lane.run()
    lane.write(_note(encounter=encounter, status="entered-in-error"))
    lane.run()
    (claim,) = _all(lane.store, "Claim")
    assert claim["status"] == "entered-in-error"
    assert _all(lane.store, "Task", code="review", status="requested") == []


@pytest.mark.parametrize("status", ["draft", "active"])
def test_a_person_is_told_when_a_decided_claim_loses_its_notes(lane, status):
    """What a person has begun or approved stays as it is; a review says that its notes are gone."""
    lane.write(_note())
    lane.run()
    (claim,) = _all(lane.store, "Claim")
    mark = {"url": CODE_DECISION, "extension": [{"url": "decision", "valueCode": "accept"}]}
    lane.store.transact(lambda tx: tx.put({**claim, "status": status, "extension": [mark]}))
    lane.write(_note(status="entered-in-error"))
    lane.run()
    assert _all(lane.store, "Claim")[0]["status"] == status
    reviews = _all(lane.store, "Task", code="review", status="requested")
    assert any("withdrawn" in review["reasonCode"]["text"] for review in reviews)


def test_a_note_of_which_nobody_drafted_anything_is_withdrawn_in_silence(lane):
    """Without a Claim there is nothing to code anew."""
    lane.write(_note(status="entered-in-error"))
    assert _states(lane.store) == []


def test_without_codes_and_remarks_there_is_no_claim(lane):
    """A note in which nothing can be coded ends with a sentence, not with an empty draft."""
    lane.write(_note(content=b"Well."))
    lane.run()
    assert _states(lane.store) == ["done"]
    assert _all(lane.store, "Claim") == []


def test_an_older_coding_does_not_overwrite_a_newer(lane, tmp_path):
    """A job that began before another of its encounter, and ends after it, writes nothing."""
    lane.write(_note("a"))
    older = lane.store.claim(("coding",), "slow", 60.0)
    lane.write(_note("b", b"Knee pain."))
    lane.run()
    coding = Coding(lane.store, word_coder, word_coder.WORDS, tmp_path, SETTINGS)
    CodingJob(lane.store, coding)(older)
    assert _states(lane.store) == ["superseded", "done"]
    assert len(_codes(lane.store)) == 2


def test_a_fault_of_the_moment_is_raised_so_that_the_lane_tries_again(lane):
    """A coder that fails ends no Task; the draft is not touched."""

    def run(model, given, progress):
        raise OperationOutcomeError("transient", "later")

    lane.write(_note())
    with pytest.raises(OperationOutcomeError):
        lane.run(SimpleNamespace(run=run))
    assert _states(lane.store) == ["running"]
    assert _all(lane.store, "Claim") == []


def test_what_is_not_in_the_notes_does_not_leave():
    """A suggestion or remark whose words do not stand where it says is dropped, and that is said."""
    given = CodingRequest((Note("DocumentReference/n", "Pain here"),), "2026-03-02")
    right, wrong = (
        diagnosis("R52", "Pain", "Seen", evidence=(Evidence("DocumentReference/n", 0, 4, text),))
        for text in ("Pain", "Gout")
    )
    other = replace(right, evidence=(Evidence("DocumentReference/other", 0, 0, ""),))
    bare = replace(right, evidence=())
    remark = CodingRemark("query", "?", evidence=(Evidence("DocumentReference/n", 0, 99, "x"),))
    found = verified(CodingResult("c", "1", (right, wrong, other, bare), (remark,)), given)
    assert found.suggestions == (right,)
    assert [one.kind for one in found.remarks] == ["warning"]
    assert "4 suggestions" in found.remarks[0].text


def test_a_priced_draft_of_a_note_that_is_not_stored_keeps_its_amounts(store, tmp_path):
    """With a site's fees the answer to a call is JSON still, and 180.00 stays 180.00."""
    (tmp_path / "fees.csv").write_text("code,amount,currency\n99213,180.00,USD\n")

    def run(model, given, progress):
        words = Evidence(given.notes[0].document, 0, 4, "Pain")
        visit = CodeSuggestion(CPT, "2026-01-01", "99213", "", 0.9, SUGGESTED, (words,))
        return CodingResult("tests", "1", (visit,))

    coding = Coding(store, SimpleNamespace(run=run), None, tmp_path, SETTINGS)
    note = _note(content=b"Pain.", encounter="")
    made = CodingCall(coding)({"resource": note, "asked": {}, "base": ""})
    claim = orjson.loads(orjson.dumps(made))["draft"][0]
    assert '"net":{"value":180.00,"currency":"USD"}' in claim
