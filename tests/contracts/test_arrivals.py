"""What arrives starts its work in the transaction that stores it, on every store."""

from dataclasses import replace

import pytest

from gateway.arrivals import arrivals
from gateway.interactions.write import Writes
from gateway.settings import load_settings
from profiles.outcome import OperationOutcomeError
from profiles.task import CODE
from terminology.ai_transparency import labelled

SETTINGS = load_settings({})
NOTE = {
    "resourceType": "DocumentReference",
    "status": "current",
    "subject": {"reference": "Patient/p"},
    "content": [{"attachment": {"contentType": "text/plain", "data": "cGFpbg=="}}],
    "context": {"encounter": [{"reference": "Encounter/e"}]},
}
REPORT = {
    "resourceType": "DiagnosticReport",
    "status": "final",
    "code": {"text": "Panel"},
    "subject": {"reference": "Patient/p"},
    "encounter": {"reference": "Encounter/e"},
}
COMPOSITION = {
    "resourceType": "Composition",
    "status": "final",
    "type": {"text": "Note"},
    "subject": {"reference": "Patient/p"},
    "encounter": {"reference": "Encounter/e"},
    "date": "2026-03-02",
    "author": [{"display": "A"}],
    "title": "Note",
    "section": [{"title": "Plan", "text": {"status": "additional", "div": "<div>Rest</div>"}}],
}


def _arrive(store, *resources, settings=SETTINGS):
    """Write resources in one transaction; the coding Tasks that are there then."""

    def work(tx):
        writes = Writes(tx, "", arrivals(settings))
        for resource in resources:
            writes.create(resource)

    store.transact(work)
    return [match.json() for match in store.search("Task", [("code", CODE.code)]).matches]


def test_notes_of_one_encounter_make_one_job(store):
    """A document, a composition and a report with a conclusion wait as one job of the coding lane."""
    tasks = _arrive(store, NOTE, COMPOSITION, {**REPORT, "conclusion": "Fine."})
    assert [task["status"] for task in tasks] == ["requested"]
    assert tasks[0]["encounter"] == {"reference": "Encounter/e"}
    assert len(_arrive(store, NOTE)) == 1


def test_a_running_job_is_followed_by_another(store):
    """A note that arrives while its encounter is coded is coded afterwards."""
    settings = replace(SETTINGS, code_settle_s=0.0)
    _arrive(store, NOTE, settings=settings)
    assert store.claim(("coding",), "somebody", 60.0) is not None
    assert len(_arrive(store, NOTE, settings=settings)) == 2


def test_documents_without_encounter_have_jobs_of_their_own(store):
    """Two documents of no encounter are two jobs."""
    alone = {k: v for k, v in NOTE.items() if k != "context"}
    assert len(_arrive(store, alone, alone)) == 2


@pytest.mark.parametrize(
    "resource",
    [
        REPORT,
        {**NOTE, "status": "superseded"},
        {**NOTE, "docStatus": "entered-in-error"},
        {**NOTE, "docStatus": "preliminary"},
        {**NOTE, "meta": labelled()},
        {**COMPOSITION, "status": "preliminary"},
        {"resourceType": "Basic", "code": {"text": "x"}},
    ],
)
def test_what_is_no_note_in_force_starts_nothing(store, resource):
    """A panel without text, a draft, what is withdrawn and what an AI has made leave no Task."""
    assert _arrive(store, resource) == []


def test_a_skipped_note_leaves_one_task(store):
    """Of an excluded type: one completed Task with the reason, however often the note is written."""
    settings = replace(SETTINGS, code_excluded_types=("1-8",))
    note = {**NOTE, "id": "n", "type": {"coding": [{"system": "http://loinc.org", "code": "1-8"}]}}

    def work(tx):
        Writes(tx, "", arrivals(settings)).update(note)

    for _ in range(2):
        store.transact(work)
    (task,) = [match.json() for match in store.search("Task", [("code", CODE.code)]).matches]
    assert task["businessStatus"]["coding"][0]["code"] == "not-analysed"
    assert "excluded" in task["output"][0]["valueString"]


def test_on_demand_alone_nothing_is_queued(store):
    """A site that codes on demand has no job by an arrival; another word stops the start."""
    assert _arrive(store, NOTE, settings=replace(SETTINGS, code_documents="on-demand")) == []
    with pytest.raises(OperationOutcomeError):
        arrivals(replace(SETTINGS, code_documents="sometimes"))


def test_what_is_rolled_back_has_no_job(store):
    """A transaction that fails after a note was written leaves neither the note nor its job."""

    def work(tx):
        Writes(tx, "", arrivals(SETTINGS)).create(NOTE)
        raise OperationOutcomeError("invalid", "no")

    with pytest.raises(OperationOutcomeError):
        store.transact(work)
    assert _arrive(store, {"resourceType": "Basic", "code": {"text": "x"}}) == []
    assert store.status()["jobs_waiting"] == 0
