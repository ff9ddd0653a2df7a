"""Matches of a search without an order, the newest first, along an index that has resources in key order."""

from bisect import bisect_right
from collections.abc import Iterable
from operator import neg
from typing import Any, Final

from adapters.sql.search.condition import RANGED, Condition, Rows, only_rows
from adapters.sql.search.listing import Row
from adapters.sql.search.live import Live, by_type
from adapters.sql.search.wanted import ALL, Keys, Wanted, tested

_OWN: Final = "x.sp = ? AND "
_KEYED: Final = RANGED | {"s_str"}
"""Tables with an index by parameter and resource."""


def streamed(connection: Any, wanted: Wanted, live: Live, best: Condition | None) -> list[Row]:
    """The rows of a page and one more, each tested.

    Of several types no index has the order: a bound is for one.

    Parameters
    ----------
    best : Condition, optional
        The smallest set.
    """
    ordered = [c for c in wanted.conditions if c.ordered and c.lists]
    driver: Condition = best if best in ordered and best is not None else next(iter(ordered), live)
    own = _row_of(best) if driver is live and best is not None else None
    after, size = list(wanted.after or ())[:1], wanted.count + 1
    limit = f"{'AND t.pk < ? ' if after else ''}ORDER BY t.pk DESC LIMIT ?"
    if driver is live and own is None and wanted.most == ALL:
        # Each type has its own newest: those that pass are put together.
        where, bound = tested(wanted.conditions, None, "t.pk")
        text, values = by_type(live, "t.pk", f"AND {where} {limit}", [*bound, *after, size])
        rows = connection.execute(f"{text} ORDER BY pk DESC LIMIT ?", [*values, size])
        return [tuple(row) for row in rows]
    said, more = "1 = 1", []
    if own is None:
        text, values = driver.members()
    else:
        text, values = f"SELECT t.* FROM {own.table} t WHERE t.sp = ?", [own.values[0]]
        said, more = own.where.removeprefix(_OWN).replace("x.", "n."), list(own.values[1:])
    where, bound = tested(wanted.conditions, driver if own is None else best, "n.pk")
    rows = connection.execute(
        f"SELECT DISTINCT n.pk AS pk FROM ({text} {limit}) AS n WHERE ({said}) AND {where} "
        "ORDER BY n.pk DESC LIMIT ?",
        [*values, *after, wanted.most, *more, *bound, size],
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


def _row_of(condition: Condition) -> Rows | None:
    """The rows of a set, where an index has those of its parameter by resource.

    All of them are passed over, for a sixth of what a test of each resource would cost.
    """
    rows = only_rows(condition)
    if rows is None or rows.table not in _KEYED or not rows.where.startswith(_OWN):
        return None
    return rows
