"""What a closure handed to ``Store.transact`` may do: everything that must become true together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson

from adapters.blobs import BlobFolder
from adapters.sql import imaging_index
from adapters.sql.engine import Jobs
from adapters.sql.extraction import Extracted
from adapters.sql.history import History, Span
from adapters.sql.index import Index
from adapters.sql.names import Names
from adapters.sql.notes import note, set_note
from adapters.sql.reader import Reader
from adapters.sql.records import Job, SearchPage, StoredVersion, StudyRow
from adapters.sql.registry import GENERATION, Registry
from adapters.sql.resources import Resources, version
from adapters.sql.rows import COLUMNS
from adapters.sql.words import BATCH, MOST_AWAITED, PIECE, SMALL_PIECE, WordIndex, waiting
from profiles.outcome import OperationOutcomeError
from profiles.records import InstanceHeader, SeriesRef
from profiles.search.contained import contained_type
from profiles.search.parameters import SearchParameter
from profiles.search.ranges import milliseconds
from profiles.search.request import SearchRequest
from profiles.task import moved


class Transaction:
    """One open transaction; valid only inside the closure.

    Parameters
    ----------
    connection
        The writer's.
    blobs : BlobFolder
        To resolve the paths of instances.
    registry : Registry
        The search parameters of this store.
    jobs : Jobs
        The queue.
    """

    def __init__(self, connection: Any, blobs: BlobFolder, registry: Registry, jobs: Jobs) -> None:
        self._connection = connection
        self._jobs = jobs
        self._blobs = blobs
        self._names = Names(connection)
        self.registry = registry
        self._index = Index(connection, self._names, registry)
        self._resources = Resources(connection, self._names, self._index)
        self._words = WordIndex(connection, self._index.texts)
        self._reader = Reader(connection, registry, self._catch_up, self._names)
        self.moment: datetime
        connection.when_begun(self._refresh)
        self.secret = b""

    def begin(self, moment: datetime) -> None:
        """Set the time of every version that is written from here on."""
        self.moment = moment
        self._index.begin()
        if self._connection.defers:
            stamp = milliseconds(moment)
            self._connection.take_for_granted(self.registry.generation, stamp)
        else:
            self._refresh()

    def _refresh(self) -> None:
        self.registry.refresh(self._connection)

    def reindex(self, key: int, resource: Mapping[str, Any], stamp: int) -> None:
        """Write the index rows of a stored resource that has none."""
        kind = resource["resourceType"]
        rows = self._index.new_rows(resource)
        self._connection.execute(
            "UPDATE res SET has = ? WHERE pk = ?", (self._index.present(kind, rows), key)
        )
        self._index.add(kind, key, rows)
        self._resources.index_contained(resource, stamp)
        self._index.changed(key)

    def catch_up(self, most: int) -> bool:
        """Index the words of what has been due longest; whether there was anything."""
        return self._words.catch_up(most) > 0

    def do_later(self, asked: bool) -> bool:
        """A piece of what writes leave for later, small while the store is asked; false at its end."""
        if self.catch_up(SMALL_PIECE if asked else PIECE):
            return True
        self._connection.settle()
        return False

    def _catch_up(self) -> int:
        """Everything, as a write may depend on the answer (``transient`` where that would take long)."""
        if waiting(self._connection) > MOST_AWAITED:
            raise OperationOutcomeError(
                "transient", "words are being indexed, and a condition has to know all of them"
            )
        while self._words.catch_up(BATCH):
            pass
        return 0

    def written_under(self, base: str) -> None:
        """Take references under a base for our own until the closure ends (R4 references.html#literal)."""
        self._index.bases = (base,) if base else ()

    def use_noted_bases(self) -> None:
        """Take every base for ours that was, to index anew what was written under it."""
        self._index.use_noted_bases()

    def flush(self) -> None:
        """Write the index rows that wait."""
        self._index.flush()

    def commit(self) -> None:
        """Write what waits, and commit."""
        self._index.commit()

    def begin_entry(self) -> None:
        """A closure begins; ``rolled_back_entry`` leads back to here."""
        self._index.begin_entry()

    def rolled_back_entry(self) -> None:
        """Forget what one closure has done."""
        self._index.rollback_entry()
        self._names.forget()
        self._words.forget()

    def rolled_back(self) -> None:
        """Forget everything since ``begin``."""
        self._index.forget()
        self._names.forget()
        self._words.forget()

    def read(self, kind: str, resource_id: str) -> StoredVersion | None:
        """The current version; ``None`` when there is none or it is deleted."""
        stored = self._reader.read(kind, resource_id)
        return None if stored is None or stored.deleted else stored

    def current(self, kind: str, resource_id: str) -> StoredVersion | None:
        """The current version, a tombstone included."""
        return self._reader.read(kind, resource_id)

    def reindex_from(self, kinds: Sequence[str], after: int, count: int) -> tuple[int, int]:
        """Index the next resources of some types again: the key of the last one, and how many."""
        keys = [key for key in map(self._names.find, kinds) if key is not None]
        rows = self._connection.execute(
            "SELECT pk, body, ts FROM res WHERE deleted = 0 AND pk > ? "
            f"AND rt IN ({', '.join('?' * len(keys))}) ORDER BY pk LIMIT ?",
            (after, *keys, count),
        ).fetchall()
        self.use_noted_bases()
        for key, body, stamp in rows:
            self.reindex(key, orjson.loads(body), stamp)
        return (rows[-1][0] if rows else after), len(rows)

    def clear_parameters(self, served: Mapping[str, SearchParameter]) -> None:
        """Remove every index row of some parameters, given by type."""
        for kind, parameter in served.items():
            for one in (kind, contained_type(kind)):
                key = self._names.find(f"{one}.{parameter.code}")
                for table, _ in COLUMNS.values() if key is not None else ():
                    self._connection.execute(f"DELETE FROM {table} WHERE sp = ?", (key,))

    def served(self, parameter_id: str) -> None:
        """Say that everything is indexed for an added SearchParameter: it can be searched."""
        set_note(self._connection, f"served:{parameter_id}", "yes")
        set_note(self._connection, GENERATION, uuid4().hex)

    def count(self, kinds: Sequence[str]) -> int:
        """How many resources of some types there are."""
        return self._reader.count(kinds)

    def note(self, name: str) -> str | None:
        """A note of the store, None when there is none."""
        return note(self._connection, name)

    def set_note(self, name: str, value: str | None) -> None:
        """Write a note of the store, or remove it."""
        if value is None:
            self._connection.execute("DELETE FROM note WHERE name = ?", (name,))
        else:
            set_note(self._connection, name, value)

    def find(self, kind: str, parameter: str, value: str) -> list[str]:
        """Ids of the resources that one parameter finds, the oldest first."""
        page = self.search(kind, [(parameter, value)], count=1000)
        return [match.id for match in reversed(page.matches)]

    def search(
        self,
        kind: str,
        pairs: Sequence[tuple[str, str]],
        *,
        count: int | None = None,
        base: str = "",
    ) -> SearchPage:
        """One page of matches, what this transaction has written included."""
        self._index.flush()
        return self._reader.search(kind, pairs, count=count, base=base)

    def run(
        self, request: SearchRequest, *, after: Sequence[Any] | None = None, base: str = ""
    ) -> SearchPage:
        """One page of a search that was understood, what was written here included."""
        self._index.flush()
        return self._reader.run(request, after=after, base=base)

    def exclusive(self, name: str) -> None:
        """Keep other processes from the same decision until the end of this transaction."""
        self._connection.lock(name)

    def kinds(self) -> list[str]:
        """Types of which anything is stored."""
        return self._names.kinds()

    def vread(self, kind: str, resource_id: str, number: int) -> StoredVersion:
        """One version (``not-found``, ``deleted``)."""
        return required(version(self._connection, self._names, kind, resource_id, number), kind)

    def versions(self, span: Span) -> History:
        """The versions of some resources, of some types or of everything, in pages."""
        return History(self._connection, self._names, span)

    def metas(self, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The ``meta`` of every resource of some types."""
        return self._reader.metas(kinds)

    def put(
        self,
        resource: Mapping[str, Any],
        *,
        if_match: int | None = None,
        op: str = "",
        fresh: bool = False,
        extracted: Extracted | None = None,
    ) -> StoredVersion:
        """Write the next version of a resource that has an id (``precondition`` on ``if_match``).

        An id that was just made is ``fresh``: nothing is looked up then. ``extracted`` is what
        ``Store.extract`` has made of the resource.
        """
        stored = self._resources.put(
            resource, self.moment, if_match=if_match, op=op, fresh=fresh, extracted=extracted
        )
        self._parameters_changed(stored)
        return stored

    def amend(self, resource: Mapping[str, Any]) -> StoredVersion:
        """Write another content for a version that this transaction has written, before anybody sees it."""
        stored = self._resources.amend(resource)
        self._parameters_changed(stored)
        return stored

    def delete(self, kind: str, resource_id: str) -> StoredVersion | None:
        """Write a tombstone; ``None`` when there is nothing to delete."""
        stored = self._resources.delete(kind, resource_id, self.moment)
        if stored is not None:
            self._parameters_changed(stored)
        return stored

    def _parameters_changed(self, stored: StoredVersion) -> None:
        """A SearchParameter is indexed from now on, and searched when ``served`` has said so."""
        if stored.type == "SearchParameter":
            self.set_note(f"served:{stored.id}", None)
            set_note(self._connection, GENERATION, uuid4().hex)
            self.registry.refresh(self._connection)

    def put_instance(
        self,
        header: InstanceHeader,
        blob: str,
        size: int,
        *,
        calling_ae: str = "",
        ours: bool = False,
    ) -> str:
        """Index an instance whose blob is written: ``stored``, ``identical`` or ``other``."""
        stamp = milliseconds(self.moment)
        return imaging_index.put_instance(
            self._connection, header, blob, size, calling_ae, ours, stamp
        )

    def instance(self, sop_uid: str) -> tuple[InstanceHeader, str] | None:
        """Header and blob of an instance."""
        return imaging_index.instance(self._connection, sop_uid)

    def study(self, study_uid: str) -> StudyRow | None:
        """Row of a study."""
        return imaging_index.study(self._connection, study_uid)

    def update_study(self, study_uid: str, **columns: Any) -> None:
        """Set columns of a study."""
        imaging_index.update_study(self._connection, study_uid, columns)

    def series(self, study_uid: str) -> tuple[SeriesRef, ...]:
        """The series of a study."""
        return imaging_index.series(self._connection, study_uid, self._blobs)

    def enqueue(self, task: dict[str, Any], *, lane: str, ready_at: datetime, key: str) -> None:
        """Write a Task and its queue row (``conflict`` when one of this key waits)."""
        self._jobs.enqueue(self._connection, task["id"], lane, ready_at, key)
        self.put(task)

    def pending(self, key: str) -> tuple[str, datetime] | None:
        """Task id and due time of the waiting job of this key."""
        return self._jobs.pending(self._connection, key)

    def postpone(self, key: str, ready_at: datetime) -> None:
        """Set when the waiting job of this key is due."""
        self._jobs.postpone(self._connection, key, ready_at)

    def finish(self, job: Job, task: dict[str, Any]) -> None:
        """End a job and write its ended Task (``conflict`` when the lease was lost)."""
        self._jobs.release(self._connection, job.task_id, job.token, None)
        self.put(task)

    def retry(self, job: Job, task: dict[str, Any], ready_at: datetime) -> None:
        """Make a job due again, unless a newer one of its key will do its work."""
        if self._jobs.pending(self._connection, job.key) is not None:
            self.finish(job, moved(job.task, "cancelled", "superseded", self.moment))
            return
        self._jobs.release(self._connection, job.task_id, job.token, ready_at)
        self.put(task)

    def claim(self, lanes: tuple[str, ...], owner: str, lease_s: float) -> Job | None:
        """Lease the job that has been due longest, and move its Task to in-progress."""
        leased = self._jobs.claim(self._connection, lanes, owner, lease_s, self.moment)
        if leased is None:
            return None
        stored = self._reader.read("Task", leased[0])
        if stored is None:
            raise OperationOutcomeError("exception", "a queued job has no Task")
        task = moved(stored.json(), "in-progress", "running", self.moment)
        self.put(task)
        return Job(*leased, task)

    def heartbeat(self, job: Job, lease_s: float) -> bool:
        """Extend a lease; false when it is no longer ours."""
        return self._jobs.heartbeat(self._connection, job.task_id, job.token, lease_s, self.moment)

    def free_leases(self, is_dead: Callable[[str], bool]) -> int:
        """Make the jobs of dead owners claimable."""
        return self._jobs.free_leases(self._connection, is_dead)

    def cancel(self, task_id: str, task: dict[str, Any]) -> None:
        """Drop a job, claimed or not, and write its cancelled Task."""
        self._jobs.cancel(self._connection, task_id)
        self.put(task)

    def create(self, resource: Mapping[str, Any]) -> StoredVersion:
        """Write a resource under a new id."""
        return self.put({**resource, "id": str(uuid4())})

    def require(self, kind: str, resource_id: str) -> StoredVersion:
        """The current version (``not-found`` or ``deleted`` otherwise)."""
        return required(self._reader.read(kind, resource_id), kind)


def required(stored: StoredVersion | None, kind: str) -> StoredVersion:
    """The version, or the error that says why there is none."""
    if stored is None:
        raise OperationOutcomeError("not-found", f"there is no {kind} with this id")
    if stored.deleted:
        raise OperationOutcomeError("deleted", f"this {kind} was deleted")
    return stored
