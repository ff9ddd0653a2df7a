"""The queue on PostgreSQL: Procrastinate's tables and functions, called in the store's own transactions.

A job is deferred in the transaction that writes its Task, so that neither is there without the other. The
queueing lock of Procrastinate is our key: one job of a key waits. A claim is its fetch function under a
worker of its own; our lease beside it says for how long, and its token fences the end.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import milliseconds

TASK: Final = "isthmus.task"


def enqueue(connection: Any, task_id: str, lane: str, ready: datetime, key: str) -> None:
    """Defer the job of a Task (``conflict`` when one of its key waits)."""
    if pending(connection, key) is not None:
        raise OperationOutcomeError("conflict", "a job for the same work already waits")
    connection.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(?, ?, 0, NULL, ?, jsonb_build_object('task', ?::text), "
        "?::timestamptz)::procrastinate_job_to_defer_v1])",
        (lane, TASK, key, task_id, ready),
    )


def pending(connection: Any, key: str) -> tuple[str, datetime] | None:
    """Task and due time of the waiting job of a key."""
    row = connection.execute(
        "SELECT args ->> 'task', scheduled_at FROM procrastinate_jobs "
        "WHERE queueing_lock = ? AND status = 'todo'",
        (key,),
    ).fetchone()
    return None if row is None else (str(row[0]), row[1].astimezone(UTC))


def postpone(connection: Any, key: str, ready: datetime) -> None:
    """Set when the waiting job of a key is due."""
    connection.execute(
        "UPDATE procrastinate_jobs SET scheduled_at = ?::timestamptz "
        "WHERE queueing_lock = ? AND status = 'todo'",
        (ready, key),
    )


def something_ready(connection: Any, lanes: tuple[str, ...], now: datetime) -> bool:
    """Whether a claim is worth a write."""
    row = connection.execute(
        "SELECT 1 FROM procrastinate_jobs j LEFT JOIN job_lease l ON l.job_id = j.id "
        "WHERE j.queue_name = ANY(?::text[]) AND ((j.status = 'todo' AND j.scheduled_at <= now()) "
        "OR (j.status = 'doing' AND l.lease_ms < ?)) LIMIT 1",
        (list(lanes), milliseconds(now)),
    ).fetchone()
    return row is not None


def claim(
    connection: Any, lanes: tuple[str, ...], owner: str, lease_s: float, moment: datetime
) -> tuple[str, str, str, int, str] | None:
    """Lease the job that has been due longest: its Task's id, lane, key, attempts and token."""
    now_ms = milliseconds(moment)
    _take_back(connection, "l.lease_ms < ?", now_ms)
    (worker,) = connection.execute(
        "SELECT worker_id FROM procrastinate_register_worker_v1()"
    ).fetchone()
    row = connection.execute(
        "SELECT id, queue_name, queueing_lock, attempts, args ->> 'task' "
        "FROM procrastinate_fetch_job_v2(?::varchar[], ?)",
        (list(lanes), worker),
    ).fetchone()
    if row is None or row[0] is None:
        connection.execute("SELECT procrastinate_unregister_worker_v1(?)", (worker,))
        return None
    job_id, lane, key, attempts, task_id = row
    token = uuid4().hex
    connection.execute(
        "INSERT INTO job_lease (job_id, task_id, owner, token, lease_ms) VALUES (?, ?, ?, ?, ?)",
        (job_id, task_id, owner, token, now_ms + int(lease_s * 1000)),
    )
    return str(task_id), str(lane), str(key or ""), int(attempts) + 1, token


def _take_back(connection: Any, where: str, *values: Any) -> int:
    """Make leased jobs claimable again; the attempt stays counted."""
    rows = connection.execute(
        "SELECT j.id, j.queueing_lock FROM procrastinate_jobs j JOIN job_lease l ON l.job_id = j.id "
        f"WHERE j.status = 'doing' AND {where} FOR UPDATE OF j SKIP LOCKED",
        values,
    ).fetchall()
    for job_id, key in rows:
        connection.execute("DELETE FROM job_lease WHERE job_id = ?", (job_id,))
        if key is not None and pending(connection, key) is not None:
            # A newer job of the key waits: both may run, as in the embedded queue.
            connection.execute(
                "UPDATE procrastinate_jobs SET queueing_lock = NULL WHERE id = ?", (job_id,)
            )
        _retry(connection, job_id, None)
    return len(rows)


def _retry(connection: Any, job_id: int, ready: datetime | None) -> None:
    """Due at a time, or in this very transaction."""
    connection.execute(
        "SELECT procrastinate_retry_job_v2(?, coalesce(?::timestamptz, now()), NULL, NULL, NULL)",
        (job_id, ready),
    )


def heartbeat(connection: Any, task_id: str, token: str, lease_s: float, moment: datetime) -> bool:
    """Extend the lease, and the heartbeat of its worker; false when it is no longer the caller's."""
    row = connection.execute(
        "UPDATE job_lease SET lease_ms = ? WHERE task_id = ? AND token = ? RETURNING job_id",
        (milliseconds(moment) + int(lease_s * 1000), task_id, token),
    ).fetchone()
    if row is None:
        return False
    connection.execute(
        "SELECT procrastinate_update_heartbeat_v1(worker_id) FROM procrastinate_jobs "
        "WHERE id = ? AND worker_id IS NOT NULL",
        (row[0],),
    )
    return True


def owners(connection: Any) -> list[str]:
    """Who holds leases."""
    return [str(owner) for (owner,) in connection.execute("SELECT DISTINCT owner FROM job_lease")]


def free_leases(connection: Any, is_dead: Callable[[str], bool]) -> int:
    """Let go the leases of owners that are gone; the attempt stays counted."""
    return sum(
        _take_back(connection, "l.owner = ?", owner)
        for owner in owners(connection)
        if is_dead(owner)
    )


def release(connection: Any, task_id: str, token: str, ready: datetime | None) -> None:
    """End the lease: finish the job, or make it due again.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when the lease went to somebody else: what was to be written must not be.
    """
    row = connection.execute(
        "DELETE FROM job_lease WHERE task_id = ? AND token = ? RETURNING job_id", (task_id, token)
    ).fetchone()
    if row is None:
        raise OperationOutcomeError("conflict", "the lease of this job was lost")
    worker = connection.execute(
        "SELECT worker_id FROM procrastinate_jobs WHERE id = ?", (row[0],)
    ).fetchone()
    if ready is None:
        connection.execute("SELECT procrastinate_finish_job_v1(?, 'succeeded', true)", (row[0],))
    else:
        _retry(connection, row[0], ready)
    if worker is not None and worker[0] is not None:
        connection.execute("SELECT procrastinate_unregister_worker_v1(?)", (worker[0],))


def cancel(connection: Any, task_id: str) -> None:
    """Drop a job, claimed or not."""
    connection.execute("DELETE FROM job_lease WHERE task_id = ?", (task_id,))
    connection.execute(
        "DELETE FROM procrastinate_jobs WHERE args ->> 'task' = ? AND status IN ('todo', 'doing')",
        (task_id,),
    )


def counts(connection: Any) -> tuple[int, int]:
    """Jobs that wait and jobs that run."""
    waiting, running = connection.execute(
        "SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing') "
        "FROM procrastinate_jobs"
    ).fetchone()
    return int(waiting), int(running)
