"""One value of a search parameter as a test of index columns (R4 search.html, per kind of parameter)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.search.quantity import Where, compared, measure, quantities
from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import date_range, milliseconds, number
from profiles.search.syntax import plain, prefixed, split
from profiles.search.tokens import ANY_CASE, LONGEST, any_case, coded, exact, literal_code
from profiles.search.values import folded

Test = tuple[str, str, tuple[Any, ...], bool]
"""Table, SQL, values, and whether the rows come in key order."""

HIGHEST: Final = "\U0010ffff"
EARTH_KM: Final = 6371.0088


@dataclass(frozen=True, slots=True)
class Values:
    """Compiles values; ``names`` finds the integers of code systems, ``base`` is our own address."""

    names: Names
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    base: str = ""

    def tests(self, kind: str, value: str, modifier: str) -> list[Test]:
        """The tests of one value, any of which may hold (``invalid`` when it is not one of its kind)."""
        if kind == "quantity":
            return [("s_qty", *test, False) for test in _quantity(self, value)]
        if kind == "number":
            return [("s_num", *test, False) for test in measure(plain(value))]
        if kind == "uri" and modifier == "below":
            return _below(plain(value))
        return [self.test(kind, value, modifier)]

    def test(self, kind: str, value: str, modifier: str) -> Test:
        """The test of one value of a kind that needs but one."""
        return _TESTS[kind](self, value, modifier)

    def token(self, code: str, system: str | None = None) -> tuple[str, tuple[Any, ...]]:
        """The test of a code, in one system unless that is None (R4 search.html#token)."""
        val, raw = coded(code, system) if system else literal_code(code)
        where, bound = (
            ("x.sys = ? AND ", (self.system(system),)) if system is not None else ("", ())
        )
        if raw != ANY_CASE:
            # Identifiers match in any case, whatever their system is.
            # An expression: PostgreSQL would read all rows of a code once for each member of the list.
            where, bound = f"{where}x.raw || '' IN ('', ?) AND ", (*bound, raw)
        return f"{where}x.val = ?", (*bound, val)

    def system(self, text: str) -> int:
        """Integer of a code system; -1 for one that nothing uses."""
        found = self.names.find(text)
        return -1 if found is None else found


def _token(values: Values, text: str, modifier: str) -> Test:
    parts = [plain(part) for part in split(text, "|")]
    if modifier == "of-type":
        return _of_type(values, parts)
    if len(parts) == 1:
        return "s_tok", *values.token(parts[0]), True
    system, code = parts[0], "|".join(parts[1:])
    if not code:
        return "s_sys", "x.sys = ?", (values.system(system),), True
    return "s_tok", *values.token(code, system), True


def _of_type(values: Values, parts: list[str]) -> Test:
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise OperationOutcomeError("invalid", ":of-type is system|code|value")
    where, bound = "x.val = ?", any_case(f"{parts[1]}|{parts[2]}")[:1]
    if parts[0]:
        return "s_tok", f"{where} AND x.sys = ?", (*bound, values.system(parts[0])), True
    return "s_tok", where, bound, True


def _string(_: Values, text: str, modifier: str) -> Test:
    text = plain(text)
    if modifier == "exact":
        start = folded(text)[:LONGEST]
        return "s_str", "x.val = ? AND x.exact = ?", (start, exact(text)), True
    start = folded(text)[:LONGEST]
    return "s_str", "x.val >= ? AND x.val < ?", (start, start + HIGHEST), False


def _uri(_: Values, text: str, modifier: str) -> Test:
    text = plain(text)
    if modifier == "above":
        parts = text.rstrip("/").split("/")
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        marks = ", ".join("?" * (2 * len(above)))
        return "s_uri", f"x.val IN ({marks})", (*above, *(a + "/" for a in above)), False
    return "s_uri", "x.val = ?", (exact(text),), True


def _below(text: str) -> list[Test]:
    """An address and what begins with it (R4 search.html#uri): each a place of the index of its own."""
    base = text.rstrip("/")
    same: list[Test] = [("s_uri", "x.val = ?", (one,), True) for one in dict.fromkeys((text, base))]
    return [*same, ("s_uri", "x.val >= ? AND x.val < ?", (base + "/", base + "0"), False)]


def _date(values: Values, text: str, _: str) -> Test:
    prefix, rest = prefixed(plain(text))
    low, high = date_range(rest.replace(" ", "+"))
    if prefix == "ap":
        gap = abs(milliseconds(values.now()) - low) // 10
        return "s_dat", "x.hi > ? AND x.lo < ?", (low - gap, high + gap), False
    where, bound = compared(prefix, low, high, half_open=True)
    if prefix == "eb":
        # It begins before it ends, and the index is by the begin.
        where, bound = f"{where} AND x.lo <= ?", (*bound, low)
    return "s_dat", where, bound, False


def _quantity(values: Values, text: str) -> list[Where]:
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) not in (1, 3):
        raise OperationOutcomeError("invalid", "a quantity is number|system|code")
    system, code = parts[1:] or ("", "")
    return quantities(parts[0], system, code, values.names.units, values.system)


def _near(_: Values, text: str, __: str) -> Test:
    """``latitude|longitude|distance|units``; kilometres, and 10 of them, unless said."""
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) < 2 or len(parts) > 4:
        raise OperationOutcomeError("invalid", "near is latitude|longitude|distance|units")
    latitude, longitude = (float(number(part)) for part in parts[:2])
    distance = float(number(parts[2])) if len(parts) > 2 and parts[2] else 10.0
    unit = parts[3] if len(parts) > 3 and parts[3] else "km"
    if unit not in _KM or abs(latitude) > 90 or abs(longitude) > 180 or distance < 0:
        raise OperationOutcomeError(
            "invalid", "near has a position in degrees, and km, m or [mi_i]"
        )
    kilometres = distance * _KM[unit]
    reach = math.degrees(kilometres / EARTH_KM)
    return (
        "s_num",
        "x.lo >= ? AND x.lo <= ? AND power(sin(radians(x.lo - ?) / 2), 2) + cos(radians(?)) "
        "* cos(radians(x.lo)) * power(sin(radians(x.hi - ?) / 2), 2) <= ?",
        (
            latitude - reach,
            latitude + reach,
            latitude,
            latitude,
            longitude,
            math.sin(min(kilometres / EARTH_KM, math.pi) / 2) ** 2,
        ),
        False,
    )


_KM: Final = {"km": 1.0, "m": 0.001, "[mi_i]": 1.609344, "[mi_us]": 1.609347, "[ft_i]": 0.0003048}

_TESTS: Final[dict[str, Callable[[Values, str, str], Test]]] = {
    "token": _token,
    "string": _string,
    "uri": _uri,
    "date": _date,
    "special": _near,
}
