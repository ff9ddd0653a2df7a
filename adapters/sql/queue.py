"""The queue: a ``job`` row beside its Task, written in the same transaction as the trigger."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from profiles.outcome import OperationOutcomeError


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def enqueue(connection: Any, task_id: str, lane: str, ready: datetime, key: str) -> None:
    """Add the queue row of a Task.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when a job of this key already waits.
    """
    made = connection.execute(
        "INSERT INTO job (task_id, lane, key, ready_ms) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING RETURNING task_id",
        (task_id, lane, key, milliseconds(ready)),
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


def something_ready(connection: Any, lanes: tuple[str, ...], now: datetime) -> bool:
    """Whether a claim is worth a write."""
    now_ms = milliseconds(now)
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
        "AND ready_ms <= ? AND (owner IS NULL OR lease_ms < ?) ORDER BY ready_ms LIMIT 1",
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


def heartbeat(connection: Any, task_id: str, token: str, lease_s: float, moment: datetime) -> bool:
    """Extend the lease; false when it is no longer the caller's."""
    row = connection.execute(
        "UPDATE job SET lease_ms = ? WHERE task_id = ? AND token = ? RETURNING task_id",
        (milliseconds(moment) + int(lease_s * 1000), task_id, token),
    ).fetchone()
    return row is not None


def owners(connection: Any) -> list[str]:
    """Who holds leases."""
    rows = connection.execute(
        "SELECT DISTINCT owner FROM job WHERE owner IS NOT NULL AND lease_ms > 0"
    )
    return [str(owner) for (owner,) in rows]


def free_leases(connection: Any, is_dead: Callable[[str], bool]) -> int:
    """Let go the leases of owners that are gone; the attempt stays counted."""
    freed = 0
    for owner in owners(connection):
        if is_dead(owner):
            rows = connection.execute(
                "UPDATE job SET lease_ms = 0 WHERE owner = ? RETURNING task_id", (owner,)
            ).fetchall()
            freed += len(rows)
    return freed


def release(connection: Any, task_id: str, token: str, ready: datetime | None) -> None:
    """End the lease: drop the row, or make it due again.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when the lease went to somebody else: what was to be written must not be.
    """
    if ready is None:
        row = connection.execute(
            "DELETE FROM job WHERE task_id = ? AND token = ? RETURNING task_id", (task_id, token)
        ).fetchone()
    else:
        row = connection.execute(
            "UPDATE job SET owner = NULL, token = NULL, lease_ms = NULL, ready_ms = ? "
            "WHERE task_id = ? AND token = ? RETURNING task_id",
            (milliseconds(ready), task_id, token),
        ).fetchone()
    if row is None:
        raise OperationOutcomeError("conflict", "the lease of this job was lost")


def cancel(connection: Any, task_id: str) -> None:
    """Drop a job, claimed or not."""
    connection.execute("DELETE FROM job WHERE task_id = ?", (task_id,))


def counts(connection: Any) -> tuple[int, int]:
    """Jobs that wait and jobs that run."""
    (waiting, running) = connection.execute(
        "SELECT count(*) FILTER (WHERE owner IS NULL), count(owner) FROM job"
    ).fetchone()
    return int(waiting), int(running)
