"""Symptoms that were asked about or told, with what was said of them, by body system.

The status comes from the answer to a question, else from the cues of ConText around the mention.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from ml.coding.context import HYPOTHETICAL, NEGATED, PRESENT, status
from ml.scribe.tables import rows
from ml.scribe.units import Unit

DENIED: Final = "denied"
REPORTED: Final = "reported"
NOT_SAID: Final = re.compile(
    r"^(?:if|when|should)\b|\b(?:if (?:you|it|there)|call|come back|return|risk|side effects?|"
    r"kids|children|coworkers?|classmates?|roommates?|friends?|neighbou?rs?|cousins?|wife|husband)\b"
)


@dataclass(frozen=True, slots=True)
class Symptom:
    """One symptom: its system, its name in a note, what was said of it, where."""

    system: str
    name: str
    status: str
    segments: tuple[int, ...]
    unit: int


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    named = ((*row, "")[:3] for row in rows("symptoms"))
    return tuple((system, re.compile(rf"\b(?:{said})\b"), name) for system, said, name in named)


def _status(unit: Unit, match: re.Match[str]) -> str:
    if unit.answer in ("yes", "no"):
        return DENIED if unit.answer == "no" else REPORTED
    said = status(unit.text, *match.span())
    if said == NEGATED:
        return DENIED
    return REPORTED if said == PRESENT else ""


def symptoms_of(units: Sequence[Unit], told: Sequence[bool]) -> list[Symptom]:
    """The symptoms of a visit, the first time that each is answered.

    Parameters
    ----------
    units : sequence of Unit
    told : sequence of bool
        Whether a unit belongs to what the patient tells or is asked.
    """
    found: dict[str, Symptom] = {}
    for number, (unit, one) in enumerate(zip(units, told, strict=True)):
        if not one or unit.answer == "open" or NOT_SAID.search(unit.text):
            continue
        for system, pattern, name in _patterns():
            match = pattern.search(unit.text)
            said = _status(unit, match) if match else ""
            if match is None or not said or said == HYPOTHETICAL:
                continue
            name_said = name or match.group()
            if name_said not in found:
                found[name_said] = Symptom(system, name_said, said, unit.segments, number)
    return list(found.values())


def symptom_names(text: str) -> set[str]:
    """The symptoms that a text names, whatever it says of them."""
    found = ((pattern.search(text.lower()), name) for _, pattern, name in _patterns())
    return {name or match.group() for match, name in found if match}


def listed(names: Sequence[str], last: str) -> str:
    """Names in a sentence: "fever, chills or cough"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def system_lines(symptoms: Sequence[Symptom]) -> list[tuple[str, tuple[int, ...]]]:
    """One line per body system: "Respiratory: Reports cough. Denies wheezing."."""
    lines = []
    for system in dict.fromkeys(one.system for one in symptoms):
        here = [one for one in symptoms if one.system == system]
        said = []
        for verb, kind, last in (("Reports", REPORTED, "and"), ("Denies", DENIED, "or")):
            names = [one.name for one in here if one.status == kind]
            if names:
                said.append(f"{verb} {listed(names, last)}.")
        segments = tuple(sorted({number for one in here for number in one.segments}))
        lines.append((f"{system}: {' '.join(said)}", segments))
    return lines
