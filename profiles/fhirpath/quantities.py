"""Quantities: UCUM units and calendar durations (FHIRPath N1 4.1.8, 6.1 and 6.6)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from profiles.fhirpath.ucum import Unit, product, unit

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

_LONG: Final = {"year": 12, "month": 1}
"""Calendar durations without a definite length, in months."""

_LONG_CODES: Final = frozenset({"a", "mo"})
_MOST_DIGITS: Final = 100
"""Digits before the point of a value that is converted."""

_DAYS: Final = {"year": 365, "month": 30}
"""Their length where no calendar is at hand (N1 6.1.1)."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value and its unit: a calendar word, or a UCUM code in quotes.

    A FHIR Quantity of a time has a UCUM code that R4 maps to a calendar word (R4 fhirpath.html#quantity):
    it is ``mapped``, and counts as the word beside a calendar duration or a date.
    """

    value: Decimal
    unit: str
    mapped: bool = False

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
        return f"{format(self.value, 'f')} {self.unit}"


_WORDS: Final = {code: word for word, code in CALENDAR.items()}


def mapped_code(code: str) -> bool:
    """Whether R4 maps a UCUM code to a calendar word."""
    return code in _WORDS


def as_calendar(value: Quantity) -> Quantity:
    """A mapped quantity with its calendar word; any other as it is."""
    return Quantity(value.value, _WORDS[value.code]) if value.mapped else value


def _agreed(one: Quantity, other: Quantity) -> tuple[Quantity, Quantity]:
    if one.calendar:
        return one, as_calendar(other)
    return (as_calendar(one), other) if other.calendar else (one, other)


def of_number(value: Decimal | int) -> Quantity:
    """A number where a quantity is expected: its unit is ``1`` (N1 5.5)."""
    return Quantity(Decimal(value), "'1'")


def _units(one: Quantity, other: Quantity, *, alike: bool = False) -> tuple[Unit, Unit] | None:
    """Both units where values of them compare; None where they do not.

    Years and months of the calendar are no definite durations: among calendar durations they have the
    lengths that N1 gives them, against UCUM they only count where ``alike`` is asked (N1 6.1.1, 6.1.2).
    """
    if max(one.value.adjusted(), other.value.adjusted()) > _MOST_DIGITS:
        return None
    mixed = bool(one.calendar) != bool(other.calendar)
    if mixed and not alike and (one.code in _LONG_CODES or other.code in _LONG_CODES):
        return None
    if not mixed and (one.calendar in _LONG or other.calendar in _LONG):
        both = one.calendar in _LONG and other.calendar in _LONG
        left, right = _calendar(one, both=both), _calendar(other, both=both)
    else:
        left, right = unit(one.code), unit(other.code)
    if left is None or right is None or left.dimensions != right.dimensions:
        return None
    return left, right


def _calendar(value: Quantity, *, both: bool) -> Unit | None:
    if value.calendar not in _LONG:
        return unit(value.code)
    if both:
        return Unit(Fraction(_LONG[value.calendar]), (("month", 1),))
    day = unit("d")
    return None if day is None else Unit(day.factor * _DAYS[value.calendar], day.dimensions)


def comparable(
    one: Quantity, other: Quantity
) -> tuple[Decimal, Decimal] | tuple[Fraction, Fraction] | None:
    """Both values in one unit; None when the units do not convert."""
    one, other = _agreed(one, other)
    if one.code == other.code and one.calendar == other.calendar:
        return one.value, other.value
    units = _units(one, other)
    if units is None:
        return None
    return Fraction(one.value) * units[0].factor, Fraction(other.value) * units[1].factor


def coarsened(one: Quantity, other: Quantity) -> tuple[Decimal, Decimal] | None:
    """Both values in the coarser of the two units, which decides what is equivalent (N1 6.1.2)."""
    if one.code == other.code:
        return one.value, other.value
    units = _units(one, other, alike=True)
    if units is None:
        return None
    if units[0].factor < units[1].factor:
        return _in(one, units[0], units[1]), other.value
    return one.value, _in(other, units[1], units[0])


def _in(value: Quantity, own: Unit, wanted: Unit) -> Decimal:
    factor = own.factor / wanted.factor
    return value.value * factor.numerator / factor.denominator


def converted(value: Quantity, wanted: Quantity) -> Quantity | None:
    """A quantity in another's unit; None when the units do not convert."""
    if value.code == wanted.code and value.calendar == wanted.calendar:
        return Quantity(value.value, wanted.unit)
    units = _units(value, wanted, alike=True)
    return None if units is None else Quantity(_in(value, *units), wanted.unit)


def added(one: Quantity, other: Quantity, sign: int) -> Quantity | None:
    """Sum or difference, in the more granular of the two units (N1 6.6.3)."""
    one, other = _agreed(one, other)
    if one.code == other.code and one.calendar == other.calendar:
        return Quantity(one.value + sign * other.value, one.unit)
    exact = (one.calendar in _LONG) == (other.calendar in _LONG)
    units = _units(one, other) if exact else None
    if units is None:
        return None
    if units[0].factor <= units[1].factor:
        return Quantity(one.value + sign * _in(other, units[1], units[0]), one.unit)
    return Quantity(_in(one, units[0], units[1]) + sign * other.value, other.unit)


def multiplied(one: Quantity, other: Quantity, power: int) -> Quantity | None:
    """Product or quotient, with its unit put together; None where that cannot be or by zero."""
    if power < 0 and other.value == 0:
        return None
    value = one.value * other.value if power > 0 else one.value / other.value
    if other.code == "1":
        return Quantity(value, one.unit)
    if one.code == "1" and power > 0:
        return Quantity(value, other.unit)
    if one.calendar or other.calendar:
        return None
    code = product(one.code, other.code, power)
    made = None if code is None else unit(code)
    if code is None or made is None:
        return None
    if made.dimensions:
        return Quantity(value, f"'{code}'")
    return Quantity(value * made.factor.numerator / made.factor.denominator, "'1'")
