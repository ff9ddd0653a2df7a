"""A draft Claim is written over until a person has decided, and never after."""

import pytest

from gateway.claim_draft import keep_draft
from profiles.builders.claim import build_claim
from terminology.claims import CODE_DECISION
from tests.make_coding import HYPERTENSION, claim_context, coding_result

FIRST = build_claim(coding_result(), claim_context())
SECOND = build_claim(coding_result(HYPERTENSION), claim_context(task_id="second"))


def _keep(store, draft, **how):
    return store.transact(lambda tx: keep_draft(tx, draft, **how))


def _tasks(store):
    found = store.search("Task", [("focus", f"Claim/{FIRST.claim['id']}")]).matches
    return {one.id: one.json() for one in found}


def _claim(store):
    return store.read("Claim", FIRST.claim["id"])


def _changed(store, **members):
    store.transact(lambda tx: tx.put({**_claim_in(tx), **members}))


def _claim_in(tx):
    return tx.require("Claim", FIRST.claim["id"]).json()


def test_a_new_coding_is_the_next_version(store):
    """The draft's second version has the new codes; the first review gives way to the second."""
    assert (_keep(store, FIRST), _keep(store, SECOND)) == ("done", "done")
    assert _claim(store).version == 2
    tasks = _tasks(store)
    assert tasks[FIRST.task["id"]]["status"] == "cancelled"
    assert tasks[SECOND.task["id"]]["status"] == "requested"
    (provenance,) = [r for r in SECOND.beside if r["resourceType"] == "Provenance"]
    kept = store.read("Provenance", provenance["id"]).json()
    assert kept["entity"][-1] == {
        "role": "revision",
        "what": {"reference": f"Claim/{FIRST.claim['id']}/_history/1"},
    }


def test_the_same_coding_again_makes_no_twin(store):
    """A job that is done twice leaves one Claim with one open review."""
    _keep(store, FIRST)
    _keep(store, FIRST)
    assert [t["status"] for t in _tasks(store).values()] == ["requested"]


@pytest.mark.parametrize("status", ["active", "cancelled", "entered-in-error"])
def test_what_a_person_decided_is_held(store, status):
    """A decided Claim keeps its version; the new coding lies beside it with a Task that says so."""
    _keep(store, FIRST)
    _changed(store, status=status)
    assert _keep(store, SECOND) == "held"
    assert _claim(store).version == 2
    assert "after the claim was decided" in _tasks(store)[SECOND.task["id"]]["reasonCode"]["text"]
    assert all(store.read(r["resourceType"], r["id"]) for r in SECOND.beside)


def test_one_review_of_a_claim_is_open(store):
    """Codings after a decision take each other's place, and one that ended is not opened again."""
    _keep(store, FIRST)
    _changed(store, status="active")
    _keep(store, SECOND)
    _keep(store, build_claim(coding_result(), claim_context(task_id="third")))
    states = [task["status"] for task in _tasks(store).values()]
    assert sorted(states) == ["cancelled", "cancelled", "requested"]
    _keep(store, SECOND)
    ended = _tasks(store)[SECOND.task["id"]]["status"]
    assert (ended, len(_tasks(store))) == ("cancelled", 4)


def test_what_a_person_has_begun_is_held(store):
    """A draft of which one code is decided keeps it; its open review names the newer coding."""
    _keep(store, FIRST)
    mark = {"url": CODE_DECISION, "extension": [{"url": "decision", "valueCode": "accept"}]}
    first, *others = _claim(store).json()["diagnosis"]
    _changed(store, diagnosis=[{**first, "extension": [mark]}, *others])
    for _ in range(2):
        assert _keep(store, SECOND) == "held"
    tasks = _tasks(store)
    assert list(tasks) == [FIRST.task["id"]]
    names = [i["type"]["text"] for i in tasks[FIRST.task["id"]]["input"]]
    assert names.count("newer-coding-result") == 1


def test_a_rejected_claim_is_drafted_anew_by_hand_alone(store):
    """Asked for by a person, a rejected Claim becomes a draft again; an active one never does."""
    _keep(store, FIRST)
    _changed(store, status="entered-in-error")
    assert _keep(store, SECOND, again=True) == "done"
    assert _claim(store).json()["status"] == "draft"
    _changed(store, status="active")
    assert _keep(store, SECOND, again=True) == "held"
