"""The lane ends every job that it claims: done, tried again, or given up with a reason."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from adapters.store import Store
from gateway.lane import Lane, Retry, owner_is_dead, process_owner
from gateway.runner import LaneProcess
from profiles.outcome import OperationOutcomeError
from profiles.task import ANALYZE, moved, new_task


class Clinic:
    """A store with one queued job and a clock that jumps to whatever is due."""

    def __init__(self, folder) -> None:
        self.now = datetime(2026, 1, 2, tzinfo=UTC)
        self.store = Store(folder, clock=lambda: self.now)
        task = new_task("t1", ANALYZE, "ImagingStudy/s", self.now)
        self.store.transact(lambda tx: tx.enqueue(task, lane="imaging", ready_at=self.now, key="k"))

    def lane(self, handler, **options) -> Lane:
        """A lane with one handler."""
        retry = Retry(attempts=3, deaths=5)
        return Lane(
            self.store, "imaging", {"analyze": handler}, timeout_s=60, retry=retry, **options
        )

    def work(self, lane: Lane) -> None:
        """Claim and do the job that is due, if any."""
        job = self.store.claim(("imaging",), process_owner(1), 15)
        if job is not None:
            lane._do(job)

    def task(self) -> dict:
        """The Task as it is now."""
        return self.store.read("Task", "t1").json()


@pytest.fixture
def clinic(tmp_path):
    """A clinic that is closed at the end."""
    opened = Clinic(tmp_path)
    yield opened
    opened.store.close()


def _fails(error: Exception):
    def handler(job):
        raise error

    return handler


def test_a_failed_job_is_tried_again_with_growing_waits(clinic):
    """After a failure the job is due again later, and later still after the next one."""
    lane = clinic.lane(_fails(RuntimeError("x")))
    waits = []
    for _ in range(2):
        clinic.work(lane)
        waits.append(clinic.store.transact(lambda tx: tx.pending("k"))[1] - clinic.now)
        clinic.now += waits[-1]
    assert timedelta(0) < waits[0] < waits[1]
    assert clinic.task()["status"] == "requested"


def test_after_the_last_attempt_the_task_failed_with_a_reason(clinic):
    """Three failures end in a dead letter whose reason names the kind of error and no patient data."""
    lane = clinic.lane(_fails(RuntimeError("Doe^Jane")))
    for _ in range(3):
        clinic.work(lane)
        clinic.now += timedelta(minutes=5)
    task = clinic.task()
    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == (
        "failed",
        "dead-letter",
    )
    assert "RuntimeError" in task["statusReason"]["text"]
    assert "Doe" not in task["statusReason"]["text"]


def test_a_wrong_request_is_not_tried_again(clinic):
    """An error that trying again cannot mend ends the Task at once."""
    clinic.work(clinic.lane(_fails(OperationOutcomeError("business-rule", "no endpoint"))))
    assert (
        clinic.task()["status"],
        clinic.task()["statusReason"]["text"],
    ) == ("failed", "no endpoint")


def test_a_job_that_kills_every_process_is_given_up(clinic):
    """A job whose claims all ended with their process is buried, not tried for ever."""
    lane = clinic.lane(_fails(AssertionError("must not be called any more")))
    for _ in range(5):
        assert clinic.store.claim(("imaging",), "elsewhere:1:1", 1) is not None
        clinic.now += timedelta(seconds=2)
    clinic.work(lane)
    assert clinic.task()["businessStatus"]["coding"][0]["code"] == "dead-letter"


def test_a_result_after_the_lease_was_lost_is_not_written(clinic):
    """Who lost the lease cannot end the Task: the new owner answers for it."""
    first = clinic.store.claim(("imaging",), "elsewhere:1:1", 1)
    clinic.now += timedelta(seconds=2)
    second = clinic.store.claim(("imaging",), process_owner(1), 15)
    assert second is not None
    with pytest.raises(OperationOutcomeError) as lost:
        clinic.store.transact(
            lambda tx: tx.finish(first, moved(first.task, "completed", "done", tx.moment))
        )
    assert lost.value.kind.code == "conflict"


def test_a_job_past_its_time_limit_is_put_back_and_its_process_given_up(clinic):
    """The watch puts the job back and calls for the end of the process."""
    ended, release = threading.Event(), threading.Event()

    def give_up() -> None:
        ended.set()
        release.set()

    lane = Lane(
        clinic.store,
        "imaging",
        {"analyze": lambda job: release.wait(30)},
        timeout_s=0.0,
        lease_s=0.2,
        on_timeout=give_up,
    )
    clinic.work(lane)
    assert ended.is_set()
    assert "no result within" in clinic.task()["statusReason"]["text"]


def test_owners_are_told_apart_by_their_start(clinic):
    """A running process is not dead; a pid with another start time is."""
    import os

    alive = process_owner(os.getpid())
    assert not owner_is_dead(alive)
    host, pid, _ = alive.rsplit(":", 2)
    assert owner_is_dead(f"{host}:{pid}:1")


def test_a_dead_lane_process_is_started_again():
    """The supervisor starts a process that ended, after a short wait."""
    from tests.make_gateway import wait_until

    lane = LaneProcess(("/bin/sh", "-c", "exit 1"))

    def started_twice() -> bool:
        lane.tend()
        return lane.starts >= 2

    assert wait_until(started_twice, "a second start", patience_s=20)
    lane.end()


def test_a_lane_outlives_a_store_that_cannot_be_written(clinic, monkeypatch):
    """A claim that fails, on a full disk or a restarting database, does not end the lane's loop."""
    claim = clinic.store.claim
    failures = [OperationOutcomeError("no-store", "the disk is full"), OSError("no space")]
    monkeypatch.setattr("gateway.lane.STORE_AWAY_S", 0)
    done = []

    def claim_later(*given):
        if failures:
            raise failures.pop()
        return claim(*given)

    monkeypatch.setattr(clinic.store, "claim", claim_later)

    def handler(job):
        clinic.store.transact(
            lambda tx: tx.finish(job, moved(job.task, "completed", "done", tx.moment))
        )
        done.append(job.task_id)
        lane.stop()

    lane = clinic.lane(handler)
    lane.run()
    assert done == ["t1"]
