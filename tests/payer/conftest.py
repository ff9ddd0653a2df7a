"""A store, a trial payer, and the lane that brings Claims to it, run step by step."""

import importlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.payer.payers import load_payers
from adapters.store import Store
from gateway.inquire_job import Inquire
from gateway.payers import Payers
from gateway.submission import PAYER_LANE, key_of, queue_submission
from gateway.submission_end import Waits
from gateway.submit_job import Submit
from profiles.task import code_of
from tests.contracts.conftest import database, postgres_server
from tests.make_payer import TrialPayer, claim, payers_file, people, trial_payer

__all__ = ["Office", "database", "postgres_server"]


@pytest.fixture(scope="session")
def running_payer() -> Iterator[TrialPayer]:
    """A trial payer that takes a repeated request for another one: doubles would be seen."""
    with trial_payer("--careless") as payer:
        yield payer


class Office:
    """A store whose clock is moved, and its payer lane."""

    def __init__(self, folder: Path, payer: TrialPayer, database: str = "", **more: Any) -> None:
        self.ahead = timedelta()
        self.payer = payer
        place = folder / "store"
        engine = None
        if database:
            module = importlib.import_module("adapters.postgres.engine")
            engine = module.PostgresEngine(database)
        self.store = Store(place, engine=engine, clock=lambda: datetime.now(UTC) + self.ahead)
        listed = load_payers(str(payers_file(folder, payer.address, **{"settle_s": 0, **more})))
        self.payers = Payers(
            self.store, listed, (), lambda: time.monotonic() + self.ahead.total_seconds()
        )
        waits = Waits(retry_s=1.0, poll_s=1.0)
        self.handlers: dict[str, Callable[[Any], None]] = {
            "submit": Submit(self.store, self.payers, waits),
            "inquire": Inquire(self.store, self.payers, waits),
        }
        for one in people():
            self.store.transact(lambda tx, one=one: tx.put(one))

    def submit(self, claim_id: str, **changed: Any) -> str:
        """Write an active Claim and queue it; the id of its Task."""

        def work(tx: Any) -> str:
            stored = tx.put(claim(claim_id, **changed))
            return queue_submission(tx, stored.json())

        return self.store.transact(work)

    def step(self) -> str:
        """Do the job that is due next, whenever that is; its Task's code, or nothing."""
        job = self.store.claim((PAYER_LANE,), "test:1:1", 60)
        if job is None:
            self.ahead += timedelta(hours=2)
            self.store.transact(self._due)
            job = self.store.claim((PAYER_LANE,), "test:1:1", 60)
        if job is None:
            return ""
        self.handlers[code_of(job.task)](job)
        return code_of(job.task)

    def _due(self, tx: Any) -> None:
        """PostgreSQL has a clock of its own: what waits is made due by it."""
        for match in tx.search("Task", [("status", "requested")], count=100).matches:
            task = match.json()
            if code_of(task) in self.handlers:
                tx.postpone(f"{code_of(task)}:{key_of(task)}", datetime.now(UTC))

    def settle(self, most: int = 20) -> int:
        """Do jobs until none is due any more; how many."""
        for number in range(most):
            if not self.step():
                return number
        raise AssertionError("the payer lane does not come to rest")

    def task(self, task_id: str) -> dict[str, Any]:
        """A Task."""
        return self.store.read("Task", task_id).json()

    def state(self, task_id: str) -> str:
        """The business status of a Task."""
        return str(self.task(task_id)["businessStatus"]["coding"][0]["code"])

    def follow_ups(self, claim_id: str) -> dict[str, dict[str, Any]]:
        """The Tasks that persons have for a Claim, by cause."""
        page = self.store.search("Task", [("code", "payer-follow-up")], count=100)
        mine = f"Task/{claim_id}"
        found = {}
        for match in page.matches:
            task = match.json()
            inputs = {one["type"]["text"]: one for one in task["input"]}
            if inputs["submission"]["valueReference"]["reference"] == mine:
                found[inputs["cause"]["valueCodeableConcept"]["coding"][0]["code"]] = task
        return found

    def responses(self, claim_id: str) -> list[dict[str, Any]]:
        """The ClaimResponses of a Claim."""
        page = self.store.search("ClaimResponse", [("request", f"Claim/{claim_id}")], count=10)
        return [match.json() for match in page.matches]


@pytest.fixture
def office(tmp_path: Path, running_payer: TrialPayer) -> Iterator[Office]:
    """An office whose Claims go to the trial payer."""
    running_payer.forget()
    made = Office(tmp_path, running_payer)
    yield made
    made.store.close()


@pytest.fixture
def any_office(tmp_path: Path, running_payer: TrialPayer, database: str) -> Iterator[Office]:
    """An office on each kind of database."""
    running_payer.forget()
    made = Office(tmp_path, running_payer, database)
    yield made
    made.store.close()
