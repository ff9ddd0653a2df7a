"""The queue in any store: a job is a Task, claimed by one, fenced by its lease, never lost."""

import subprocess
import sys
import time
from datetime import timedelta

import pytest

from profiles.outcome import OperationOutcomeError
from profiles.task import ANALYZE, moved, new_task
from tests.make_gateway import ROOT


def _enqueue(store, key: str = "k", *, wait_s: float = 0, task_id: str = "t") -> None:
    def work(tx) -> None:
        task = new_task(task_id, ANALYZE, "ImagingStudy/s", tx.moment)
        tx.enqueue(task, lane="imaging", ready_at=tx.moment + timedelta(seconds=wait_s), key=key)

    store.transact(work)


def _done(job):
    return lambda tx: tx.finish(job, moved(job.task, "completed", "done", tx.moment))


def test_a_claimed_job_is_a_running_task_and_nobody_else_s(store):
    """The claim moves the Task to in-progress; a second claim finds nothing."""
    _enqueue(store)
    job = store.claim(("imaging",), "me:1:1", 30)
    assert store.read("Task", "t").json()["status"] == "in-progress"
    assert store.claim(("imaging",), "you:1:1", 30) is None
    store.transact(_done(job))
    assert store.read("Task", "t").json()["status"] == "completed"


def test_a_job_is_not_due_before_its_time(store):
    """What is ready later is not claimed now; postponing to now makes it due."""
    _enqueue(store, wait_s=3600)
    assert store.claim(("imaging",), "me:1:1", 30) is None
    store.transact(lambda tx: tx.postpone("k", tx.moment))
    assert store.claim(("imaging",), "me:1:1", 30) is not None


def test_one_job_of_a_key_waits(store):
    """A second job for the same work is a conflict until the first is claimed."""
    _enqueue(store)
    with pytest.raises(OperationOutcomeError):
        _enqueue(store, task_id="t2")
    store.claim(("imaging",), "me:1:1", 30)
    _enqueue(store, task_id="t2")
    assert store.transact(lambda tx: tx.pending("k"))[0] == "t2"


def test_an_expired_lease_goes_to_the_next_and_the_first_cannot_end_it(store):
    """Fencing: after another claim, heartbeat says no and finish writes nothing."""
    _enqueue(store)
    first = store.claim(("imaging",), "me:1:1", 0)
    time.sleep(0.002)  # the lease of zero seconds must lie in the past
    second = store.claim(("imaging",), "you:1:1", 30)
    assert (first.attempts, second.attempts) == (1, 2)
    assert not store.heartbeat(first, 30)
    with pytest.raises(OperationOutcomeError):
        store.transact(_done(first))
    assert store.read("Task", "t").json()["status"] == "in-progress"


def test_the_job_of_a_dead_owner_is_free_at_once(store):
    """free_leases lets go what a dead process held, and nothing else."""
    _enqueue(store)
    store.claim(("imaging",), "dead:1:1", 3600)
    assert store.free_leases(lambda owner: owner.startswith("other")) == 0
    assert store.free_leases(lambda owner: owner.startswith("dead")) == 1
    assert store.claim(("imaging",), "me:1:1", 30) is not None


def test_a_retried_job_is_due_later(store):
    """Retry puts the Task back to requested, due at the given time."""
    _enqueue(store)
    job = store.claim(("imaging",), "me:1:1", 30)
    store.transact(
        lambda tx: tx.retry(
            job, moved(job.task, "requested", "retrying", tx.moment), tx.moment + timedelta(hours=1)
        )
    )
    assert store.claim(("imaging",), "me:1:1", 30) is None
    assert store.read("Task", "t").json()["status"] == "requested"


def test_a_retry_gives_way_to_a_newer_job_of_its_key(store):
    """When newer work waits, the failed one ends as superseded instead of running twice."""
    _enqueue(store)
    job = store.claim(("imaging",), "me:1:1", 30)
    _enqueue(store, task_id="newer")
    store.transact(
        lambda tx: tx.retry(job, moved(job.task, "requested", "retrying", tx.moment), tx.moment)
    )
    assert store.read("Task", "t").json()["status"] == "cancelled"
    assert store.claim(("imaging",), "me:1:1", 30).task_id == "newer"


def test_a_cancelled_job_is_not_claimed(store):
    """Cancel drops the queue row and ends the Task."""
    _enqueue(store)
    task = store.read("Task", "t").json()
    store.transact(lambda tx: tx.cancel("t", moved(task, "cancelled", "superseded", tx.moment)))
    assert store.claim(("imaging",), "me:1:1", 30) is None


def test_a_job_and_its_trigger_are_one_transaction(store):
    """When the transaction fails neither resource nor job is there."""

    def work(tx) -> None:
        tx.put({"resourceType": "Patient", "id": "p"})
        task = new_task("t", ANALYZE, "ImagingStudy/s", tx.moment)
        tx.enqueue(task, lane="imaging", ready_at=tx.moment, key="k")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.transact(work)
    assert store.claim(("imaging",), "me:1:1", 30) is None
    assert (store.search("Task", []).total, store.search("Patient", []).total) == (0, 0)


def test_another_process_sees_the_commit_and_wakes_this_one(store, database, tmp_path):
    """Two processes on one store: the other's job is claimed here."""
    code = (
        "import sys; from pathlib import Path; from adapters.store import open_store\n"
        "from profiles.task import ANALYZE, new_task\n"
        "store = open_store(Path(sys.argv[1]), database=sys.argv[2])\n"
        "store.transact(lambda tx: tx.enqueue(new_task('x', ANALYZE, 'ImagingStudy/s', tx.moment),"
        " lane='imaging', ready_at=tx.moment, key='x'))\n"
        "store.close()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "store"), database], cwd=ROOT
    )
    assert store.wait_for_change(30)
    assert other.wait(30) == 0
    assert store.claim(("imaging",), "me:1:1", 30).task_id == "x"
