"""The door of the store: resources, archive index and queue in one place that is true together.

Embedded: SQLite in WAL with ``synchronous=FULL`` and group commit, blobs beside it. Several processes
may have the same store open; one writes at a time, all read.
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from adapters.blobs import BlobFolder
from adapters.sqlite import imaging_index, queue, resources
from adapters.sqlite.connection import connect
from adapters.sqlite.records import Job, SearchPage, StoredVersion, StudyRow
from adapters.sqlite.schema import migrate
from adapters.sqlite.search import search
from adapters.sqlite.transaction import Transaction, required
from adapters.sqlite.writer import Writer
from profiles.outcome import OperationOutcomeError
from profiles.records import StudyRef

__all__ = ["Job", "SearchPage", "Store", "StoredVersion", "StudyRow", "Transaction", "open_store"]

T = TypeVar("T")
POLL_S = 0.02


def open_store(folder: Path, *, reserve_bytes: int = 0) -> "Store":
    """Open the store in a folder, making or migrating it."""
    return Store(folder, reserve_bytes=reserve_bytes)


class Store:
    """The embedded store.

    Parameters
    ----------
    folder : Path
        Holds ``isthmus.sqlite`` and ``blobs/``.
    reserve_bytes : int
        Free disk space below which nothing more is taken in.
    clock : callable
        Present moment, aware.
    """

    def __init__(
        self,
        folder: Path,
        *,
        reserve_bytes: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.blobs = BlobFolder(folder / "blobs", reserve_bytes=reserve_bytes)
        self._path = folder / "isthmus.sqlite"
        self._clock = clock
        self._local = threading.local()
        writing = connect(self._path)
        migrate(writing)
        self._own = 0
        self._writer = Writer(writing, lambda: Transaction(writing, self.blobs, clock()))

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run a closure in one durable transaction; its result, after commit and fsync."""
        result = cast("T", self._writer.submit(work))
        self._own += 1
        return result

    def read(self, kind: str, resource_id: str) -> StoredVersion:
        """The current version (``not-found``, ``deleted``)."""
        return required(resources.read(self._reader(), kind, resource_id), kind)

    def vread(self, kind: str, resource_id: str, version: int) -> StoredVersion:
        """One version (``not-found``, ``deleted``)."""
        found = (v for v in self.history(kind, resource_id) if v.version == version)
        return required(next(found, None), kind)

    def history(self, kind: str, resource_id: str) -> tuple[StoredVersion, ...]:
        """Every version, the newest first; empty when there never was one."""
        return resources.history(self._reader(), kind, resource_id)

    def search(
        self,
        kind: str,
        parameters: Sequence[tuple[str, str]],
        *,
        count: int = 50,
        offset: int = 0,
    ) -> SearchPage:
        """One page of matches (``value`` for a malformed parameter)."""
        return search(self._reader(), kind, parameters, count, offset)

    def study(self, study_uid: str) -> StudyRow | None:
        """Row of a study."""
        return imaging_index.study(self._reader(), study_uid)

    def study_ref(self, study_uid: str) -> StudyRef:
        """A study as a worker sees it (``not-found``)."""
        reader = self._reader()
        row = imaging_index.study(reader, study_uid)
        if row is None:
            raise OperationOutcomeError("not-found", "the study is not in the archive")
        series = imaging_index.series(reader, study_uid, self.blobs)
        return StudyRef(study_uid, row.revision, series)

    def claim(self, lanes: Sequence[str], owner: str, lease_s: float) -> Job | None:
        """Lease the job that has been due longest; ``None`` when none is."""
        wanted = tuple(lanes)
        if not queue.something_ready(self._reader(), wanted, queue.milliseconds(self._clock())):
            return None
        return self.transact(lambda tx: tx.claim(wanted, owner, lease_s))

    def heartbeat(self, job: Job, lease_s: float) -> bool:
        """Extend a lease; false when it is no longer ours."""
        return self.transact(lambda tx: tx.heartbeat(job, lease_s))

    def free_leases(self, is_dead: Callable[[str], bool]) -> int:
        """Make the jobs of dead owners claimable; how many there were."""
        rows = self._reader().execute(
            "SELECT DISTINCT owner FROM job WHERE owner IS NOT NULL AND lease_ms > 0"
        )
        if not any(is_dead(owner) for (owner,) in rows.fetchall()):
            return 0
        return self.transact(lambda tx: tx.free_leases(is_dead))

    def wait_for_change(self, timeout_s: float) -> bool:
        """Wait until anybody, in any process, commits; false when the time is over."""
        deadline = time.monotonic() + timeout_s
        before = self._changes()
        while self._changes() == before:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(POLL_S, left))
        return True

    def status(self) -> dict[str, int]:
        """Counts for people and monitors."""
        counts = {
            "studies": "SELECT count(*) FROM study",
            "instances": "SELECT count(*) FROM instance",
            "resources": "SELECT count(*) FROM res WHERE deleted = 0",
            "jobs_waiting": "SELECT count(*) FROM job WHERE owner IS NULL",
            "jobs_running": "SELECT count(*) FROM job WHERE owner IS NOT NULL",
        }
        found = {name: self._reader().execute(sql).fetchone()[0] for name, sql in counts.items()}
        return {**found, "free_bytes": self.blobs.free_bytes()}

    def close(self) -> None:
        """Finish what is being written; readers close with their threads."""
        self._writer.close()

    def _changes(self) -> tuple[int, int]:
        (version,) = self._reader().execute("PRAGMA data_version").fetchone()
        return version, self._own

    def _reader(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self._path)
        return connection
