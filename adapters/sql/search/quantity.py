"""Quantities as tests of index columns: with the precision that is written, in every unit that converts.

R4 search.html#quantity. The index holds an amount as it was given. A search in one unit of UCUM is put into
each unit of its dimension that any quantity has, which costs a write nothing and rounds once.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import number, written_range
from profiles.search.syntax import prefixed
from profiles.search.units import UCUM, Scale, converted, scale

Where = tuple[str, tuple[Any, ...]]
"""SQL and its values."""


def measure(text: str, index: Callable[[Fraction], float] = float) -> list[Where]:
    """The tests of a number with its prefix, any of which may hold.

    Nearly every number is a point, of which the low end says everything; ranges have an index of their own by
    the high end, and a test of their own for it.

    Parameters
    ----------
    index : callable
        Makes of an amount what the index has for it.
    """
    prefix, rest = prefixed(text)
    exact = Fraction(number(rest))
    if not _is_finite(exact):
        raise OperationOutcomeError("invalid", "not a number that can be compared")
    if prefix in ("eq", "ne"):
        low, end = (index(Fraction(bound)) for bound in written_range(rest))
        return [compared(prefix, low, math.nextafter(end, -math.inf), half_open=False)]
    if prefix == "ap":
        low, high = index(exact - abs(exact) / 10), index(exact + abs(exact) / 10)
        begins = "x.lo >= ? AND x.lo <= ?", (low, high)
        return [begins, (f"{_RANGE} AND x.lo < ? AND x.hi >= ?", (low, low))]
    value = index(exact)
    known: dict[str, list[Where]] = {
        "gt": [
            ("x.lo > ?", (value,)),
            (f"{_RANGE} AND x.lo <= ? AND x.hi > ?", (value, value)),
        ],
        "ge": [
            ("x.lo >= ?", (value,)),
            (f"{_RANGE} AND x.lo < ? AND x.hi > ?", (value, value)),
        ],
        "le": [("x.lo <= ? AND (x.lo < ? OR x.hi <= ?)", (value, value, value))],
        "eb": [("x.lo < ? AND x.hi < ?", (value, value))],
    }
    return known.get(prefix) or [compared(prefix, value, value, half_open=False)]


_RANGE: Final = "x.lo < x.hi"
"""As the partial indexes of ``s_num`` and ``s_qty`` say it."""


def compared(prefix: str, low: Any, high: Any, *, half_open: bool) -> Where:
    """R4 search.html#prefix: the range of the search [low, high] against the range of the element."""
    touch = ">=" if half_open else ">"
    return {
        # A range ends after it begins, which bounds what an index by one end is read for.
        "eq": ("x.lo >= ? AND x.hi <= ? AND x.lo <= ?", (low, high, high)),
        "ne": ("NOT (x.lo >= ? AND x.hi <= ?)", (low, high)),
        "gt": ("x.hi > ?", (high,)),
        "lt": ("x.lo < ?", (low,)),
        "ge": ("x.hi > ? AND (x.lo >= ? OR x.hi > ?)", (low, low, high)),
        "le": ("x.lo < ? AND (x.hi <= ? OR x.lo < ?)", (high, high, low)),
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
        return measure(amount)
    if not system:
        # Nothing is said of what the unit means: code or unit, literally.
        return _with(measure(amount), "(x.code = ? OR x.unit = ?)", code, code)
    if not code:
        return _with(measure(amount), "x.sys = ?", key(system))
    given = scale(code) if system == UCUM else None
    if given is None:
        return _with(measure(amount), "x.sys = ? AND x.code = ?", key(system), code)
    return [
        test
        for wanted, codes in _alike(given, code, units()).items()
        for test in _in(amount, given, wanted, codes, key(system))
    ]


def _with(tests: list[Where], more: str, *bound: Any) -> list[Where]:
    return [(f"{where} AND {more}", (*before, *bound)) for where, before in tests]


def _in(amount: str, given: Scale, wanted: Scale, codes: list[str], system: int) -> list[Where]:
    tests = (
        measure(amount)
        if wanted == given
        else measure(amount, lambda exact: converted(exact, given, wanted))
    )
    marks = ", ".join("?" * len(codes))
    return _with(tests, f"x.sys = ? AND x.code IN ({marks})", system, *codes)


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
