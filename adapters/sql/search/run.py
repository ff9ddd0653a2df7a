"""One page of a search: which set drives, which ones test, and where the next page begins.

The rarest set is found by counting each up to a bound. Below the bound it is listed and tested; above it the
rows are walked in the order of the result and tested one by one, so that a page costs the same however many
match. SQLite's own planner chooses badly between the two (decision 0020).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.schema import CONTAINED, LIVE
from adapters.sql.search import order
from adapters.sql.search.condition import Condition, Rows, Sql
from adapters.sql.search.groups import Indexed, OwnRow, by_groups
from adapters.sql.search.listing import Row, following, listed, newest
from adapters.sql.search.walk import valueless, with_value
from adapters.sql.search.wanted import Keys, Wanted, tested
from profiles.search.contained import own_type

FEW: Final = 1000
"""Keys up to which a set is listed and sorted."""
CHEAP: Final = 5000
"""Matches up to which a total is given although nobody asked for it."""


@dataclass(frozen=True, slots=True)
class Live(Rows):
    """Everything that is there of some types; ``inside`` are those of contained resources."""

    inside: frozenset[int] = frozenset()


def keys(connection: Any, names: Names, wanted: Wanted) -> Keys:
    """The keys of one page."""
    found = {kind: names.find(kind) for kind in wanted.kinds}
    types = [key for key in found.values() if key is not None]
    if not types:
        return Keys((), 0, None, "no type")
    inside = frozenset(key for kind, key in found.items() if key and kind != own_type(kind))
    marks = ", ".join("?" * len(types))
    state = f"IN ({LIVE}, {CONTAINED})" if inside else f"= {LIVE}"
    live = Live(
        "res", f"x.rt IN ({marks}) AND x.deleted {state}", tuple(types), True, inside=inside
    )
    only = wanted.conditions[0] if len(wanted.conditions) == 1 else None
    if only is not None and only.lists and wanted.count and not wanted.sort:
        return _by_one(connection, wanted, live, only)
    best, size = _rarest(connection, wanted.conditions)
    if not wanted.count:
        driver = live if best is None else best
        return Keys((), count(connection, wanted, driver), None, "count")
    wanted = _decided(wanted)
    if best is not None and size < FEW:
        return _listed(connection, names, wanted, best, few=True)
    if wanted.sort:
        return _walked(connection, names, wanted, live, best)
    return _streamed(connection, wanted, live, best)


def _by_one(connection: Any, wanted: Wanted, live: Live, only: Condition) -> Keys:
    """Of one condition: its keys, when they are few and not in order by themselves."""
    if not only.ordered:
        text, values = only.members()
        found = connection.keys(f"SELECT pk FROM ({text}) c LIMIT {FEW}", values)
        if len(found) < FEW:
            return _listing(newest(found), wanted)
    return _streamed(connection, wanted, live, only)


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


def _streamed(connection: Any, wanted: Wanted, live: Live, best: Condition | None) -> Keys:
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


def _decided(wanted: Wanted) -> Wanted:
    """Without the keys of an order that nothing is left to: an id is of one resource of a type."""
    for at, key in enumerate(wanted.sort, 1):
        if key.code == "_id" and len(wanted.kinds) == 1:
            return replace(wanted, sort=wanted.sort[:at])
    return wanted


def _listed(connection: Any, names: Names, wanted: Wanted, driver: Condition, *, few: bool) -> Keys:
    return _listing(listed(connection, names, wanted, driver, few=few), wanted)


def _listing(rows: list[Row], wanted: Wanted) -> Keys:
    """A page of all matches in order."""
    page = following(rows, wanted.after, wanted.sort)
    return _page(page, wanted, len(rows), f"list {len(rows)}")


def _page(rows: list[Row], wanted: Wanted, total: int | None, plan: str) -> Keys:
    page = rows[: wanted.count]
    more = len(rows) > len(page) and bool(page)
    return Keys(tuple(row[0] for row in page), total, tuple(page[-1]) if more else None, plan)


def _walked(
    connection: Any, names: Names, wanted: Wanted, live: Live, best: Condition | None
) -> Keys:
    """Walk the index that gives the order; without one, sort everything."""
    found = _ordered(connection, names, wanted, live)
    if found is None:
        driver = best if best is not None else live
        return _listed(connection, names, wanted, driver, few=False)
    whole = None if len(found) > wanted.count or wanted.after else len(found)
    return _page(found, wanted, _total(connection, wanted, live, best, whole), "walk")


def _ordered(connection: Any, names: Names, wanted: Wanted, live: Live) -> list[Row] | None:
    """Rows of a page and one more along an index; None when there is none to walk."""
    column, first = order.OWN.get(wanted.sort[0].code), wanted.sort[:1]
    walk = None if column is not None else order.walk(names, wanted.kinds, first)
    if len(wanted.sort) > 1:

        def ordered(narrowed: Wanted, group: Condition | None, small: bool) -> list[Row]:
            if small and group is not None:
                return listed(connection, names, narrowed, group, few=True)
            return _in_group(connection, names, narrowed, live, group)

        if column is not None:
            own = OwnRow(live, column, lambda one: _by_own(connection, one, live))
            return by_groups(wanted, own, ordered)
        if walk is not None:
            leading = Indexed(connection, walk, first[0].descending)
            return by_groups(wanted, leading, ordered)
        return None
    if column is not None:
        return _by_own(connection, wanted, live)
    return None if walk is None else _by_index(connection, wanted, live, walk)


def _in_group(
    connection: Any, names: Names, wanted: Wanted, live: Live, group: Condition | None
) -> list[Row]:
    """Rows of resources that share the values of the keys before."""
    best, size = _rarest(connection, wanted.conditions if group is None else (group,))
    if size >= FEW:
        found = _ordered(connection, names, wanted, live)
        if found is not None:
            return found
    driver = best if best is not None else live
    rows = listed(connection, names, wanted, driver, few=size < FEW)
    return following(rows, wanted.after, wanted.sort)


def _by_index(connection: Any, wanted: Wanted, live: Live, walk: order.Walk) -> list[Row]:
    """Those with a value, then the others."""
    found: list[Row] = []
    after = list(wanted.after or ())
    if not after or after[1] is not None:
        found = with_value(connection, wanted, walk, after)
    if len(found) <= wanted.count:
        started = after[0] if after and after[1] is None else None
        left = wanted.count + 1 - len(found)
        found += valueless(connection, wanted, live, walk, started, left)
    return found


def _by_own(connection: Any, wanted: Wanted, live: Live) -> list[Row]:
    """Rows in the order of a column of their own, which has an index by type."""
    column = order.OWN[wanted.sort[0].code]
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
    )
    return [tuple(row) for row in rows]


def _by_type(live: Live, columns: str, tail: str, bound: Sequence[Any]) -> Sql:
    """The first rows of each type, which one index has in order, put together."""
    every = " UNION ALL ".join(
        f"SELECT * FROM (SELECT {columns} FROM res t WHERE t.rt = ? "
        f"AND t.deleted = {CONTAINED if kind in live.inside else LIVE} {tail}) AS a"
        for kind in live.values
    )
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
    text, values = _once(driver)
    (found,) = connection.execute(
        f"SELECT count(*) FROM ({text} LIMIT {CHEAP + 1}) c", values
    ).fetchone()
    return int(found) if found <= CHEAP else None


def count(connection: Any, wanted: Wanted, driver: Condition) -> int:
    """How many resources match."""
    text, values = _once(driver)
    where, bound = tested(wanted.conditions, driver, "m.pk")
    row = connection.execute(
        f"SELECT count(*) FROM ({text}) m WHERE {where}", [*values, *bound]
    ).fetchone()
    return int(row[0])


def _once(driver: Condition) -> Sql:
    """The members of a set, each once: a code that stands in two systems has two rows."""
    text, values = driver.members()
    return (text if isinstance(driver, Live) else f"SELECT DISTINCT pk FROM ({text}) d"), values
