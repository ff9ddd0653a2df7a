"""PostgreSQL as the engine of the store, for a site with several gateways or workers."""

import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import errors

from adapters.postgres import queue
from adapters.postgres.connection import PostgresConnection
from adapters.postgres.schema import migrate
from adapters.sql.engine import Jobs
from profiles.outcome import OperationOutcomeError

_COLLISIONS: Final = (
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)


class PostgresEngine:
    """A PostgreSQL database (15 or newer).

    Parameters
    ----------
    address : str
        ``postgresql://user@host/database``.
    """

    error: Final = psycopg.Error
    jobs: Jobs = queue
    savepoints: Final = True

    def __init__(self, address: str) -> None:
        self._address = address

    def connect(self) -> PostgresConnection:
        """A connection; one thread at a time uses it (``transient`` when there is no server)."""
        try:
            return PostgresConnection(self._address)
        except psycopg.OperationalError:
            raise OperationOutcomeError("transient", "the database cannot be reached") from None

    def connect_writer(self) -> PostgresConnection:
        """The connection of the writer."""
        return self.connect()

    def migrate(self, connection: Any) -> None:
        """Bring the schema forward (``not-supported`` when a newer program wrote it)."""
        migrate(connection)

    def roll_back(self, connection: Any) -> None:
        """End a transaction that failed; a lost connection has ended it."""
        if not connection.raw.closed and connection.in_transaction:
            connection.roll_back()

    def end_entry(self, transaction: Any) -> None:
        """Write the index rows: a collision with another process must show in the entry that made it."""
        transaction.flush()

    def ends_group(self, error: BaseException) -> bool:
        """A full disk, or a connection that is gone."""
        return isinstance(error, errors.DiskFull | psycopg.OperationalError) and not isinstance(
            error, _COLLISIONS
        )

    def is_collision(self, error: BaseException) -> bool:
        """Two processes wrote the same thing at once."""
        return isinstance(error, _COLLISIONS)

    def is_taken(self, error: BaseException) -> bool:
        """Never: nothing waits."""
        del error
        return False

    def translated(self, error: BaseException) -> OperationOutcomeError:
        """The house's error for one of PostgreSQL's."""
        if isinstance(error, errors.DiskFull):
            return OperationOutcomeError("no-store", "the disk is full")
        if isinstance(error, _COLLISIONS):
            return OperationOutcomeError("conflict", "somebody else changed this at the same time")
        if isinstance(error, psycopg.OperationalError):
            return OperationOutcomeError("transient", "the database cannot be reached")
        return OperationOutcomeError("exception", f"the store failed: {type(error).__name__}")

    def changes(self, connection: Any) -> int:
        """Position in the write-ahead log: it moves with every commit."""
        (position,) = connection.execute(
            "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"
        ).fetchone()
        return int(position)

    def back_up(self, connection: Any, target: Path) -> None:
        """A dump of one moment by ``pg_dump`` (``not-supported`` where that is not installed)."""
        del connection
        self._run("pg_dump", "--format=custom", f"--file={target}")

    def restore(self, copy: Path) -> None:
        """Load such a dump into an empty database by ``pg_restore``."""
        self._run("pg_restore", "--no-owner", "--exit-on-error", "--dbname", after=(str(copy),))

    def _run(self, program: str, *options: str, after: tuple[str, ...] = ()) -> None:
        found = shutil.which(program)
        if found is None:
            raise OperationOutcomeError("not-supported", f"{program} is not installed")
        command = [found, *options, self._address, *after]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            raise OperationOutcomeError("exception", f"{program} failed")
