"""An order by several keys, along the first: small groups of equal values are sorted, large ones walked.

``_sort=status,-date``: the values of ``status`` are met in their order; within one, the next key orders, by
an index of its own where the group is large. So a page costs what it shows, however many share a value.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, Protocol

from adapters.sql.search import order
from adapters.sql.search.condition import PROBED, AllOf, Condition, NoneOf, Rows, Sql
from adapters.sql.search.listing import Row
from adapters.sql.search.walk import firsts, target_of, with_value
from adapters.sql.search.wanted import Wanted

NEAR: Final = 200
"""Resources beyond a page that are looked at for groups that end."""
FIRST: Final = -1
LAST: Final = 2**62
"""Before and after every key."""

Ordered = Callable[[Wanted, Condition | None, bool], list[Row]]
"""Rows in order; the set, when one is given, is what they are of, and it may be said to be small."""


class Leading(Protocol):
    """The first key of an order."""

    def rows(self, wanted: Wanted) -> list[Row]:
        """Resources in the order of this key alone, those with a value; one more than the page takes."""
        ...

    def equal(self, value: Any) -> Condition:
        """Resources that may be ordered by a value."""
        ...

    def keeps(self, keys: list[int], value: Any) -> set[int]:
        """Those of some such resources that are."""
        ...

    def nothing(self) -> Condition | None:
        """Resources without a value; None when every one has one."""
        ...


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A key whose value stands in the resource's own row."""

    live: Rows
    column: str
    walked: Callable[[Wanted], list[Row]]

    def rows(self, wanted: Wanted) -> list[Row]:
        """Along the index of the row."""
        return self.walked(wanted)

    def equal(self, value: Any) -> Condition:
        """Rows with the value."""
        where = f"{self.live.where} AND x.{self.column} = ?"
        return Rows("res", where, (*self.live.values, value))

    def keeps(self, keys: list[int], value: Any) -> set[int]:
        """All: a row has one value."""
        del value
        return set(keys)

    def nothing(self) -> Condition | None:
        """None."""
        return None


@dataclass(frozen=True, slots=True)
class Indexed:
    """A key with an index that is walked."""

    connection: Any
    walk: order.Walk
    descending: bool

    def rows(self, wanted: Wanted) -> list[Row]:
        """Along the index."""
        return with_value(self.connection, wanted, self.walk, wanted.after or ())

    def equal(self, value: Any) -> Condition:
        """Resources with an index row of the value, and with none that would come before it."""
        walk, sign = self.walk, ">" if self.descending else "<"
        if walk.table == "s_ref":
            return _Referring(walk, value, sign)
        where = f"x.sp = ? AND x.{walk.column}"
        same = Rows(walk.table, f"{where} = ?", (walk.parameter, value))
        if walk.single or walk.values is not None:
            return same
        return AllOf((same, NoneOf(Rows(walk.table, f"{where} {sign} ?", (walk.parameter, value)))))

    def keeps(self, keys: list[int], value: Any) -> set[int]:
        """Where no index tells the other values of a resource, its body does."""
        if self.walk.values is None:
            return set(keys)
        found = firsts(self.connection, self.walk.values, keys, self.descending)
        return {key for key in keys if found.get(key) == value}

    def nothing(self) -> Condition:
        """By what the row of a resource says of its values, or by what it refers to."""
        if self.walk.targets:
            return NoneOf(_Referring(self.walk, None, "="))
        return NoneOf(Rows("res", "x.has LIKE ?", (f"%,{self.walk.parameter},%",)))


@dataclass(frozen=True, slots=True)
class _Referring:
    """Resources that refer to one with an id, and to none whose id comes before; or to any at all."""

    walk: order.Walk
    value: str | None
    sign: str
    ordered: bool = False
    lists: bool = True

    def members(self) -> Sql:
        """What refers to each resource of the id."""
        marks = ", ".join("?" * len(self.walk.targets))
        others, more = self._others("r.pk")
        return (
            "SELECT r.pk AS pk FROM res e CROSS JOIN s_ref r "
            f"WHERE e.rt IN ({marks}) AND e.id = ? AND r.sp = ? AND r.tpk = e.pk{others}",
            [*self.walk.targets, self.value, self.walk.parameter, *more],
        )

    def holds(self, key: str) -> Sql:
        """Whether the resource of the key does."""
        target, values = target_of(self.walk, key), [self.walk.parameter, *self.walk.targets]
        if self.value is None:
            return f"EXISTS ({target} {PROBED})", values
        others, more = self._others(key)
        same = f"EXISTS ({target} AND z.id = ? {PROBED})"
        return f"({same}{others})", [*values, self.value, *more]

    def _others(self, key: str) -> Sql:
        if self.walk.single:
            return "", []
        found = [self.walk.parameter, *self.walk.targets, self.value]
        return f" AND NOT EXISTS ({target_of(self.walk, key)} AND z.id {self.sign} ?)", found


def by_groups(wanted: Wanted, leading: Leading, ordered: Ordered) -> list[Row]:
    """Rows of a page and one more, in an order by several keys."""
    found: list[Row] = []
    for rows in _groups(wanted, leading, ordered):
        found += rows[: wanted.count + 1 - len(found)]
        if len(found) > wanted.count:
            break
    return found


def _groups(wanted: Wanted, leading: Leading, ordered: Ordered) -> Iterator[list[Row]]:
    """Rows, group by group, from a position on."""
    at: tuple[Any, ...] = ()
    after = wanted.after or ()
    behind = LAST if not wanted.sort[0].descending else FIRST
    if after:
        at = (behind, after[1])
        if after[1] is not None:
            yield _inside(wanted, leading, ordered, after[1], (after[0], *after[2:]))
    first = replace(wanted, sort=wanted.sort[:1], count=wanted.count + NEAR)
    while not after or after[1] is not None:
        near = leading.rows(replace(first, after=at or None))
        if not near:
            break
        whole = len(near) <= first.count
        groups = [(value, [row[0] for row in rows]) for value, rows in groupby(near, _value)]
        ended = groups if whole else groups[:-1]
        if ended:
            keys = tuple(key for _, rows in ended for key in rows)
            marks = ", ".join("?" * len(keys))
            alone = replace(wanted, after=None)
            yield ordered(alone, Rows("res", f"x.pk IN ({marks})", keys), True)
        else:
            yield _inside(wanted, leading, ordered, groups[0][0], None)
        at = (behind, (ended or groups)[-1][0])
        if whole:
            break
    nothing = leading.nothing()
    if nothing is not None:
        last = (after[0], *after[2:]) if after and after[1] is None else None
        rest = _narrowed(wanted, nothing, last)
        yield [(key, None, *values) for key, *values in ordered(rest, None, False)]


def _inside(
    wanted: Wanted, leading: Leading, ordered: Ordered, value: Any, after: tuple[Any, ...] | None
) -> list[Row]:
    """Rows that share a value of the first key, in the order of the others."""
    group = leading.equal(value)
    found: list[Row] = []
    while True:
        rows = ordered(_narrowed(wanted, group, after), group, False)
        kept = leading.keeps([row[0] for row in rows], value)
        found += [(key, value, *values) for key, *values in rows if key in kept]
        if len(rows) <= wanted.count or len(found) > wanted.count:
            return found
        after = rows[-1]


def _narrowed(wanted: Wanted, group: Condition, after: tuple[Any, ...] | None) -> Wanted:
    return replace(
        wanted, conditions=(*wanted.conditions, group), sort=wanted.sort[1:], after=after
    )


def _value(row: Row) -> Any:
    return row[1]
