"""The process dies before and after every write of a submission, one after the other."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.store import Store, Transaction
from gateway.inquire_job import Inquire
from gateway.submission_end import Waits
from gateway.submit_job import Submit
from tests.make_payer import name_of
from tests.payer.conftest import Office

T = TypeVar("T")
WRITES = 12
"""More than any way here takes; a way that ends before is no loss."""


class Death(BaseException):
    """What no handler catches: as far as the work is concerned, SIGKILL."""


class MortalStore:
    """A store whose process dies at one of its writes.

    Parameters
    ----------
    store : Store
        What is written to.
    number : int
        The write at which it dies, from 0.
    after : bool
        Whether that write is durable.
    """

    def __init__(self, store: Store, number: int, *, after: bool) -> None:
        self._store = store
        self._left = number
        self._after = after
        self.died = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Write, or die."""
        self._left -= 1
        if self._left != -1:
            return self._store.transact(work)
        self.died = True
        if self._after:
            self._store.transact(work)
        raise Death


def _work_until_death(office: Office, mortal: MortalStore) -> None:
    living = dict(office.handlers)
    waits = Waits(retry_s=1.0, poll_s=1.0)
    office.handlers["submit"] = Submit(mortal, office.payers, waits)  # type: ignore[arg-type]
    office.handlers["inquire"] = Inquire(mortal, office.payers, waits)  # type: ignore[arg-type]
    try:
        for _ in range(30):
            if not office.step():
                break
    except Death:
        pass
    finally:
        office.handlers.update(living)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "trouble", ["", "cut", "cut-before", "503", "500-after", "html", "denied", "refuse"]
)
def test_a_death_at_any_write_neither_loses_nor_doubles(office: Office, trouble: str, after: bool):
    """Whichever write is the last of a process, the next one ends the submission: one Claim, one answer."""
    for number in range(WRITES):
        claim_id = uuid4().hex
        office.payer.forget()
        office.payer.next(submit=[trouble])
        task_id = office.submit(claim_id)
        mortal = MortalStore(office.store, number, after=after)
        _work_until_death(office, mortal)
        office.settle(40)
        taken = office.payer.claims().count(name_of(claim_id))
        assert office.task(task_id)["status"] in ("completed", "failed"), number
        assert taken == (0 if office.state(task_id) == "payer-refused" else 1), number
        assert len(office.responses(claim_id)) == taken, number
        if not mortal.died:
            return


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_death_at_any_write_of_an_inquiry_loses_no_answer(office: Office, after: bool):
    """A pended Claim has its final answer, whichever write of the inquiries was the last of a process."""
    for number in range(WRITES):
        claim_id = uuid4().hex
        office.payer.next(submit=["queued"])
        office.submit(claim_id)
        office.step()
        office.payer.decide(name_of(claim_id), "complete")
        mortal = MortalStore(office.store, number, after=after)
        _work_until_death(office, mortal)
        office.settle(40)
        (response,) = office.responses(claim_id)
        assert response["outcome"] == "complete", number
        if not mortal.died:
            return


_SUBMIT = st.sampled_from(
    [
        *(
            "",
            "cut",
            "cut-before",
            "html",
            "html-after",
            "500",
            "500-after",
            "502",
            "503",
            "504-after",
        ),
        *("429", "empty", "truncated", "wrong", "twice", "duplicate", "queued", "denied", "refuse"),
    ]
)
_INQUIRE = st.sampled_from(["", "html", "500", "503", "cut", "empty", "truncated", "wrong"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(_SUBMIT, max_size=4), st.lists(_INQUIRE, max_size=4), st.integers(0, 9), st.booleans()
)
def test_any_run_of_troubles_and_a_death(
    office: Office, submit: list[str], inquire: list[str], number: int, after: bool
):
    """Whatever happens in whatever order, the payer has the Claim once, or has refused it and we know."""
    office.payer.forget()
    claim_id = uuid4().hex
    office.payer.next(submit=submit, inquire=inquire)
    task_id = office.submit(claim_id)
    _work_until_death(office, MortalStore(office.store, number, after=after))
    office.payer.forget()
    if name_of(claim_id) in office.payer.queued():
        office.payer.decide(name_of(claim_id), "complete")
    office.settle(60)
    taken = office.payer.claims().count(name_of(claim_id))
    assert taken == (0 if office.task(task_id)["status"] == "failed" else 1)
    assert len(office.responses(claim_id)) == taken
