"""Composite parameters: parts that must hold in the same element (R4 search.html#combining)."""

from functools import lru_cache
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.search.condition import AnyOf, Condition, Rows
from adapters.sql.search.values import HIGHEST, Values
from profiles.outcome import OperationOutcomeError
from profiles.search.contained import own_type
from profiles.search.extract import kind_of_part
from profiles.search.parameters import SearchParameter, parameters_of
from profiles.search.paths import json_paths
from profiles.search.query import Leaf
from profiles.search.ranges import date_range, number
from profiles.search.syntax import plain, prefixed, split
from profiles.search.values import LONGEST, exact, folded

_ORDERED: Final = frozenset({"date", "number", "quantity"})
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
    kinds = _kinds(leaf.kind, leaf.parameter)
    for text, columns, kind in zip(parts, (_FIRST, _SECOND, _THIRD), kinds, strict=False):
        test, more = _part(values, text, columns, kind)
        where.append(test)
        bound.extend(more)
    if parameter is None:
        return AnyOf(())
    return Rows("s_cmp", " AND ".join(where), tuple(bound))


@lru_cache(maxsize=256)
def _kinds(kind: str, parameter: SearchParameter) -> tuple[frozenset[str], ...]:
    """The kinds of value that each part may have, as they are indexed."""
    known = parameters_of(own_type(kind))
    bases = json_paths(parameter.expression, own_type(kind)) or []
    found = []
    for code, expression in parameter.components:
        declared = known[code].kind if code in known else "token"
        whole = expression.startswith("%resource.")
        text = expression.removeprefix("%resource.").replace("DateTime", "dateTime")
        starts = (own_type(kind),) if whole else tuple(base.type for base in bases)
        ends = [path.type for start in starts for path in json_paths(text, start) or ()]
        found.append(frozenset(kind_of_part(declared, element) for element in ends))
    return tuple(found)


def _part(
    values: Values, text: str, columns: tuple[str, ...], kinds: frozenset[str]
) -> tuple[str, list[Any]]:
    """Every reading of a part that its kinds and its text allow; the row says which one it has."""
    val, system, low, _ = columns
    readings: list[tuple[str, list[Any]]] = []
    if val and kinds - _ORDERED:
        readings.append(_coded(values, text, (val, system), "string" in kinds))
    if low and kinds & _ORDERED:
        readings.extend(_measured(values, text, columns))
    if not readings:
        raise OperationOutcomeError("invalid", "a part of the composite has no value of its kind")
    joined = " OR ".join(f"({test})" for test, _ in readings)
    return f"({joined})", [value for _, more in readings for value in more]


def _coded(
    values: Values, text: str, columns: tuple[str, str], begins: bool
) -> tuple[str, list[Any]]:
    """A code or an address; a string by its beginning, as strings are stored folded."""
    val, system = columns
    ranged = " AND x.lo = 0 AND x.hi = 0" if val == "val2" else ""
    if begins:
        start = folded(plain(text))[:LONGEST]
        return f"x.{val} >= ? AND x.{val} < ?{ranged}", [start, start + HIGHEST]
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) == 1:
        return f"x.{val} = ?{ranged}", [exact(parts[0])]
    named = values.system(parts[0])
    if not any(parts[1:]):
        return f"x.{system} = ?", [named]
    return f"x.{val} = ? AND x.{system} = ?", [exact("|".join(parts[1:])), named]


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
