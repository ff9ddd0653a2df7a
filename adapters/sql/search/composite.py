"""Composite parameters: parts that must hold in the same element (R4 search.html#combining)."""

from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.search.condition import AnyOf, Condition, Rows
from adapters.sql.search.values import Values
from profiles.outcome import OperationOutcomeError
from profiles.search.query import Leaf
from profiles.search.ranges import date_range, number
from profiles.search.syntax import plain, prefixed, split
from profiles.search.values import exact, folded

_FIRST: Final = ("val", "sys", "", "")
_SECOND: Final = ("val2", "sys2", "lo", "hi")
_THIRD: Final = ("", "", "lo2", "hi2")


def composite(names: Names, values: Values, leaf: Leaf, value: str) -> Condition:
    """The set of one value such as ``8480-6$gt120`` (``invalid`` when a part is missing)."""
    parts = split(value, "$")
    wanted = leaf.parameter.components
    if len(parts) != len(wanted) or not all(parts):
        raise OperationOutcomeError(
            "invalid", f"{leaf.parameter.code} has {len(wanted)} parts, joined by $"
        )
    parameter = names.find(f"{leaf.kind}.{leaf.parameter.code}")
    where, bound = ["x.sp = ?"], [parameter]
    for text, columns in zip(parts, (_FIRST, _SECOND, _THIRD), strict=False):
        test, more = _part(values, text, columns)
        where.append(test)
        bound.extend(more)
    if parameter is None:
        return AnyOf(())
    return Rows("s_cmp", " AND ".join(where), tuple(bound))


def _part(values: Values, text: str, columns: tuple[str, ...]) -> tuple[str, list[Any]]:
    """Every reading of a part that its text allows, since the row says which one it has."""
    val, system, low, _ = columns
    readings: list[tuple[str, list[Any]]] = []
    if val:
        readings.append(_coded(values, text, val, system))
    if low:
        readings.extend(_measured(values, text, columns))
    if not readings:
        raise OperationOutcomeError("invalid", "a part of the composite has no value of its kind")
    joined = " OR ".join(f"({test})" for test, _ in readings)
    return f"({joined})", [value for _, more in readings for value in more]


def _coded(values: Values, text: str, val: str, system: str) -> tuple[str, list[Any]]:
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) == 1:
        # A code, or the beginning of a string; strings are stored folded.
        ranged = " AND x.lo = 0 AND x.hi = 0" if val == "val2" else ""
        return f"x.{val} IN (?, ?){ranged}", [exact(parts[0]), folded(parts[0])]
    return f"x.{val} = ? AND x.{system} = ?", [exact("|".join(parts[1:])), values.system(parts[0])]


def _measured(values: Values, text: str, columns: tuple[str, ...]) -> list[tuple[str, list[Any]]]:
    val, system, low, high = columns
    found: list[tuple[str, list[Any]]] = []
    amount, *unit = split(text, "|")
    _, rest = prefixed(amount)
    for kind, check in (("number", number), ("date", date_range)):
        try:
            check(plain(rest))
        except OperationOutcomeError:
            continue
        _, where, bound, _ = values.test(kind, amount, "")
        where = where.replace("x.lo", f"x.{low}").replace("x.hi", f"x.{high}")
        more: list[Any] = list(bound)
        if len(unit) == 2 and unit[1]:
            where = f"{where} AND x.{val} = ?"
            more.append(plain(unit[1]))
            if unit[0]:
                where = f"{where} AND x.{system} = ?"
                more.append(values.system(plain(unit[0])))
        found.append((where, more))
    return found
