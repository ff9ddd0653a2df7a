"""What differs between the databases: connections, errors, transactions, how a commit is noticed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from profiles.outcome import OperationOutcomeError

Lease = tuple[str, str, str, int, str]
"""Task id, lane, key, attempts, token."""


class Jobs(Protocol):
    """The queue on one connection: a row of the embedded table, or a job of Procrastinate."""

    def enqueue(self, connection: Any, task_id: str, lane: str, ready: datetime, key: str) -> None:
        """Add a job (``conflict`` when one of its key waits)."""
        ...

    def pending(self, connection: Any, key: str) -> tuple[str, datetime] | None:
        """Task and due time of the waiting job of a key."""
        ...

    def postpone(self, connection: Any, key: str, ready: datetime) -> None:
        """Set when the waiting job of a key is due."""
        ...

    def something_ready(self, connection: Any, lanes: tuple[str, ...], now: datetime) -> bool:
        """Whether a claim is worth a write."""
        ...

    def claim(
        self, connection: Any, lanes: tuple[str, ...], owner: str, lease_s: float, moment: datetime
    ) -> Lease | None:
        """Lease the job that has been due longest."""
        ...

    def heartbeat(
        self, connection: Any, task_id: str, token: str, lease_s: float, moment: datetime
    ) -> bool:
        """Extend a lease; false when it is no longer the caller's."""
        ...

    def owners(self, connection: Any) -> list[str]:
        """Who holds leases."""
        ...

    def free_leases(self, connection: Any, is_dead: Callable[[str], bool]) -> int:
        """Make the jobs of dead owners claimable; how many there were."""
        ...

    def release(self, connection: Any, task_id: str, token: str, ready: datetime | None) -> None:
        """End a lease: the job is over, or due again (``conflict`` when the lease was lost)."""
        ...

    def cancel(self, connection: Any, task_id: str) -> None:
        """Drop a job, claimed or not."""
        ...

    def counts(self, connection: Any) -> tuple[int, int]:
        """Jobs that wait and jobs that run."""
        ...


class Engine(Protocol):
    """One database."""

    @property
    def error(self) -> type[Exception]:
        """Base class of the database's errors."""
        ...

    @property
    def jobs(self) -> Jobs:
        """The queue."""
        ...

    @property
    def savepoints(self) -> bool:
        """Whether every closure of a group needs a savepoint: an error would end the transaction."""
        ...

    def connect(self) -> Any:
        """A connection; one thread at a time uses it."""
        ...

    def connect_writer(self) -> Any:
        """The connection of the writer; closing it lets go of everything that it has."""
        ...

    def migrate(self, connection: Any) -> None:
        """Bring the schema forward (``not-supported`` when a newer program wrote it)."""
        ...

    def roll_back(self, connection: Any) -> None:
        """End a transaction that failed, if it is still open."""
        ...

    def end_entry(self, transaction: Any) -> None:
        """Make errors of a closure show before the next one runs."""
        ...

    def ends_group(self, error: BaseException) -> bool:
        """Whether nothing more can be written in this transaction."""
        ...

    def is_collision(self, error: BaseException) -> bool:
        """Whether another process was in the way and trying again helps."""
        ...

    def is_taken(self, error: BaseException) -> bool:
        """Whether something that a group took for granted does not hold: that an id is free, for one."""
        ...

    def translated(self, error: BaseException) -> OperationOutcomeError:
        """The house's error for one of the database's."""
        ...

    def changes(self, connection: Any) -> int:
        """A number that differs after anybody's commit."""
        ...

    def back_up(self, connection: Any, target: Any) -> None:
        """Write a consistent copy while the store is used."""
        ...

    def restore(self, copy: Any) -> None:
        """Put such a copy in the place of an empty database."""
        ...
