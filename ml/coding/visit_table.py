"""The tables of visit levels, as data: numbers, minutes, kinds of problems, cues.

Source: CMS MLN006764 and the E/M guidelines of 2021 (office) and 2023 (hospital, emergency) that it
refers to, in our own words.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ml.coding.procedure_table import HERE, concepts

STRAIGHTFORWARD: Final = 0
LOW: Final = 1
MODERATE: Final = 2
HIGH: Final = 3
CONDITIONAL: Final = re.compile(r"\b(?:if|consider\w*|may|might|could)\b", re.IGNORECASE)
"""What is only thought of is neither data nor risk."""
IMAGED: Final = ("imaging", "remote", "test")


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that speak for an element of a level."""

    element: str
    level: int
    pattern: re.Pattern[str]


@cache
def levels() -> dict[str, Any]:
    """``visit_levels.json``."""
    loaded: dict[str, Any] = json.loads((HERE / "visit_levels.json").read_text(encoding="utf-8"))
    return loaded


def source() -> str:
    """Where the levels stand."""
    return str(levels()["source"])


def level_name(level: int) -> str:
    """The name of a level."""
    return str(levels()["levels"][level])


def in_list(name: str, code: str) -> bool:
    """Whether a diagnosis is, or is below, one of a list of codes."""
    plain = code.replace(".", "")
    return any(plain.startswith(one.replace(".", "")) for one in levels()[name])


@cache
def cues() -> tuple[Cue, ...]:
    """Every cue of ``visit_cues.tsv``; a name in place of a level is level zero."""
    found = []
    for line in _lines("visit_cues.tsv"):
        element, level, words = line.split("\t")
        pattern = re.compile(rf"(?<!\w)(?:{words})", re.IGNORECASE)
        found.append(Cue(element, int(level) if level.isdigit() else 0, pattern))
    return tuple(found)


def cues_of(element: str) -> tuple[Cue, ...]:
    """The cues of one element."""
    return tuple(cue for cue in cues() if cue.element == element)


@cache
def tests() -> tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]:
    """Tests that count as data: name, and parts that have to stand in a sentence."""
    found: list[tuple[str, tuple[re.Pattern[str], ...]]] = []
    for line in _lines("visit_tests.tsv"):
        name, words = line.split("\t")
        found.append((name, (re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE),)))
    named = {name for name, _ in found}
    for concept in concepts():
        if concept.kind in (*IMAGED, "lab") and concept.name not in named:
            found += [(concept.name, parts) for parts in concept.words]
    return tuple(found)


def _lines(name: str) -> list[str]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
