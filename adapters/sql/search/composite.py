"""Composite parameters: parts that must hold in the same element (R4 search.html#combining)."""

from functools import lru_cache
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.search.condition import AnyOf, Condition, Rows
from adapters.sql.search.values import HIGHEST, Values
from profiles.outcome import OperationOutcomeError
from profiles.search.contained import own_type
from profiles.search.extract import kind_of_part, part_of_pair
from profiles.search.parameters import SearchParameter, parameters_of
from profiles.search.paths import json_paths
from profiles.search.query import Leaf
from profiles.search.syntax import plain, split
from profiles.search.tokens import LONGEST, any_case, coded, exact, literal_code
from profiles.search.values import folded, literal

_FIRST: Final = ("val", "sys", "", "")
_SECOND: Final = ("val2", "sys2", "lo", "hi")
_THIRD: Final = ("", "", "lo2", "hi2")
_NAMED: Final = frozenset({"reference", "uri"})
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
    kinds = _kinds(leaf.kind, leaf.parameter)
    where, bound = ["x.sp = ?"], [parameter]
    for text, columns, kind in zip(parts, (_FIRST, _SECOND, _THIRD), kinds, strict=False):
        test, more = _part(values, kind, text, columns)
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
    values: Values, kinds: frozenset[str], text: str, columns: tuple[str, ...]
) -> tuple[str, list[Any]]:
    """Every reading of a part that its kinds allow; the row says which one it has."""
    val, system, low, _ = columns
    readings: list[tuple[str, list[Any]]] = []
    if val and "string" in kinds:
        readings.append(_beginning(text, val))
    if val and kinds & _NAMED:
        readings.append(_address(values.base, text, val))
    if val and "token" in kinds:
        readings.append(_coded(values, text, val, system))
    for kind in sorted(kinds & _MEASURED) if low else ():
        readings.extend(_measured(values, kind, text, columns))
    if not readings:
        raise OperationOutcomeError("invalid", "a part of the composite has no value of its kind")
    joined = " OR ".join(f"({test})" for test, _ in readings)
    return f"({joined})", [value for _, more in readings for value in more]


def _beginning(text: str, val: str) -> tuple[str, list[Any]]:
    """A string by its beginning; strings are stored folded."""
    start = folded(plain(text))[:LONGEST]
    return f"x.{val} >= ? AND x.{val} < ?{_without_range(val)}", [start, start + HIGHEST]


def _address(base: str, text: str, val: str) -> tuple[str, list[Any]]:
    """An address as it is written; one of our own resources also by its type and id, or with our base."""
    written = {exact(plain(text))}
    own = literal(plain(text), base) or literal(plain(text))
    if own is not None:
        written |= {"/".join(own), *([f"{base}/{'/'.join(own)}"] if base else [])}
    marks = ", ".join("?" * len(written))
    return f"x.{val} IN ({marks}){_without_range(val)}", sorted(written)


def _without_range(val: str) -> str:
    """The second text stands where a unit stands behind a number: those have a range."""
    return " AND x.lo = 0 AND x.hi = 0" if val == "val2" else ""


def _coded(values: Values, text: str, val: str, system: str) -> tuple[str, list[Any]]:
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) == 1:
        return f"x.{val} IN (?, ?){_without_range(val)}", [*_written(parts[0], "")]
    code = "|".join(parts[1:])
    if not code:
        return f"x.{system} = ?", [values.system(parts[0])]
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
