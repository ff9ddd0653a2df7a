"""What one page of a search needs, and what it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.sql.search.condition import Condition, Sql
from adapters.sql.search.order import SortKey

ALL: Final = 2**62
"""More rows than there are."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one page needs.

    Parameters
    ----------
    kinds : tuple of str
        Resource types.
    conditions : tuple of Condition
        All must hold.
    sort : tuple of SortKey
        Empty: the newest resource first.
    count : int
        Resources of the page; 0 for none.
    after : sequence, optional
        Where the page before ended.
    total : str
        ``none``, ``estimate`` (when it is cheap) or ``accurate``.
    most : int
        Rows of an index that a walk of one type may pass over; then it ends, whether the page is full or not.
        Long ranges of dates are not counted.
    """

    kinds: tuple[str, ...]
    conditions: tuple[Condition, ...]
    sort: tuple[SortKey, ...] = ()
    count: int = 50
    after: Sequence[Any] | None = None
    total: str = "estimate"
    most: int = ALL


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of a page in order; ``after`` is where the next one begins, None at the end."""

    found: tuple[int, ...]
    total: int | None
    after: tuple[Any, ...] | None
    plan: str = field(default="", compare=False)


def tested(conditions: Sequence[Condition], but: Condition | None, key: str) -> Sql:
    """The conditions but one as a test of a key."""
    parts = [condition.holds(key) for condition in conditions if condition is not but]
    text = " AND ".join(text for text, _ in parts) or "1 = 1"
    return text, [value for _, values in parts for value in values]
