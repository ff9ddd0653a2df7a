"""Quantities as tests of index columns: with the precision that is written, in every unit that converts.

R4 search.html#quantity. The index holds an amount as it was given. A search in one unit of UCUM is put into
each unit of its dimension that any quantity has, which costs a write nothing and rounds once.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import number, written_range
from profiles.search.syntax import prefixed
from profiles.search.units import UCUM, Scale, converted, scale

Where = tuple[str, tuple[Any, ...]]
"""SQL and its values."""


def measure(text: str, index: Callable[[Fraction], float] = float) -> Where:
    """The test of a number with its prefix; ``index`` makes of an amount what the index has for it."""
    prefix, rest = prefixed(text)
    value = Fraction(number(rest))
    if not _is_finite(value):
        raise OperationOutcomeError("invalid", "not a number that can be compared")
    if prefix == "ap":
        tenth = abs(value) / 10
        return "x.lo <= ? AND x.hi >= ?", (index(value + tenth), index(value - tenth))
    if prefix in ("eq", "ne"):
        low, end = (index(Fraction(bound)) for bound in written_range(rest))
        return compared(prefix, low, math.nextafter(end, -math.inf), half_open=False)
    return compared(prefix, index(value), index(value), half_open=False)


def compared(prefix: str, low: Any, high: Any, *, half_open: bool) -> Where:
    """R4 search.html#prefix: the range of the search [low, high] against the range of the element."""
    touch = ">=" if half_open else ">"
    return {
        # A range begins before it ends: the third test bounds what an index by the beginning is read for.
        "eq": ("x.lo >= ? AND x.hi <= ? AND x.lo <= ?", (low, high, high)),
        "ne": ("NOT (x.lo >= ? AND x.hi <= ?)", (low, high)),
        "gt": ("x.hi > ?", (high,)),
        "lt": ("x.lo < ?", (low,)),
        "ge": ("(x.hi > ? OR (x.lo >= ? AND x.hi <= ?))", (high, low, high)),
        "le": ("(x.lo < ? OR (x.lo >= ? AND x.hi <= ?))", (low, low, high)),
        "sa": (f"x.lo {touch} ?", (high,)),
        "eb": (f"x.hi {'<=' if half_open else '<'} ?", (low,)),
    }[prefix]


def quantities(
    amount: str,
    system: str,
    code: str,
    units: Callable[[], list[str]],
    key: Callable[[str], int],
) -> list[Where]:
    """The tests of a quantity, any of which may hold.

    Parameters
    ----------
    amount : str
        Prefix and number.
    system, code : str
        Of the unit; empty where they are not said.
    units : callable
        Codes of UCUM in use.
    key : callable
        Integer of a code system.
    """
    if not system and not code:
        return [measure(amount)]
    if not system:
        # Nothing is said of what the unit means: code or unit, literally.
        where, bound = measure(amount)
        return [(f"{where} AND (x.code = ? OR x.unit = ?)", (*bound, code, code))]
    if not code:
        where, bound = measure(amount)
        return [(f"{where} AND x.sys = ?", (*bound, key(system)))]
    given = scale(code) if system == UCUM else None
    if given is None:
        where, bound = measure(amount)
        return [(f"{where} AND x.sys = ? AND x.code = ?", (*bound, key(system), code))]
    return [
        _in(amount, given, wanted, codes, key(system))
        for wanted, codes in _alike(given, code, units()).items()
    ]


def _in(amount: str, given: Scale, wanted: Scale, codes: list[str], system: int) -> Where:
    if wanted == given:
        where, bound = measure(amount)
    else:
        where, bound = measure(amount, lambda exact: converted(exact, given, wanted))
    marks = ", ".join("?" * len(codes))
    return f"{where} AND x.sys = ? AND x.code IN ({marks})", (*bound, system, *codes)


def _alike(given: Scale, code: str, units: list[str]) -> dict[Scale, list[str]]:
    """The units in use that convert, by what they are worth."""
    found = {given: [code]}
    for one in units:
        other = scale(one)
        if other is not None and other.dimensions == given.dimensions and one != code:
            found.setdefault(other, []).append(one)
    return found


def _is_finite(value: Fraction) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
