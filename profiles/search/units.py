"""UCUM units that convert into each other, so that one amount is found in any of them.

R4 search.html#quantity: a server SHOULD compare canonical values. A unit is a straight line into base units;
besides the ratio scales that FHIRPath knows, those are the temperatures (UCUM 2.1, section 4.2, table 7).
"""

import functools
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from profiles.fhirpath.ucum import Unit, unit

UCUM: Final = "http://unitsofmeasure.org"

_TEMPERATURES: Final = {
    "Cel": (Fraction(1), Fraction("273.15")),
    "[degF]": (Fraction(5, 9), Fraction("459.67") * 5 / 9),
    "[degRe]": (Fraction(5, 4), Fraction("273.15")),
}
"""Kelvin of one degree, and Kelvin of zero degrees."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An amount in base units is ``amount * factor + zero``; scales of equal dimensions convert."""

    dimensions: tuple[tuple[str, int], ...]
    factor: Fraction
    zero: Fraction = Fraction(0)


@functools.lru_cache(maxsize=2048)
def scale(code: str) -> Scale | None:
    """The scale of a UCUM code; None for one that is not valid or that converts into nothing else."""
    if code in _TEMPERATURES:
        kelvin = unit("K")
        return None if kelvin is None else Scale(kelvin.dimensions, *_TEMPERATURES[code])
    found: Unit | None = unit(code)
    return None if found is None else Scale(found.dimensions, found.factor)


def converted(amount: Fraction, given: Scale, wanted: Scale) -> float:
    """An amount on another scale, as the index holds it; infinite beyond what it can hold."""
    exact = (amount * given.factor + given.zero - wanted.zero) / wanted.factor
    try:
        return float(exact)
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")
