"""An injected dose as a HCPCS code and its units.

The code and the amount of one unit come out of the public description in the site's HCPCS release
("Injection, ..., 10 mg"); a dose between two multiples is rounded up (CMS Claims Processing Manual, ch.
17, section 40: bill the units administered).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from ml.coding.procedure_codes import ProcedureCodes
from ml.coding.procedure_table import HERE

SOURCE: Final = "CMS HCPCS Level II"
_UNIT: Final = r"(mg|milligrams?|mcg|micrograms?|gm|g|grams?|units?|iu)"
_AMOUNT: Final = rf"(\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)[ -]?{_UNIT}\b"
_MILLIGRAMS: Final = {"mg": 1.0, "mi": 1.0, "mc": 0.001, "g": 1000.0, "gm": 1000.0, "gr": 1000.0}
_LAST: Final = re.compile(_AMOUNT, re.IGNORECASE)
_NEAR: Final = 24
_SEARCHED: Final = 12
_MOST_UNITS: Final = 999


@dataclass(frozen=True, slots=True)
class Dose:
    """A drug and an amount as a note writes them, with their offsets in the text searched."""

    drug: str
    amount: float
    mass: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DoseCode:
    """The code of a dose and its units."""

    code: str
    display: str
    units: int


def doses(text: str) -> Iterator[Dose]:
    """Every drug of the table with an amount beside it: "40 mg of Kenalog", "ketorolac 30 mg"."""
    for pattern, drug in _drugs():
        for found in pattern.finditer(text):
            before = _amount(text, max(0, found.start() - _NEAR), found.start(), last=True)
            after = _amount(text, found.end(), min(len(text), found.end() + _NEAR), last=False)
            amount = before or after
            if amount:
                value, mass, start, end = amount
                yield Dose(drug, value, mass, min(start, found.start()), max(end, found.end()))


def code_of(dose: Dose, codes: ProcedureCodes) -> DoseCode | None:
    """The HCPCS code whose unit divides the dose best; None when no release has one."""
    best: tuple[float, int, DoseCode] | None = None
    wanted = dose.drug.split()[0]
    for found in codes.search(f"injection {dose.drug}", _SEARCHED):
        said = found.display.lower()
        unit = _LAST.search(said)
        if wanted not in said or not found.code.startswith("J") or unit is None:
            continue
        size, mass = _measure(unit[1], unit[2])
        if mass != dose.mass or size <= 0:
            continue
        units = max(1, math.ceil(dose.amount / size - 1e-9))
        rank = (
            round(units * size - dose.amount, 6),
            units,
            DoseCode(found.code, found.display, units),
        )
        if units <= _MOST_UNITS and (best is None or rank[:2] < best[:2]):
            best = rank
    return best[2] if best else None


def _amount(text: str, start: int, end: int, *, last: bool) -> tuple[float, bool, int, int] | None:
    found = list(_LAST.finditer(text, start, end))
    if not found:
        return None
    one = found[-1 if last else 0]
    between = text[one.end() : end] if last else text[start : one.start()]
    if re.search(r"[;.]|\band\b|\bwith\b", between):
        return None
    value, mass = _measure(one[1], one[2])
    return value, mass, one.start(), one.end()


def _measure(number: str, unit: str) -> tuple[float, bool]:
    """The amount in milligrams, or in units; the second says which."""
    value, name = float(number.replace(",", "")), unit.lower()
    scale = _MILLIGRAMS.get(name) or _MILLIGRAMS.get(name[:2])
    return (value * scale, True) if scale else (value, False)


@cache
def _drugs() -> tuple[tuple[re.Pattern[str], str], ...]:
    lines = (HERE / "injected_drugs.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return tuple(
        (re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE), drug) for words, drug in rows
    )
