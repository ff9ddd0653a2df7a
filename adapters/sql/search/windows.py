"""Several bounds of one value as one condition: ``date=ge2024-03-01&date=lt2024-03-08``.

Alone each bound holds for half of everything; together they are a few rows of the index. That is so where a
resource has one value of the parameter at most: otherwise two values of it may each satisfy one bound.

A date is a range. What ends after the begin of a window and begins before its end has no place of its own in
an index by one end, but nearly every range is short: those are near the window by their begin. Long ones have
an index of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any, Final

from adapters.sql.schema import LONG_MS
from adapters.sql.search.condition import ENDS_AFTER, AnyOf, Condition, Rows
from profiles.search.contained import own_type
from profiles.search.parameters import parameters_of
from profiles.search.query import Leaf, Node
from profiles.search.single import is_single

_RANGED: Final = frozenset({"date", "number", "quantity"})
_OWN: Final = "x.sp = ? AND "
_BEGINS_BEFORE: Final = f"{_OWN}x.lo < ?"
_MOST: Final = 16
"""Alternatives of a condition that was put together."""


@dataclass(frozen=True, slots=True)
class Window(AnyOf):
    """Bounds of the one date of a resource: it ends after a moment, begins before another."""

    parameter: int = -1
    after: int | None = None
    before: int | None = None


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
        joined = _together(bounds)
        kept.extend(bounds if joined is None else [joined])
    return tuple(kept)


def _value(nodes: Sequence[Node]) -> tuple[str, str] | None:
    """Type and parameter of a condition on the one value that a resource can have."""
    leaf = nodes[0] if len(nodes) == 1 else None
    if not isinstance(leaf, Leaf) or leaf.modifier:
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
    joined = [_joined(rows) for rows in product(*(rows or () for rows in parts))]
    if size > 1 or joined[0].table != "s_dat":
        return AnyOf(tuple(joined))
    return _window(joined[0], [rows[0] for rows in parts if rows])


def _rows(condition: Condition) -> list[Rows] | None:
    if isinstance(condition, Rows):
        return [condition] if condition.where.startswith(_OWN) else None
    if not isinstance(condition, AnyOf):
        return None
    inner = [_rows(part) for part in condition.parts]
    return None if None in inner else [row for rows in inner for row in rows or ()]


def _joined(rows: Sequence[Rows]) -> Rows:
    """What one row of the index has to satisfy."""
    ordered = sorted(rows, key=_latest_end_first)
    where = _OWN + " AND ".join(row.where.removeprefix(_OWN) for row in ordered)
    values = (rows[0].values[0], *(value for row in ordered for value in row.values[1:]))
    return Rows(rows[0].table, where, values, once=True)


def _latest_end_first(row: Rows) -> tuple[bool, Any]:
    """Where a condition says after which moment a range ends, it is listed by that."""
    ends = row.where.startswith(ENDS_AFTER)
    return not ends, -row.values[1] if ends else 0


def _window(whole: Rows, bounds: Sequence[Rows]) -> Window:
    after = [row.values[1] for row in bounds if row.where.startswith(ENDS_AFTER)]
    before = [row.values[1] for row in bounds if row.where.startswith(_BEGINS_BEFORE)]
    first, last = max(after, default=None), min(before, default=None)
    return Window((whole,), whole.values[0], first, last)


def stretches(window: Window | None, descending: bool) -> list[tuple[str, list[int], str]]:
    """Where rows of a window stand in the order of its parameter: SQL, values, and what to order by.

    Upwards they begin soon before the window, but for long ones, which come first; downwards they begin
    before its end. Without a window they may be anywhere.
    """
    if window is not None and descending and window.before is not None:
        return [("AND t.lo < ? ", [window.before], "t.lo")]
    if window is not None and not descending and window.after is not None:
        first = window.after - LONG_MS
        # A sum keeps planners from walking the index by the begin up to the window.
        far = f"AND t.hi - t.lo > {LONG_MS} AND t.hi > ? AND t.lo + 0 < ? "
        return [
            (far, [window.after, first], "t.lo + 0"),
            ("AND t.lo >= ? ", [first], "t.lo"),
        ]
    return []
