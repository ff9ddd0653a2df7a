"""Composite parameters: parts that must hold in the same element (R4 search.html#combining)."""

from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.search.condition import AnyOf, Condition, Rows
from adapters.sql.search.values import Values
from profiles.outcome import OperationOutcomeError
from profiles.search.extract import part_of_pair
from profiles.search.parameters import parameters_of
from profiles.search.query import Leaf
from profiles.search.syntax import plain, split
from profiles.search.tokens import any_case, coded, literal_code
from profiles.search.values import folded

_FIRST: Final = ("val", "sys", "", "")
_SECOND: Final = ("val2", "sys2", "lo", "hi")
_THIRD: Final = ("", "", "lo2", "hi2")
_MEASURED: Final = frozenset({"number", "date", "quantity"})


def composite(names: Names, values: Values, leaf: Leaf, value: str) -> Condition:
    """The set of one value such as ``8480-6$gt120`` (``invalid`` when a part is missing)."""
    parts = split(value, "$")
    wanted = leaf.parameter.components
    if len(parts) != len(wanted) or not all(parts):
        raise OperationOutcomeError(
            "invalid", f"{leaf.parameter.code} has {len(wanted)} parts, joined by $"
        )
    parameter = names.find(f"{leaf.kind}.{leaf.parameter.code}")
    known = parameters_of(leaf.kind)
    where, bound = ["x.sp = ?"], [parameter]
    for (code, _), text, columns in zip(wanted, parts, (_FIRST, _SECOND, _THIRD), strict=False):
        kind = known[code].kind if code in known else "token"
        test, more = _part(values, kind, text, columns)
        where.append(test)
        bound.extend(more)
    if parameter is None:
        return AnyOf(())
    return Rows("s_cmp", " AND ".join(where), tuple(bound))


def _part(values: Values, kind: str, text: str, columns: tuple[str, ...]) -> tuple[str, list[Any]]:
    """The test of a part by the kind of its parameter."""
    val, system, low, _ = columns
    if kind not in _MEASURED:
        return _coded(values, text, val, system)
    if not low:
        raise OperationOutcomeError("invalid", "a part of the composite has no value of its kind")
    readings = _measured(values, kind, text, columns)
    joined = " OR ".join(f"({test})" for test, _ in readings)
    return f"({joined})", [value for _, more in readings for value in more]


def _coded(values: Values, text: str, val: str, system: str) -> tuple[str, list[Any]]:
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) == 1:
        # A code, or the beginning of a string; strings are stored folded.
        ranged = " AND x.lo = 0 AND x.hi = 0" if val == "val2" else ""
        return f"x.{val} IN (?, ?, ?){ranged}", [*_written(parts[0], ""), folded(parts[0])]
    code = "|".join(parts[1:])
    return (
        f"x.{val} IN (?, ?) AND x.{system} = ?",
        [*_written(code, parts[0]), values.system(parts[0])],
    )


def _written(code: str, system: str) -> tuple[str, str]:
    """A code as a pair has it: by case where that counts, and in any case."""
    token = coded(code, system) if system else literal_code(code)
    return part_of_pair(*token), part_of_pair(*any_case(code))


def _measured(
    values: Values, kind: str, text: str, columns: tuple[str, ...]
) -> list[tuple[str, list[Any]]]:
    """Tests of a number, a date or a quantity, any of which may hold."""
    val, system, low, high = columns
    return [
        (
            where.replace("x.lo", f"x.{low}")
            .replace("x.hi", f"x.{high}")
            .replace("x.sys", f"x.{system}")
            .replace(" OR x.unit = ?", f" OR x.{val} = ?")
            .replace("x.code", f"x.{val}"),
            list(bound),
        )
        for _, where, bound, _ in values.tests(kind, text, "")
    ]
