"""Quantities with the units that convert among each other by a factor (FHIRPath N1 4.1.8, 6.1)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

CALENDAR: Final = {
    "year": "a",
    "month": "mo",
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
UNITS: Final = frozenset({*CALENDAR, *(f"{name}s" for name in CALENDAR)})
"""Words that may stand behind a number."""

_D = Decimal
_FACTORS: Final[dict[str, tuple[str, Decimal]]] = {
    **{u: ("mass", f) for u, f in (("kg", _D(1000)), ("g", _D(1)), ("mg", _D("1e-3")))},
    **{u: ("mass", f) for u, f in (("ug", _D("1e-6")), ("ng", _D("1e-9")))},
    "[lb_av]": ("mass", _D("453.59237")),
    "[oz_av]": ("mass", _D("28.349523125")),
    **{u: ("length", f) for u, f in (("km", _D(1000)), ("m", _D(1)), ("dm", _D("0.1")))},
    **{u: ("length", f) for u, f in (("cm", _D("0.01")), ("mm", _D("1e-3")), ("um", _D("1e-6")))},
    "[in_i]": ("length", _D("0.0254")),
    "[ft_i]": ("length", _D("0.3048")),
    **{u: ("volume", f) for u, f in (("L", _D(1)), ("l", _D(1)), ("dL", _D("0.1")))},
    **{u: ("volume", f) for u, f in (("mL", _D("1e-3")), ("ml", _D("1e-3")), ("uL", _D("1e-6")))},
    **{u: ("time", f) for u, f in (("wk", _D(604800)), ("d", _D(86400)), ("h", _D(3600)))},
    **{u: ("time", f) for u, f in (("min", _D(60)), ("s", _D(1)), ("ms", _D("1e-3")))},
    **{u: ("months", f) for u, f in (("a", _D(12)), ("mo", _D(1)))},
    **{
        u: ("concentration", f)
        for u, f in (("g/L", _D(1)), ("g/dL", _D(10)), ("mg/dL", _D("0.01")))
    },
    "mg/L": ("concentration", _D("1e-3")),
    **{
        u: ("pressure", f)
        for u, f in (("Pa", _D(1)), ("kPa", _D(1000)), ("mm[Hg]", _D("133.322387415")))
    },
    "%": ("ratio", _D("0.01")),
    "1": ("ratio", _D(1)),
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value and its unit: a calendar word, or a UCUM code in quotes."""

    value: Decimal
    unit: str

    @property
    def code(self) -> str:
        """UCUM code; that of a calendar word is the definite duration of the same name."""
        if self.unit.startswith("'"):
            return self.unit[1:-1]
        return CALENDAR.get(self.unit.removesuffix("s"), self.unit) if self.unit else "1"

    @property
    def calendar(self) -> str:
        """The calendar word, empty for a UCUM code."""
        return "" if self.unit.startswith("'") else self.unit.removesuffix("s")

    def __str__(self) -> str:
        return f"{self.value} {self.unit}"


def comparable(one: Quantity, other: Quantity) -> tuple[Decimal, Decimal] | None:
    """Both values in one unit; None when the units do not convert."""
    if one.code == other.code:
        return one.value, other.value
    left, right = _FACTORS.get(one.code), _FACTORS.get(other.code)
    if left is None or right is None or left[0] != right[0]:
        return None
    return one.value * left[1], other.value * right[1]


def exact_calendar(one: Quantity, other: Quantity) -> bool:
    """Whether equality is decidable: years and months of the calendar are no definite durations."""
    long = {"year", "month"}
    mixed = bool(one.calendar) != bool(other.calendar)
    return not (mixed and (one.calendar in long or other.calendar in long))


def multiplied(one: Quantity, other: Quantity) -> Quantity:
    """Product, with its unit put together where that is possible."""
    return Quantity(one.value * other.value, f"'{_product(one.code, other.code)}'")


def divided(one: Quantity, other: Quantity) -> Quantity | None:
    """Quotient; None for a division by zero."""
    if other.value == 0:
        return None
    both = comparable(one, other)
    if both is not None:
        return Quantity(both[0] / both[1], "'1'")
    unit = one.code if other.code == "1" else f"{one.code}/{other.code}"
    return Quantity(one.value / other.value, f"'{unit}'")


def _product(one: str, other: str) -> str:
    if one == "1":
        return other
    if other == "1":
        return one
    return f"{one}2" if one == other else f"{one}.{other}"
