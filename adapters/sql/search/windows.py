"""Several bounds of one value as one condition: ``date=ge2024-03-01&date=lt2024-03-08``.

Alone each bound holds for half of everything; together they are a few rows of the index. That is so where a
resource has one value of the parameter at most: otherwise two values of it may each satisfy one bound.

A date is a range. What ends after the begin of a window and begins before its end has no place of its own in
an index by one end, but nearly every range is short: those are near the window by their begin. Long ones have
an index of their own.
"""

from collections.abc import Sequence
from functools import reduce
from itertools import product
from typing import Final

from adapters.sql.schema import LONG_MS
from adapters.sql.search.condition import AnyOf, Condition, Rows
from profiles.search.contained import own_type
from profiles.search.parameters import parameters_of
from profiles.search.query import Leaf, Node
from profiles.search.single import is_single

_RANGED: Final = frozenset({"date", "number", "quantity"})
_OWN: Final = "x.sp = ? AND "
_ENDS_AFTER: Final = f"{_OWN}x.hi > ?"
_MOST: Final = 16
"""Alternatives of a condition that was put together."""


def windowed(
    trees: Sequence[Sequence[Node]], conditions: Sequence[Condition]
) -> tuple[Condition, ...]:
    """The conditions of a search, each with the tree that it is of; bounds of one value are put together."""
    kept: list[Condition] = []
    alike: dict[tuple[str, str], list[Condition]] = {}
    for nodes, condition in zip(trees, conditions, strict=True):
        value = _value(nodes)
        if value is None:
            kept.append(condition)
        else:
            alike.setdefault(value, []).append(condition)
    for bounds in alike.values():
        joined = _together(bounds) if len(bounds) > 1 else None
        kept.extend(bounds if joined is None else [joined])
    return tuple(kept)


def _value(nodes: Sequence[Node]) -> tuple[str, str] | None:
    """Type and parameter of a condition on the one value that a resource can have."""
    leaf = nodes[0]
    if len(nodes) != 1 or not isinstance(leaf, Leaf) or leaf.modifier:
        return None
    known = None if leaf.kind != own_type(leaf.kind) else parameters_of(leaf.kind)
    if known is None or known.get(leaf.parameter.code) is not leaf.parameter:
        return None
    one = leaf.parameter.kind in _RANGED and is_single(leaf.kind, leaf.parameter)
    return (leaf.kind, leaf.parameter.code) if one else None


def _together(bounds: Sequence[Condition]) -> Condition | None:
    """Every bound of one row; None where a condition is more than tests of a row."""
    parts = [_rows(bound) for bound in bounds]
    size = reduce(lambda found, rows: found * len(rows or ()), parts, 1)
    if not 0 < size <= _MOST:
        return None
    return AnyOf(tuple(one for rows in product(*(p or () for p in parts)) for one in _window(rows)))


def _rows(condition: Condition) -> list[Rows] | None:
    if isinstance(condition, Rows):
        return [condition] if condition.where.startswith(_OWN) else None
    if not isinstance(condition, AnyOf):
        return None
    inner = [_rows(part) for part in condition.parts]
    return None if None in inner else [row for rows in inner for row in rows or ()]


def _window(rows: Sequence[Rows]) -> list[Rows]:
    first = rows[0]
    where = _OWN + " AND ".join(row.where.removeprefix(_OWN) for row in rows)
    values = (first.values[0], *(value for row in rows for value in row.values[1:]))
    ends = [row.values[1] for row in rows if row.where.startswith(_ENDS_AFTER)]
    if first.table != "s_dat" or not ends:
        return [Rows(first.table, where, values)]
    # The index by the begin is the one to take: a sum keeps planners from the one by the end.
    near = where.replace("x.hi", "x.hi + 0")
    return [
        Rows(first.table, f"{near} AND x.lo >= ?", (*values, max(ends) - LONG_MS)),
        Rows(first.table, f"{where} AND x.hi - x.lo > {LONG_MS}", values),
    ]
