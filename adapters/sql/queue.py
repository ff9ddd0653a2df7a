"""The queue: a ``job`` row beside its Task, written in the same transaction as the trigger."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from adapters.sql.records import Job
from profiles.outcome import OperationOutcomeError


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def enqueue(connection: Any, task: dict[str, Any], lane: str, ready: datetime, key: str) -> None:
    """Add the queue row of a Task.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when a job of this key already waits.
    """
    made = connection.execute(
        "INSERT INTO job (task_id, lane, key, ready_ms) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING RETURNING task_id",
        (task["id"], lane, key, milliseconds(ready)),
    ).fetchone()
    if made is None:
        raise OperationOutcomeError("conflict", "a job for the same work already waits")


def pending(connection: Any, key: str) -> tuple[str, datetime] | None:
    """Task and due time of the job of this key that nobody has claimed."""
    row = connection.execute(
        "SELECT task_id, ready_ms FROM job WHERE key = ? AND owner IS NULL", (key,)
    ).fetchone()
    return None if row is None else (row[0], datetime.fromtimestamp(row[1] / 1000, UTC))


def postpone(connection: Any, key: str, ready: datetime) -> None:
    """Set the due time of the job of this key that nobody has claimed."""
    connection.execute(
        "UPDATE job SET ready_ms = ? WHERE key = ? AND owner IS NULL", (milliseconds(ready), key)
    )


def something_ready(connection: Any, lanes: tuple[str, ...], now_ms: int) -> bool:
    """Whether a claim is worth a write."""
    marks = ", ".join("?" * len(lanes))
    row = connection.execute(
        f"SELECT 1 FROM job WHERE lane IN ({marks}) AND ready_ms <= ? "
        "AND (owner IS NULL OR lease_ms < ?) LIMIT 1",
        (*lanes, now_ms, now_ms),
    ).fetchone()
    return row is not None


def claim(
    connection: Any,
    lanes: tuple[str, ...],
    owner: str,
    lease_s: float,
    moment: datetime,
) -> tuple[str, str, str, int, str] | None:
    """Lease the job that has been due longest: its Task's id, lane, key, attempts and token."""
    now_ms = milliseconds(moment)
    marks = ", ".join("?" * len(lanes))
    row = connection.execute(
        f"SELECT task_id, lane, key, attempts FROM job WHERE lane IN ({marks}) "
        "AND ready_ms <= ? AND (owner IS NULL OR lease_ms < ?) ORDER BY ready_ms LIMIT 1"
        + connection.skip_locked,
        (*lanes, now_ms, now_ms),
    ).fetchone()
    if row is None:
        return None
    task_id, lane, key, attempts = row
    token = uuid4().hex
    connection.execute(
        "UPDATE job SET owner = ?, token = ?, lease_ms = ?, attempts = attempts + 1 "
        "WHERE task_id = ?",
        (owner, token, now_ms + int(lease_s * 1000), task_id),
    )
    return task_id, lane, key, attempts + 1, token


def heartbeat(connection: Any, job: Job, lease_s: float, moment: datetime) -> bool:
    """Extend the lease; false when it is no longer ours."""
    connection.execute(
        "UPDATE job SET lease_ms = ? WHERE task_id = ? AND token = ?",
        (milliseconds(moment) + int(lease_s * 1000), job.task_id, job.token),
    )
    return bool(connection.changes())


def free_leases(connection: Any, is_dead: Callable[[str], bool]) -> int:
    """Let go the leases of owners that are gone; the attempt stays counted."""
    owners = connection.execute("SELECT DISTINCT owner FROM job WHERE owner IS NOT NULL").fetchall()
    freed = 0
    for (owner,) in owners:
        if is_dead(str(owner)):
            connection.execute("UPDATE job SET lease_ms = 0 WHERE owner = ?", (owner,))
            freed += connection.changes()
    return freed


def release(connection: Any, job: Job, ready: datetime | None) -> None:
    """End the lease: drop the row, or make it due again.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when the lease went to somebody else: what was to be written must not be.
    """
    if ready is None:
        connection.execute(
            "DELETE FROM job WHERE task_id = ? AND token = ?", (job.task_id, job.token)
        )
    else:
        connection.execute(
            "UPDATE job SET owner = NULL, token = NULL, lease_ms = NULL, ready_ms = ? "
            "WHERE task_id = ? AND token = ?",
            (milliseconds(ready), job.task_id, job.token),
        )
    if not connection.changes():
        raise OperationOutcomeError("conflict", "the lease of this job was lost")
