"""The door of the store: resources, archive index and queue in one place that is true together.

Embedded: SQLite in WAL with ``synchronous=FULL`` and group commit, blobs beside it. For a site that has
outgrown that, PostgreSQL with the same tables. Several processes may have the same store open.
"""

import importlib
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from adapters.blobs import BlobFolder
from adapters.sql import imaging_index, resources
from adapters.sql.engine import Engine
from adapters.sql.extraction import Extracted, Extraction
from adapters.sql.history import History, Span
from adapters.sql.notes import secret
from adapters.sql.reader import Reader
from adapters.sql.records import Job, SearchPage, StoredVersion, StudyRow
from adapters.sql.registry import Registry
from adapters.sql.reindex import require_index
from adapters.sql.transaction import Transaction, required
from adapters.sql.words import BATCH, MOST_AWAITED, is_due, last_due, waiting
from adapters.sql.writer import Writer
from adapters.sqlite.engine import SqliteEngine
from profiles.outcome import OperationOutcomeError
from profiles.records import StudyRef
from profiles.search.request import SearchRequest
from terminology.store_folder import FOLDER

__all__ = [
    "Extracted",
    "History",
    "Job",
    "SearchPage",
    "Span",
    "Store",
    "StoredVersion",
    "StudyRow",
    "Transaction",
    "open_store",
]

T = TypeVar("T")
POLL_S = 0.02


def open_store(
    folder: Path, *, database: str = "", reserve_bytes: int = 0, tends: bool = True
) -> "Store":
    """Open a store, making or migrating it.

    Parameters
    ----------
    folder : Path
        Of the blobs, and of the embedded database.
    database : str
        ``postgresql://…``; empty for the embedded database.
    tends : bool
        Whether this process does what writes leave for later; a lane leaves it to the gateway.

    Raises
    ------
    OperationOutcomeError
        ``not-supported`` when the PostgreSQL driver is missing or a newer program wrote the store.
    """
    engine = _engine(folder, database)
    return Store(folder, engine=engine, reserve_bytes=reserve_bytes, tends=tends)


def _engine(folder: Path, database: str) -> Engine:
    if not database:
        folder.mkdir(parents=True, exist_ok=True)
        return SqliteEngine(folder / "isthmus.sqlite")
    try:
        module = importlib.import_module("adapters.postgres.engine")
    except ModuleNotFoundError as error:
        raise OperationOutcomeError(
            "not-supported", "PostgreSQL needs the extra: pip install isthmus[postgres]"
        ) from error
    return cast("Engine", module.PostgresEngine(database))


def restore_database(copy: Path, folder: Path, database: str = "") -> None:
    """Put the database of a backup in its place, in an empty folder or an empty database."""
    _engine(folder, database).restore(copy)


class Store:
    """Resources, archive and queue in one database, blobs beside it.

    Parameters
    ----------
    folder : Path
        Holds ``blobs/``, and ``isthmus.sqlite`` where the database is the embedded one.
    engine : Engine, optional
        The database; the embedded one in the folder unless said.
    reserve_bytes : int
        Free disk space below which nothing more is taken in.
    clock : callable
        Present moment, aware.
    tends : bool
        Whether an idle moment is used for what writes have left for later.
    """

    def __init__(
        self,
        folder: Path,
        *,
        engine: Engine | None = None,
        reserve_bytes: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tends: bool = True,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.blobs = BlobFolder(folder / "blobs", reserve_bytes=reserve_bytes)
        self._engine = engine if engine is not None else _engine(folder, "")
        self._clock = clock
        self._local = threading.local()
        self.registry = Registry(folder / FOLDER)
        self._extraction = Extraction(self.registry)
        writing = self._engine.connect_writer()
        self._readers: list[weakref.finalize[Any, Any]] = []
        self._writing = writing
        self._own = 0
        self._asked = 0
        transaction = Transaction(writing, self.blobs, self.registry, self._engine.jobs)
        try:
            self._engine.migrate(writing)
            require_index(writing, transaction)
        except BaseException:
            writing.close()
            raise
        self.secret = transaction.secret = secret(writing)
        later = Transaction.do_later if tends else None
        self._writer = Writer(self._engine, writing, transaction, clock, later, lambda: self._asked)

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run a closure in one durable transaction; its result, after commit and fsync."""
        result = cast("T", self._writer.submit(work))
        self._own += 1
        return result

    def transact_soon(
        self,
        work: Callable[[Transaction], Any],
        ended: Callable[[Any, BaseException | None], None],
    ) -> None:
        """As ``transact``, without waiting: ``ended(result, error)`` is called on another thread."""
        self._own += 1
        self._writer.submit_soon(work, ended)

    def extract(self, resource: Mapping[str, Any]) -> Extracted | None:
        """Extract the index rows of a resource that has its id, beside the writer; for ``put``."""
        return self._extraction.ahead(resource)

    def read(self, kind: str, resource_id: str) -> StoredVersion:
        """The current version (``not-found``, ``deleted``)."""
        self._asked += 1
        return required(self._reader().read(kind, resource_id), kind)

    def current(self, kind: str, resource_id: str) -> StoredVersion | None:
        """The current version, a tombstone included; None when there never was one."""
        return self._reader().read(kind, resource_id)

    def count(self, kinds: tuple[str, ...]) -> int:
        """How many resources of some types there are."""
        return self._reader().count(kinds)

    def metas(self, kinds: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """The ``meta`` of every resource of some types."""
        return self._reader().metas(kinds)

    def vread(self, kind: str, resource_id: str, version: int) -> StoredVersion:
        """One version (``not-found``, ``deleted``)."""
        reader = self._reader()
        found = resources.version(reader.connection, reader.names, kind, resource_id, version)
        return required(found, kind)

    def versions(self, span: Span) -> History:
        """The versions of some resources, of some types or of everything, in pages."""
        reader = self._reader()
        return History(reader.connection, reader.names, span)

    def search(
        self,
        kind: str,
        parameters: Sequence[tuple[str, str]],
        *,
        count: int | None = None,
        base: str = "",
    ) -> SearchPage:
        """One page of matches (``invalid`` for a malformed parameter)."""
        return self._reader().search(kind, parameters, count=count, base=base)

    def run(
        self, request: SearchRequest, *, after: Sequence[Any] | None = None, base: str = ""
    ) -> SearchPage:
        """One page of a search that was understood."""
        self._asked += 1
        return self._reader().run(request, after=after, base=base)

    def refresh(self) -> None:
        """See search parameters that another process has added."""
        self.registry.refresh(self._reader().connection)

    def kinds(self) -> list[str]:
        """Types of which anything is stored."""
        return self._reader().names.kinds()

    def note(self, name: str) -> str | None:
        """A note of the store, such as its signing key."""
        row = (
            self._reader()
            .connection.execute("SELECT value FROM note WHERE name = ?", (name,))
            .fetchone()
        )
        return None if row is None else str(row[0])

    def study(self, study_uid: str) -> StudyRow | None:
        """Row of a study."""
        return imaging_index.study(self._reader().connection, study_uid)

    def study_ref(self, study_uid: str) -> StudyRef:
        """A study as a worker sees it (``not-found``)."""
        reader = self._reader().connection
        row = imaging_index.study(reader, study_uid)
        if row is None:
            raise OperationOutcomeError("not-found", "the study is not in the archive")
        series = imaging_index.series(reader, study_uid, self.blobs)
        return StudyRef(study_uid, row.revision, series)

    def claim(self, lanes: Sequence[str], owner: str, lease_s: float) -> Job | None:
        """Lease the job that has been due longest; ``None`` when none is."""
        wanted = tuple(lanes)
        if not self._engine.jobs.something_ready(self._reader().connection, wanted, self._clock()):
            return None
        return self.transact(lambda tx: tx.claim(wanted, owner, lease_s))

    def heartbeat(self, job: Job, lease_s: float) -> bool:
        """Extend a lease; false when it is no longer ours."""
        return self.transact(lambda tx: tx.heartbeat(job, lease_s))

    def free_leases(self, is_dead: Callable[[str], bool]) -> int:
        """Make the jobs of dead owners claimable; how many there were."""
        owners = self._engine.jobs.owners(self._reader().connection)
        if not any(is_dead(owner) for owner in owners):
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
        }
        reader = self._reader().connection
        found = {name: reader.execute(sql).fetchone()[0] for name, sql in counts.items()}
        found["jobs_waiting"], found["jobs_running"] = self._engine.jobs.counts(reader)
        found["words_waiting"] = waiting(reader)
        return {**found, "free_bytes": self.blobs.free_bytes()}

    def back_up(self, target: Path) -> None:
        """Write a copy of the database as of one moment, while it is used."""
        self._engine.back_up(self._reader().connection, target)

    def close(self) -> None:
        """Finish what is being written, then let go of every connection."""
        self._writer.close()
        for closing in self._readers:
            closing()
        self._writing.close()

    def _catch_up(self) -> int:
        """Index the words of everything that is stored at this moment; other writes come in between.

        Where that would take long, a part of it; how many resources are left.
        """
        connection = self._reader().connection
        last = last_due(connection)
        if waiting(connection, last) > MOST_AWAITED:
            self.transact(lambda tx: tx.catch_up(BATCH))
            return waiting(connection, last)
        while last is not None and is_due(connection, last):
            self.transact(lambda tx: tx.catch_up(BATCH))
        return 0

    def _changes(self) -> tuple[int, int]:
        return self._engine.changes(self._reader().connection), self._own

    def _reader(self) -> Reader:
        """The reader of this thread; its connection is closed when the thread has ended."""
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            connection = self._engine.connect()
            reader = self._local.reader = Reader(connection, self.registry, self._catch_up)
            closing = weakref.finalize(reader, connection.close)
            closing.atexit = False
            self._readers = [*(one for one in self._readers if one.alive), closing]
        return reader
