"""All matches of a search in order: of the rarest set, when it is small, or where no index has the order."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from adapters.sql.names import Names
from adapters.sql.search import order
from adapters.sql.search.condition import Condition
from adapters.sql.search.order import SortKey
from adapters.sql.search.walk import firsts
from adapters.sql.search.wanted import Wanted, tested

Row = tuple[Any, ...]
"""Key of a resource, then its value for each key of the order."""


def listed(
    connection: Any, names: Names, wanted: Wanted, driver: Condition, *, few: bool
) -> list[Row]:
    """The members of a set that pass the conditions, in order.

    Parameters
    ----------
    few : bool
        Whether they are few enough to look into each for a value that no index has by resource.
    """
    text, values = driver.members()
    where, bound = tested(wanted.conditions, driver, "m.pk")
    inside = [order.said(wanted.kinds, key) if few else None for key in wanted.sort]
    columns, joins = ["m.pk"], [""]
    selected: list[Any] = []
    joined: list[Any] = []
    for at, key in enumerate(wanted.sort):
        if inside[at] is not None:
            columns.append("NULL")
            continue
        column, (join, more) = order.value(names, wanted.kinds, key, at)
        columns.append(column)
        joins.append(join)
        (joined if join else selected).extend(more)
    rows = connection.execute(
        f"SELECT {', '.join(columns)} FROM (SELECT DISTINCT pk FROM ({text}) d) m "
        f"{' '.join(joins)} WHERE {where}",
        [*selected, *values, *joined, *bound],
    ).fetchall()
    for at, said in enumerate(inside):
        if said is not None:
            found = firsts(connection, said, [row[0] for row in rows], wanted.sort[at].descending)
            rows = [(*row[: at + 1], found.get(row[0]), *row[at + 2 :]) for row in rows]
    return _in_order(rows, wanted.sort)


def _in_order(rows: list[Row], sort: tuple[SortKey, ...]) -> list[Row]:
    """Rows in order; equal ones as a walk along an index meets them, so that a page may follow either."""
    rising = _rising(sort)
    rows.sort(key=lambda row: row[0] if rising and row[-1] is not None else -row[0])
    for at, by in reversed(list(enumerate(sort, 1))):
        valued = [row for row in rows if row[at] is not None]
        valued.sort(key=itemgetter(at), reverse=by.descending)
        rows = valued + [row for row in rows if row[at] is None]
    return rows


def following(rows: list[Row], after: Sequence[Any] | None, sort: tuple[SortKey, ...]) -> list[Row]:
    """The rows after the page before, also when its last resource is gone."""
    if after is None:
        return rows
    key, *values = after
    for at, row in enumerate(rows):
        if row[0] == key:
            return rows[at + 1 :]
    for at, row in enumerate(rows):
        if _is_after(row, key, values, sort):
            return rows[at:]
    return []


def _is_after(row: Row, key: int, values: Sequence[Any], sort: tuple[SortKey, ...]) -> bool:
    for mine, theirs, by in zip(row[1:], values, sort, strict=False):
        if mine == theirs:
            continue
        if mine is None or theirs is None:
            return mine is None
        return bool(mine < theirs) if by.descending else bool(mine > theirs)
    if _rising(sort) and row[-1] is not None:
        return bool(row[0] > key)
    return bool(row[0] < key)


def _rising(sort: tuple[SortKey, ...]) -> bool:
    """Whether equal rows come in the order of an index that is walked upwards."""
    return bool(sort) and not sort[-1].descending
