"""Everything that is there of some types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.sql.schema import CONTAINED, LIVE
from adapters.sql.search.condition import Rows, Sql


@dataclass(frozen=True, slots=True)
class Live(Rows):
    """Everything that is there of some types; ``inside`` are those of contained resources."""

    inside: frozenset[int] = frozenset()


def by_type(live: Live, columns: str, tail: str, bound: Sequence[Any]) -> Sql:
    """The first rows of each type, which one index has in order, put together."""
    every = " UNION ALL ".join(
        f"SELECT * FROM (SELECT {columns} FROM res t WHERE t.rt = ? "
        f"AND t.deleted = {CONTAINED if kind in live.inside else LIVE} {tail}) AS a"
        for kind in live.values
    )
    return f"SELECT * FROM ({every}) AS b", [v for kind in live.values for v in (kind, *bound)]
