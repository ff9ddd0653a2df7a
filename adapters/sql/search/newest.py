"""Matches of a search without an order, the newest first, along an index that has resources in key order."""

from bisect import bisect_right
from collections.abc import Iterable
from operator import neg
from typing import Any, Final

from adapters.sql.search.condition import RANGED, Condition, Rows, only_rows
from adapters.sql.search.listing import Row
from adapters.sql.search.live import Live, by_type
from adapters.sql.search.wanted import Keys, Wanted, tested

_OWN: Final = "x.sp = ? AND "
_KEYED: Final = RANGED | {"s_str"}
"""Tables with an index by parameter and resource."""


def streamed(connection: Any, wanted: Wanted, live: Live, best: Condition | None) -> list[Row]:
    """The rows of a page and one more, each tested.

    Parameters
    ----------
    best : Condition, optional
        The smallest set.
    """
    ordered = [c for c in wanted.conditions if c.ordered and c.lists]
    driver: Condition = best if best in ordered and best is not None else next(iter(ordered), live)
    after, size = list(wanted.after or ())[:1], wanted.count + 1
    limit = f"{'AND t.pk < ? ' if after else ''}ORDER BY t.pk DESC LIMIT ?"
    bounds = [*after, wanted.most]
    own = _row_of(best) if driver is live else None
    if best is not None and own is not None:
        driver = best
        text, values = (
            f"SELECT t.* FROM {own.table} t WHERE t.sp = ? {limit}",
            [own.values[0], *bounds],
        )
        said, inner = own.where.removeprefix(_OWN).replace("x.", "n."), list(own.values[1:])
    elif driver is live:
        text, values = by_type(live, "t.pk", limit, bounds)
        said, inner = "1 = 1", []
    else:
        text, values = driver.members()
        text, values = f"{text} {limit}", [*values, *bounds]
        said, inner = "1 = 1", []
    where, bound = tested(wanted.conditions, driver, "n.pk")
    rows = connection.execute(
        f"SELECT DISTINCT n.pk AS pk FROM ({text}) AS n WHERE ({said}) AND {where} "
        "ORDER BY n.pk DESC LIMIT ?",
        [*values, *inner, *bound, size],
    )
    return [tuple(row) for row in rows]


def newest(keys: Iterable[int], wanted: Wanted, driver: Condition) -> Keys:
    """The page of all matches, which were listed by a set."""
    rows = only_rows(driver)
    listed = sorted(keys if rows is not None and rows.once else set(keys), reverse=True)
    start = 0 if wanted.after is None else bisect_right(listed, -wanted.after[0], key=neg)
    page = listed[start : start + wanted.count]
    more = start + len(page) < len(listed) and bool(page)
    return Keys(tuple(page), len(listed), (page[-1],) if more else None, f"list {len(listed)}")


def _row_of(condition: Condition | None) -> Rows | None:
    """The rows of a set, where an index has those of its parameter by resource.

    All of them are passed over, for a sixth of what a test of each resource would cost.
    """
    rows = None if condition is None else only_rows(condition)
    if rows is None or rows.table not in _KEYED or not rows.where.startswith(_OWN):
        return None
    return rows
