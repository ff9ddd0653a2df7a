"""One page of a search: which set drives, which ones test, and where the next page begins.

The rarest set is found by counting each up to a bound. Below the bound it is listed and tested; above it the
rows are walked in the order of the result and tested one by one, so that a page costs the same however many
match. SQLite's own planner chooses badly between the two (decision 0020).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.schema import CONTAINED, LIVE
from adapters.sql.search import order
from adapters.sql.search.condition import Condition, Rows, Sql
from adapters.sql.search.order import SortKey
from adapters.sql.search.walk import valueless, with_value
from adapters.sql.search.wanted import Keys, Wanted, tested
from profiles.search.contained import own_type

FEW: Final = 1000
"""Keys up to which a set is listed and sorted."""
EQUALS: Final = (200, 2000)
"""Resources with an equal value up to which an order by several keys is walked along the first: two tries."""
_FIRST: Final = -1
_LAST: Final = 2**62
"""Before and after every key."""
CHEAP: Final = 5000
"""Matches up to which a total is given although nobody asked for it."""


def keys(connection: Any, names: Names, wanted: Wanted) -> Keys:
    """The keys of one page."""
    types = [key for key in (names.find(kind) for kind in wanted.kinds) if key is not None]
    if not types:
        return Keys((), 0, None, "no type")
    marks = ", ".join("?" * len(types))
    inside = any(kind != own_type(kind) for kind in wanted.kinds)
    state = f"IN ({LIVE}, {CONTAINED})" if inside else f"= {LIVE}"
    live = Rows("res", f"x.rt IN ({marks}) AND x.deleted {state}", tuple(types), True)
    best, size = _rarest(connection, wanted.conditions)
    if not wanted.count:
        driver = live if best is None else best
        return Keys((), count(connection, wanted, driver), None, "count")
    if best is not None and size < FEW:
        return _listed(connection, names, wanted, best)
    if wanted.sort:
        return _walked(connection, names, wanted, live, best)
    return _streamed(connection, wanted, live, best)


def _rarest(connection: Any, conditions: tuple[Condition, ...]) -> tuple[Condition | None, int]:
    best, size = None, FEW + 1
    for condition in conditions:
        if not condition.lists:
            continue
        text, values = condition.members()
        bound = f"SELECT count(*) FROM (SELECT 1 FROM ({text}) c LIMIT {min(size, FEW)}) b"
        found = connection.execute(bound, values).fetchone()[0]
        if found < size:
            best, size = condition, found
        if size == 0:
            break
    return best, size


def _listed(connection: Any, names: Names, wanted: Wanted, best: Condition) -> Keys:
    """List the rarest set, test the others, sort what is left."""
    text, values = best.members()
    where, bound = tested(wanted.conditions, best, "m.pk")
    columns = [order.value(names, wanted.kinds, key) for key in wanted.sort]
    selected = "".join(f", {column} AS k{at}" for at, (column, _) in enumerate(columns))
    ordered = "".join(
        f"k{at} IS NULL, k{at} {'DESC' if key.descending else 'ASC'}, "
        for at, key in enumerate(wanted.sort)
    )
    # Equal values are in the order in which a walk meets them, so that a page may follow either.
    ties = "CASE WHEN k0 IS NULL THEN -pk ELSE pk END" if _rising(wanted.sort) else "pk DESC"
    rows = connection.execute(
        f"SELECT * FROM (SELECT m.pk AS pk{selected} FROM (SELECT DISTINCT pk FROM ({text}) d) m "
        f"WHERE {where}) q ORDER BY {ordered}{ties}",
        [*(v for _, more in columns for v in more), *values, *bound],
    ).fetchall()
    start = 0 if wanted.after is None else _position(rows, wanted)
    page = rows[start : start + wanted.count]
    more = start + len(page) < len(rows) and bool(page)
    after = tuple(page[-1]) if more else None
    return Keys(tuple(row[0] for row in page), len(rows), after, f"list {len(rows)}")


def _position(rows: Sequence[Any], wanted: Wanted) -> int:
    """Index of the first row after the page before, also when its last resource is gone."""
    key, *values = wanted.after or (0,)
    for at, row in enumerate(rows):
        if row[0] == key:
            return at + 1
    for at, row in enumerate(rows):
        if _is_after(row, key, values, wanted.sort):
            return at
    return len(rows)


def _is_after(row: Any, key: int, values: Sequence[Any], sort: tuple[SortKey, ...]) -> bool:
    for mine, theirs, by in zip(row[1:], values, sort, strict=False):
        if mine == theirs:
            continue
        if mine is None or theirs is None:
            return mine is None
        return bool(mine < theirs) if by.descending else bool(mine > theirs)
    if _rising(sort) and row[1] is not None:
        return bool(row[0] > key)
    return bool(row[0] < key)


def _rising(sort: tuple[SortKey, ...]) -> bool:
    """Whether the order is one that an index is walked upwards for."""
    return len(sort) == 1 and not sort[0].descending


def _streamed(connection: Any, wanted: Wanted, live: Rows, best: Condition | None) -> Keys:
    """Walk an ordered set from the newest on, testing each key."""
    ordered = [c for c in wanted.conditions if c.ordered and c.lists]
    driver: Condition = best if best in ordered and best is not None else next(iter(ordered), live)
    text, values = driver.members()
    where, bound = tested(wanted.conditions, driver, "t.pk")
    limit = "" if wanted.after is None else "AND t.pk < ? "
    after = list(wanted.after or ())[:1]
    if driver is live and len(wanted.kinds) > 1:
        tail = f"AND {where} {limit}ORDER BY t.pk DESC LIMIT ?"
        by_type = _by_type(live, "t.pk", tail, [*bound, *after, wanted.count + 1])
        rows = connection.execute(
            f"{by_type[0]} ORDER BY pk DESC LIMIT ?", [*by_type[1], wanted.count + 1]
        ).fetchall()
    else:
        distinct = text.replace("SELECT", "SELECT DISTINCT", 1)
        rows = connection.execute(
            f"{distinct} AND {where} {limit}ORDER BY t.pk DESC LIMIT ?",
            [*values, *bound, *after, wanted.count + 1],
        ).fetchall()
    found = tuple(row[0] for row in rows[: wanted.count])
    more = len(rows) > wanted.count and bool(found)
    total = _total(connection, wanted, live, best, None if more or wanted.after else len(rows))
    return Keys(found, total, (found[-1],) if more else None, "stream")


def _walked(
    connection: Any, names: Names, wanted: Wanted, live: Rows, best: Condition | None
) -> Keys:
    """Walk the index that gives the order; without one, sort everything."""
    key = wanted.sort[0]
    if len(wanted.sort) == 1 and key.code in _OWN:
        return _by_own(connection, wanted, live, best)
    walk = order.walk(names, wanted.kinds, wanted.sort)
    if walk is None:
        driver = best if best is not None else live
        group = _leading(connection, names, wanted)
        if group is None:
            return _listed(connection, names, wanted, driver)
        listed = _listed(connection, names, wanted, group)
        total = _total(connection, wanted, live, best, None)
        return Keys(listed.found, total, listed.after, "walk of groups")
    found: list[tuple[Any, ...]] = []
    after = list(wanted.after or ())
    if not after or after[1] is not None:
        found = with_value(connection, wanted, walk, after)
    if len(found) <= wanted.count:
        started = after[0] if after and after[1] is None else None
        left = wanted.count + 1 - len(found)
        found += valueless(connection, wanted, live, walk, started, left)
    page = found[: wanted.count]
    more = len(found) > wanted.count and bool(page)
    total = _total(connection, wanted, live, best, None if more or wanted.after else len(found))
    return Keys(tuple(r[0] for r in page), total, tuple(page[-1]) if more else None, "walk")


def _leading(connection: Any, names: Names, wanted: Wanted) -> Condition | None:
    """What may stand on a page that is sorted by several keys: all of the first one's next values.

    None when there is no index to walk, when too many resources share a value, and near the end, where
    those without a value come: then everything is sorted.
    """
    first, after = wanted.sort[:1], wanted.after
    walk = order.walk(names, wanted.kinds, first) if len(wanted.sort) > 1 else None
    if walk is None or (after and after[1] is None):
        return None
    start = (_LAST if first[0].descending else _FIRST, after[1]) if after else ()
    for equal in EQUALS:
        asked = replace(wanted, sort=first, count=wanted.count + equal)
        rows = with_value(connection, asked, walk, start)
        if len(rows) <= asked.count:
            return None
        # The last group may go on beyond what was read; the page may begin anywhere in the first.
        whole = tuple(key for key, value, *_ in rows if value != rows[-1][1])
        before = sum(value == after[1] for _, value, *_ in rows) if after else 0
        if len(whole) - before > wanted.count:
            return Rows("res", f"x.pk IN ({', '.join('?' * len(whole))})", whole)
    return None


_OWN: Final = {"_lastUpdated": "ts", "_id": "id"}
"""Parameters whose value stands in the resource's own row, with an index by type."""


def _by_own(connection: Any, wanted: Wanted, live: Rows, best: Condition | None) -> Keys:
    column = _OWN[wanted.sort[0].code]
    word, sign = ("DESC", "<") if wanted.sort[0].descending else ("ASC", ">")
    where, bound = tested(wanted.conditions, None, "t.pk")
    limit = f"AND (t.{column}, t.pk) {sign} (?, ?) " if wanted.after else ""
    at = [wanted.after[1], wanted.after[0]] if wanted.after else []
    tail = f"AND {where} {limit}ORDER BY t.{column} {word}, t.pk {word} LIMIT ?"
    text, values = _by_type(live, f"t.pk, t.{column}", tail, [*bound, *at, wanted.count + 1])
    # A sign keeps planners from the index of what is live, which has another order.
    text = text.replace("t.deleted", "+t.deleted")
    rows = connection.execute(
        f"{text} ORDER BY {column} {word}, pk {word} LIMIT ?", [*values, wanted.count + 1]
    ).fetchall()
    page = rows[: wanted.count]
    more = len(rows) > wanted.count and bool(page)
    total = _total(connection, wanted, live, best, None if more or wanted.after else len(rows))
    return Keys(tuple(r[0] for r in page), total, tuple(page[-1]) if more else None, "own row")


def _by_type(live: Rows, columns: str, tail: str, bound: Sequence[Any]) -> Sql:
    """The first rows of each type, which one index has in order, put together."""
    state = live.where.partition(" AND ")[2].replace("x.", "t.")
    one = f"SELECT * FROM (SELECT {columns} FROM res t WHERE t.rt = ? AND {state} {tail}) AS a"
    every = " UNION ALL ".join([one] * len(live.values))
    return f"SELECT * FROM ({every}) AS b", [v for kind in live.values for v in (kind, *bound)]


def _total(
    connection: Any,
    wanted: Wanted,
    live: Condition,
    best: Condition | None,
    known: int | None,
) -> int | None:
    if known is not None or wanted.total == "none":
        return known
    driver = best if best is not None else live
    if wanted.total == "accurate":
        return count(connection, wanted, driver)
    if not driver.ordered or any(condition is not driver for condition in wanted.conditions):
        return None
    text, values = driver.members()
    (found,) = connection.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT pk FROM ({text}) d LIMIT {CHEAP + 1}) c", values
    ).fetchone()
    return int(found) if found <= CHEAP else None


def count(connection: Any, wanted: Wanted, driver: Condition) -> int:
    """How many resources match."""
    text, values = driver.members()
    where, bound = tested(wanted.conditions, driver, "m.pk")
    inner = text if driver.ordered else f"SELECT DISTINCT pk FROM ({text}) d"
    if where == "1 = 1":
        row = connection.execute(f"SELECT count(*) FROM ({inner}) m", values).fetchone()
    else:
        row = connection.execute(
            f"SELECT count(*) FROM ({inner}) m WHERE {where}",
            [*values, *bound],
        ).fetchone()
    return int(row[0])
