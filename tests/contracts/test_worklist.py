"""What waits for a person, and what could not be drafted, on a real store."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.decision import Decision
from gateway.review import apply_decision
from gateway.settings import load_settings
from gateway.worklist import PAGE, age, not_drafted, worklist
from profiles.outcome import OperationOutcomeError
from profiles.task import ADJUDICATE, CODE, FOLLOW_UP, REVIEW, TRANSCRIBE, item, moved, new_task

NOW = datetime.now(UTC)


def _put(store, *resources):
    store.transact(lambda tx: [tx.put(one) for one in resources])


def _review(key, focus, minutes, code=REVIEW, state="awaiting-review"):
    made = datetime.now(UTC) - timedelta(minutes=minutes)
    return new_task(key, code, focus, made, state=state, patient="Patient/p", reason="why")


@pytest.fixture
def ward(store):
    """One patient with something of each kind that waits, and a review that has ended."""
    _put(
        store,
        {"resourceType": "Patient", "id": "p", "name": [{"text": "Ann"}]},
        {
            "resourceType": "Composition",
            "id": "n",
            "status": "preliminary",
            "title": "Consult note",
        },
        {"resourceType": "DiagnosticReport", "id": "r", "status": "preliminary"},
        {"resourceType": "Claim", "id": "c", "status": "draft"},
        {"resourceType": "ClaimResponse", "id": "a", "status": "draft"},
        _review("t1", "Composition/n", 90),
        _review("t2", "DiagnosticReport/r", 3),
        _review("t3", "Claim/c", 2 * 24 * 60),
        _review("t4", "ClaimResponse/a", 0, ADJUDICATE),
        _review("t5", "Claim/c", 10, FOLLOW_UP, "awaiting-person"),
        moved(_review("t6", "Composition/n", 500), "completed", "accepted", NOW),
    )
    return store


def test_the_longest_wait_stands_first(ward):
    """Every kind leads to its page, with patient, age and state; what has ended is not there."""
    lines = worklist(ward, {})["lines"]
    assert [(one["href"], one["age"]) for one in lines] == [
        ("/claims/c", "2 days"),
        ("/notes/n", "1 hour"),
        ("/claims/c", "10 minutes"),
        ("/reports/r", "3 minutes"),
        ("/received/a", "just now"),
    ]
    assert [one["what"] for one in lines] == [
        *("Claim", "Consult note", "Follow up · Claim", "Report", "Received claim"),
    ]
    assert {one["patient"] for one in lines} == {"Ann"}
    assert lines[1]["state"] == "preliminary"
    newest = worklist(ward, {"order": "newest"})["lines"]
    assert [one["href"] for one in newest] == [one["href"] for one in reversed(lines)]


def test_one_kind_may_be_asked_for(ward):
    """A list of notes has notes alone; a kind that is none is as if nobody had asked."""
    assert [one["href"] for one in worklist(ward, {"kind": "Composition"})["lines"]] == ["/notes/n"]
    assert len(worklist(ward, {"kind": "Patient"})["lines"]) == 5


def test_pages_show_everything_once(store):
    """The pages of a long list have every line once, and a page link of another list begins anew."""
    count = 2 * PAGE + 3
    _put(store, *(_review(f"t{n}", f"Claim/c{n}", n) for n in range(count)))
    seen, after, pages = [], "", 0
    while pages == 0 or after:
        found = worklist(store, {"after": after})
        seen += [one["href"] for one in found["lines"]]
        after, pages = found["after"], pages + 1
    assert pages == 3
    assert seen == [f"/claims/c{n}" for n in reversed(range(count))]
    first = worklist(store, {})
    for cursor in ("zzz", worklist(store, {"order": "newest"})["after"]):
        again = worklist(store, {"after": cursor})["lines"]
        assert [one["href"] for one in again] == [one["href"] for one in first["lines"]]


def test_what_was_not_drafted_is_listed_with_its_reason(store):
    """A job that ended without a result is there until a later one on the same recording has one."""
    said = (item("reason", valueString="No speech recogniser is configured."),)
    for key, focus in (("t1", "Media/a"), ("t2", "Media/b")):
        task = new_task(key, TRANSCRIBE, focus, NOW)
        _put(store, moved(task, "completed", "not-analysed", NOW, outputs=said))
    _put(store, moved(new_task("t3", CODE, "Media/a", NOW), "failed", "dead-letter", NOW))
    lines = {(one["what"], one["reason"]) for one in not_drafted(store, "")["lines"]}
    assert lines == {
        ("Draft a note from a recorded visit", "No speech recogniser is configured."),
        ("Code clinical documents", "Given up after repeated errors"),
    }
    assert len(not_drafted(store, "")["lines"]) == 3
    _put(store, moved(new_task("t4", TRANSCRIBE, "Media/a", NOW), "completed", "done", NOW))
    assert len(not_drafted(store, "")["lines"]) == 2


@given(st.integers(0, 10**9) | st.text(max_size=12))
def test_any_age_is_said(value):
    """Whatever a Task says of its beginning, the age is words or nothing."""
    if isinstance(value, int):
        said = age((NOW - timedelta(seconds=value)).isoformat(), NOW)
        assert said == "just now" or int(said.split()[0]) >= 1
    else:
        assert isinstance(age(value, NOW), str)


def test_a_follow_up_is_settled_by_a_person(ward):
    """Accepting it ends it with who and why, and leaves the Claim as it is; nothing else can be decided."""
    before = ward.read("Claim", "c").version

    def decide(word, **more):
        decision = Decision(word, {"display": "Ann"}, "called the payer", **more)
        ward.transact(lambda tx: apply_decision(tx, "t5", decision, load_settings({})))

    for word, more in (("rejected", {}), ("accepted", {"codes": ({"decision": ["accept"]},)})):
        with pytest.raises(OperationOutcomeError, match="accepted alone"):
            decide(word, **more)
    decide("accepted")
    task = ward.read("Task", "t5").json()
    assert (task["status"], task["statusReason"]["text"]) == ("completed", "called the payer")
    assert ward.read("Claim", "c").version == before
    assert "Follow up · Claim" not in [one["what"] for one in worklist(ward, {})["lines"]]


def test_a_follow_up_of_an_answer_leads_to_its_claim(store):
    """The person lands where the Claim, its answers and what is to do stand."""
    answer = {"resourceType": "ClaimResponse", "id": "a", "status": "active"}
    answer["request"] = {"reference": "Claim/c"}
    _put(store, answer, _review("t", "ClaimResponse/a", 1, FOLLOW_UP, "awaiting-person"))
    assert worklist(store, {})["lines"][0]["href"] == "/claims/c"
