"""What the store hands out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of a resource; ``body`` is its complete JSON, ``stamp`` milliseconds UTC.

    ``op`` is the HTTP method that made it, ``key`` its place in the store where a list needs it, ``new``
    whether it made the resource, for the first time or again; only a history says that.
    """

    type: str
    id: str
    version: int
    stamp: int
    body: bytes
    deleted: bool = False
    op: str = ""
    key: int = 0
    new: bool = False

    @property
    def last_updated(self) -> datetime:
        """When this version was written."""
        return datetime.fromtimestamp(self.stamp / 1000, UTC)

    def json(self) -> dict[str, Any]:
        """The parsed resource."""
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job: the Task as it was written at the claim, and the token that fences the lease.

    ``attempts`` counts the claims, this one included, so that a job that kills its process is counted.
    """

    task_id: str
    lane: str
    key: str
    attempts: int
    token: str
    task: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StudyRow:
    """What the index knows of one study; ``gap_ms`` is the running mean gap between instances."""

    study_uid: str
    revision: int
    published: int
    patient_id: str
    imaging_study_id: str
    first_ms: int
    last_ms: int
    gap_ms: float
    expected: int | None
    instances: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a search.

    Parameters
    ----------
    matches, included : tuple of StoredVersion
    total : int, optional
        Known exactly, or None.
    after : tuple, optional
        Where the next page begins; None on the last one.
    cut : bool
        Whether more would have been included than a page takes.
    used, ignored : tuple of (str, str)
        Parameters that counted, and unknown ones.
    unindexed : int
        Resources whose words were asked for and are not indexed yet; the total is not known then.
    """

    matches: tuple[StoredVersion, ...]
    included: tuple[StoredVersion, ...]
    total: int | None
    after: tuple[Any, ...] | None
    cut: bool
    used: tuple[tuple[str, str], ...]
    ignored: tuple[tuple[str, str], ...]
    unindexed: int = 0
