"""UCUM codes on ratio scales: a factor and dimensions (UCUM 2.1, section 2).

Special units (degrees Celsius and Fahrenheit, pH, bel) have no factor and are compared with themselves only.
Arbitrary units ([iU], [CFU], ...) are each a dimension of their own (UCUM, section 3.2).
"""

import functools
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from profiles.fhirpath.ucum_units import ARBITRARY, BASE, METRIC, PLAIN, PREFIXES

LONGEST: Final = 100
"""Characters of a code that is looked at."""

_PART: Final = re.compile(
    r"""
    (?P<times>\.) | (?P<over>/) | (?P<open>\() | (?P<close>\)) | (?P<note>\{[^{}]*\})
  | (?P<number>[0-9]+(?![0-9*^]))
  | (?P<power_of>(?P<unit>10[*^] | (?:\[[^\[\]]*\] | [^\s0-9./(){}\[\]+-])+)(?P<power>[+-]?[0-9]+)?)
    """,
    re.VERBOSE,
)
_SIGNS: Final = {"times": 1, "over": -1}
_ROLES: Final = {"times": "sign", "over": "sign", "open": "open"}
_BEGIN: Final = frozenset({"open", "note", "number", "power_of"})
_AFTER: Final = {
    "": _BEGIN | {"over"},
    "open": _BEGIN | {"over"},
    "sign": _BEGIN,
    "unit": frozenset({"times", "over", "close", "note"}),
}
"""What may follow what (UCUM 2.1, section 2, the grammar)."""

_HIGHEST: Final = 30
"""Largest exponent that is computed."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A factor to base units, and the exponent of each base unit."""

    factor: Fraction
    dimensions: tuple[tuple[str, int], ...] = ()

    def times(self, other: "Unit", power: int = 1) -> "Unit":
        """Product with a power of another unit."""
        exponents = dict(self.dimensions)
        for name, exponent in other.dimensions:
            exponents[name] = exponents.get(name, 0) + exponent * power
        kept = tuple(sorted((n, e) for n, e in exponents.items() if e))
        return Unit(self.factor * other.factor**power, kept)


_ONE: Final = Unit(Fraction(1))


@functools.lru_cache(maxsize=2048)
def unit(code: str) -> Unit | None:
    """Meaning of a code; None for one that is not valid, or that is a special unit."""
    if not code or len(code) > LONGEST:
        return None
    parts = _parts(code)
    if parts is None:
        return None
    found = _ONE
    for name, power in parts:
        one = _atom(name)
        if one is None or abs(power) > _HIGHEST:
            return None
        found = found.times(one, power)
    return found


def product(one: str, other: str, power: int) -> str | None:
    """Code of a unit times a power of another, equal components put together."""
    left, right = _parts(one), _parts(other)
    if left is None or right is None:
        return None
    exponents: dict[str, int] = {}
    for name, exponent in (*left, *((n, e * power) for n, e in right)):
        exponents[name] = exponents.get(name, 0) + exponent
    above = [_written(n, e) for n, e in exponents.items() if e > 0 and n != "1"]
    below = [_written(n, -e) for n, e in exponents.items() if e < 0 and n != "1"]
    if not above and not below:
        return "1"
    return ".".join(above) + "".join(f"/{name}" for name in below)


def _written(name: str, exponent: int) -> str:
    return name if exponent == 1 else f"{name}{exponent}"


def _parts(code: str) -> list[tuple[str, int]] | None:
    """Components with their exponents, parentheses resolved; None for what is no code."""
    found: list[tuple[str, int]] = []
    outer = [1]
    at, sign, before = 0, 1, ""
    while at < len(code):
        match = _PART.match(code, at)
        kind = str(match.lastgroup) if match is not None else ""
        if match is None or kind not in _AFTER[before]:
            return None
        at, before = match.end(), _ROLES.get(kind, "unit")
        if kind in _SIGNS:
            sign = _SIGNS[kind]
        elif kind == "open":
            outer.append(outer[-1] * sign)
            sign = 1
        elif kind == "close":
            outer.pop()
        elif kind != "note":
            name, power = match["unit"] or match["number"], int(match["power"] or 1)
            found.append((name, power * sign * outer[-1]))
        if not outer:
            return None
    return found if len(outer) == 1 and before == "unit" else None


@functools.cache
def _atom(name: str) -> Unit | None:
    """One component: a number, a unit, or a metric unit with a prefix."""
    if name.isdigit():
        return Unit(Fraction(int(name))) if int(name) else None
    if name in PLAIN:
        return _defined(*PLAIN[name])
    metric = _metric(name)
    if metric is not None:
        return metric
    for size in (1, 2):
        prefix = PREFIXES.get(name[:size])
        rest = _metric(name[size:]) if prefix is not None else None
        if prefix is not None and rest is not None:
            return Unit(rest.factor * prefix, rest.dimensions)
    return None


def _metric(name: str) -> Unit | None:
    if name in BASE or name in ARBITRARY:
        return Unit(Fraction(1), (("[iU]" if name == "[IU]" else name, 1),))
    return _defined(*METRIC[name]) if name in METRIC else None


def _defined(value: Fraction, code: str) -> Unit | None:
    base = unit(code)
    return None if base is None else Unit(base.factor * value, base.dimensions)
