"""What a closure handed to ``Store.transact`` may do: everything that must become true together."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import apsw

from adapters.blobs import BlobFolder
from adapters.sqlite import imaging_index, queue, resources
from adapters.sqlite.records import Job, StoredVersion, StudyRow
from profiles.outcome import OperationOutcomeError
from profiles.records import InstanceHeader, SeriesRef
from profiles.task import moved


class Transaction:
    """One open transaction; valid only inside the closure.

    Parameters
    ----------
    connection : apsw.Connection
        The writer's.
    blobs : BlobFolder
        To resolve the paths of instances.
    moment : datetime
        Time of every version written here.
    """

    def __init__(self, connection: apsw.Connection, blobs: BlobFolder, moment: datetime) -> None:
        self._connection = connection
        self._blobs = blobs
        self.moment = moment

    def read(self, kind: str, resource_id: str) -> StoredVersion | None:
        """The current version; ``None`` when there is none or it is deleted."""
        stored = resources.read(self._connection, kind, resource_id)
        return None if stored is None or stored.deleted else stored

    def find(self, kind: str, parameter: str, value: str) -> list[str]:
        """Ids of the resources that carry one exact token (``system|code``) or reference."""
        return resources.find(self._connection, kind, parameter, value)

    def put(
        self, resource: Mapping[str, Any] | bytes, *, if_match: int | None = None
    ) -> StoredVersion:
        """Write the next version of a resource that has an id (``precondition`` on ``if_match``)."""
        return resources.put(self._connection, resource, self.moment, if_match)

    def delete(self, kind: str, resource_id: str) -> StoredVersion | None:
        """Write a tombstone."""
        return resources.delete(self._connection, kind, resource_id, self.moment)

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
        stamp = queue.milliseconds(self.moment)
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
        queue.enqueue(self._connection, task, lane, ready_at, key)
        self.put(task)

    def pending(self, key: str) -> tuple[str, datetime] | None:
        """Task id and due time of the waiting job of this key."""
        return queue.pending(self._connection, key)

    def postpone(self, key: str, ready_at: datetime) -> None:
        """Set when the waiting job of this key is due."""
        queue.postpone(self._connection, key, ready_at)

    def finish(self, job: Job, task: dict[str, Any]) -> None:
        """End a job and write its ended Task (``conflict`` when the lease was lost)."""
        queue.release(self._connection, job, None)
        self.put(task)

    def retry(self, job: Job, task: dict[str, Any], ready_at: datetime) -> None:
        """Make a job due again, unless a newer one of its key will do its work."""
        if queue.pending(self._connection, job.key) is not None:
            self.finish(job, moved(job.task, "cancelled", "superseded", self.moment))
            return
        queue.release(self._connection, job, ready_at)
        self.put(task)

    def claim(self, lanes: tuple[str, ...], owner: str, lease_s: float) -> Job | None:
        """Lease the job that has been due longest."""
        return queue.claim(self._connection, lanes, owner, lease_s, self.moment)

    def heartbeat(self, job: Job, lease_s: float) -> bool:
        """Extend a lease; false when it is no longer ours."""
        return queue.heartbeat(self._connection, job, lease_s, self.moment)

    def free_leases(self, is_dead: Callable[[str], bool]) -> int:
        """Make the jobs of dead owners claimable."""
        return queue.free_leases(self._connection, is_dead)

    def cancel(self, task_id: str, task: dict[str, Any]) -> None:
        """Drop a job, claimed or not, and write its cancelled Task."""
        self._connection.execute("DELETE FROM job WHERE task_id = ?", (task_id,))
        self.put(task)

    def create(self, resource: Mapping[str, Any]) -> StoredVersion:
        """Write a resource under a new id."""
        return self.put({**resource, "id": str(uuid4())})

    def require(self, kind: str, resource_id: str) -> StoredVersion:
        """The current version (``not-found`` or ``deleted`` otherwise)."""
        return required(resources.read(self._connection, kind, resource_id), kind)


def required(stored: StoredVersion | None, kind: str) -> StoredVersion:
    """The version, or the error that says why there is none."""
    if stored is None:
        raise OperationOutcomeError("not-found", f"there is no {kind} with this id")
    if stored.deleted:
        raise OperationOutcomeError("deleted", f"this {kind} was deleted")
    return stored
