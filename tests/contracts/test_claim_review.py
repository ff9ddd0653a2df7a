"""A review in every store, with two gateways on it: one decision per version, whole or not at all."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.store import Store, Transaction, open_store
from gateway.claim_draft import keep_draft
from gateway.decision import Decision
from gateway.review import apply_decision
from gateway.settings import Settings, load_settings
from profiles.builders.claim import build_claim
from profiles.outcome import OperationOutcomeError
from tests.make_coding import HYPERTENSION, claim_context, coding_result
from tests.make_review import drafted

REJECT = {"decision": ["reject"], "element": ["diagnosis"], "sequence": [2]}


@pytest.fixture
def gateways(store: Store, database: str, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """Two gateways on one database."""
    other = open_store(tmp_path / "store", database=database, tends=False)
    yield store, other
    other.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings without code systems: nobody chooses a code here."""
    return replace(load_settings({}), data=str(tmp_path / "data"))


def _all_at_once(*works: Any) -> list[str]:
    """What each of some closures comes to, run at the same time on two gateways in turn."""
    said: list[str] = []

    def run(store: Store, work: Any) -> None:
        try:
            store.transact(work)
            said.append("done")
        except OperationOutcomeError as error:
            said.append(error.kind_name)

    threads = [threading.Thread(target=run, args=one) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(said)


@pytest.mark.parametrize("word", ["", "accepted"])
def test_of_decisions_on_one_version_one_is_taken(gateways, settings, word):
    """Six people on two gateways: one is told that it is done, five that it is a conflict."""
    draft = drafted(gateways[0])
    codes = () if word else (REJECT,)

    def work(tx: Transaction) -> None:
        given = Decision(word, {"display": "Cora"}, version="1", codes=codes)
        apply_decision(tx, draft.task["id"], given, settings)

    said = _all_at_once(*((gateways[n % 2], work) for n in range(6)))
    assert said == ["conflict"] * 5 + ["done"]
    assert gateways[1].read("Claim", draft.claim["id"]).version == 2
    assert len(gateways[1].search("Basic", []).matches) == 1


def test_a_new_coding_and_a_decision_at_once_lose_nothing(gateways, settings):
    """Either the decision stands and the coding is held, or the coding stands and the decision is refused."""
    draft = drafted(gateways[0])
    newer = build_claim(coding_result(HYPERTENSION), claim_context(task_id="newer"))

    def decide(tx: Transaction) -> None:
        given = Decision("accepted", {"display": "Cora"}, version="1")
        apply_decision(tx, draft.task["id"], given, settings)

    def code(tx: Transaction) -> None:
        keep_draft(tx, newer)

    said = _all_at_once((gateways[0], decide), (gateways[1], code))
    claim = gateways[0].read("Claim", draft.claim["id"]).json()
    decided = said == ["done", "done"]
    assert (claim["status"], len(claim["diagnosis"])) == (
        ("active", 2) if decided else ("draft", 1)
    )
    assert decided or said == ["conflict", "done"]


def test_a_decision_that_fails_late_leaves_nothing(gateways, settings):
    """When the transaction ends in an error, neither Claim nor Task nor record has changed."""
    draft = drafted(gateways[0])

    def work(tx: Transaction) -> None:
        apply_decision(tx, draft.task["id"], Decision("accepted", {"display": "C"}), settings)
        raise OperationOutcomeError("exception", "planted")

    assert _all_at_once((gateways[0], work)) == ["exception"]
    assert gateways[0].read("Claim", draft.claim["id"]).version == 1
    assert gateways[0].read("Task", draft.task["id"]).json()["status"] == "requested"
    assert gateways[0].search("Basic", []).matches == ()
