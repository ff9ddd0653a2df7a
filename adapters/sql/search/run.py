"""One page of a search: which set drives, which ones test, and where the next page begins.

The rarest set is found by counting each up to a bound. Below the bound it is listed and tested; above it the
rows are walked in the order of the result and tested one by one, so that a page costs the same however many
match. Where some rows have not filled the page, matches are rare along the walk: then a larger set is listed,
and only where each is too large for that the walk goes on to its end. SQLite's own planner chooses badly
between them (decision 0020).
"""

from dataclasses import replace
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.schema import CONTAINED, LIVE
from adapters.sql.search import order
from adapters.sql.search.condition import Condition, Sql, fans_out, only_rows
from adapters.sql.search.groups import Indexed, OwnRow, by_groups
from adapters.sql.search.listing import Row, following, listed
from adapters.sql.search.live import Live
from adapters.sql.search.newest import newest, streamed
from adapters.sql.search.walk import along_own, valueless, with_value
from adapters.sql.search.wanted import ALL, Keys, Wanted, tested
from profiles.search.contained import own_type

FEW: Final = 1000
"""Keys up to which a set is listed and sorted."""
PASSED: Final = 40
"""Rows that are walked first for each match of a page: beyond, matches are rare."""
MANY: Final = 5000
"""Keys up to which a set is listed, when its matches are rare along the walk."""
CHEAP: Final = 5000
"""Matches up to which a total is given although nobody asked for it."""


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
        "res",
        f"x.rt IN ({marks}) AND x.deleted {state}",
        tuple(types),
        True,
        once=True,
        inside=inside,
    )
    only = wanted.conditions[0] if len(wanted.conditions) == 1 else None
    if only is not None and only.lists and wanted.count and not wanted.sort:
        return _by_one(connection, names, wanted, live, only)
    best, size = _rarest(connection, wanted.conditions, FEW)
    if not wanted.count:
        driver = live if best is None else best
        return Keys((), count(connection, wanted, driver), None, "count")
    wanted = _decided(wanted)
    if best is not None and size < FEW:
        return _listed(connection, names, wanted, best, few=True)
    if wanted.sort:
        return _walked(connection, names, wanted, live, best)
    return _unordered(connection, names, wanted, live, best)


def _by_one(connection: Any, names: Names, wanted: Wanted, live: Live, only: Condition) -> Keys:
    """Of one condition: its keys, when they are few and not in order by themselves."""
    if only.ordered:
        return _page_of(connection, wanted, live, only, streamed(connection, wanted, live, only))
    text, values = only.members()
    found = connection.few_keys(text, values, FEW)
    if found is not None:
        return newest(found, wanted, only)
    return _unordered(connection, names, wanted, live, only)


def _rarest(
    connection: Any, conditions: tuple[Condition, ...], most: int
) -> tuple[Condition | None, int]:
    """The smallest set and its size, which is not counted beyond ``most``."""
    best, size = None, most + 1
    for condition in conditions:
        if not condition.lists:
            continue
        text, values = condition.members()
        bound = f"SELECT count(*) FROM (SELECT 1 FROM ({text}) c LIMIT {min(size, most)}) b"
        found = connection.execute(bound, values).fetchone()[0]
        if found < size:
            best, size = condition, found
        if size == 0:
            break
    return best, size


def _unordered(
    connection: Any, names: Names, wanted: Wanted, live: Live, best: Condition | None
) -> Keys:
    """The newest of many: first among some rows, which fill the page unless matches are rare there."""
    rows: list[Row] = []
    if best is not None and len(wanted.kinds) == 1:
        rows = streamed(connection, _nearby(wanted), live, best)
    if best is not None and _are_rare(rows, wanted):
        smallest, size = _rarest(connection, wanted.conditions, MANY)
        if smallest is not None and size < MANY:
            return _listed(connection, names, wanted, smallest, few=False)
    if len(rows) <= wanted.count:
        rows += streamed(connection, _further(wanted, rows), live, best)
    return _page_of(connection, wanted, live, best, rows)


def _are_rare(rows: list[Row], wanted: Wanted) -> bool:
    """Whether a walk has met so few matches that it would be long."""
    return 2 * len(rows) <= wanted.count


def _further(wanted: Wanted, rows: list[Row]) -> Wanted:
    """What is left of a page after some rows of it."""
    return replace(wanted, after=rows[-1], count=wanted.count - len(rows)) if rows else wanted


def _nearby(wanted: Wanted) -> Wanted:
    """The same, of some rows that are walked first; few, where the test of each may be long."""
    each = 2 if any(map(fans_out, wanted.conditions)) else PASSED
    return replace(wanted, most=each * (wanted.count + 1))


def _page_of(
    connection: Any,
    wanted: Wanted,
    live: Live,
    best: Condition | None,
    rows: list[Row],
    plan: str = "stream",
) -> Keys:
    whole = None if len(rows) > wanted.count or wanted.after else len(rows)
    total = _total(connection, wanted, live, best, whole)
    return _page(rows, wanted, total, plan)


def _decided(wanted: Wanted) -> Wanted:
    """Without the keys of an order that nothing is left to: an id is of one resource of a type."""
    for at, key in enumerate(wanted.sort, 1):
        if key.code == "_id" and len(wanted.kinds) == 1:
            return replace(wanted, sort=wanted.sort[:at])
    return wanted


def _listed(connection: Any, names: Names, wanted: Wanted, driver: Condition, *, few: bool) -> Keys:
    """A page of all matches in order."""
    if not wanted.sort:
        text, values = driver.members()
        where, bound = tested(wanted.conditions, driver, "m.pk")
        matching = f"SELECT m.pk AS pk FROM ({text}) m WHERE {where}"
        return newest(connection.keys(matching, [*values, *bound]), wanted, driver)
    rows = listed(connection, names, wanted, driver, few=few)
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
    near: list[Row] = []
    if best is not None and order.is_at_hand(wanted.kinds, wanted.sort):
        if len(wanted.sort) == 1 and wanted.sort[0].kind != "reference":
            near = _ordered(connection, names, _nearby(wanted), live) or []
        smallest, size = None, MANY
        if _are_rare(near, wanted):
            smallest, size = _rarest(connection, wanted.conditions, MANY)
        if smallest is not None and size < MANY:
            return _listed(connection, names, wanted, smallest, few=False)
    if len(near) > wanted.count:
        return _page_of(connection, wanted, live, best, near, "walk")
    rest = _ordered(connection, names, _further(wanted, near), live)
    found = None if rest is None else near + rest
    if found is None:
        driver = best if best is not None else live
        return _listed(connection, names, wanted, driver, few=False)
    return _page_of(connection, wanted, live, best, found, "walk")


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
            own = OwnRow(live, column, lambda one: along_own(connection, one, live))
            return by_groups(wanted, own, ordered)
        if walk is not None:
            leading = Indexed(connection, walk, first[0].descending)
            return by_groups(wanted, leading, ordered)
        return None
    if column is not None:
        return along_own(connection, wanted, live)
    return None if walk is None else _by_index(connection, wanted, live, walk)


def _in_group(
    connection: Any, names: Names, wanted: Wanted, live: Live, group: Condition | None
) -> list[Row]:
    """Rows of resources that share the values of the keys before."""
    best, size = _rarest(connection, wanted.conditions if group is None else (group,), FEW)
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
    if len(found) <= wanted.count and wanted.most == ALL:
        started = after[0] if after and after[1] is None else None
        left = wanted.count + 1 - len(found)
        found += valueless(connection, wanted, live, walk, started, left)
    return found


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
        f"SELECT count(*) FROM (SELECT 1 FROM ({text}) c LIMIT {CHEAP + 1}) b", values
    ).fetchone()
    return None if found > CHEAP else count(connection, wanted, driver)


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
    rows = only_rows(driver)
    once = rows is not None and rows.once
    return (text if once else f"SELECT DISTINCT pk FROM ({text}) d"), values
