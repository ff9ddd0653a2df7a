"""What the models of a scribe see: words, pairs of words, and where they stand."""

import itertools
import re
from collections.abc import Sequence
from typing import Final

from ml.scribe.units import Unit

WORD: Final = re.compile(r"[a-z]+|\d")
LETTERS: Final = re.compile(r"[a-z]+")
MEASURED: Final = 3
"""How often a feature of place is counted, so that it weighs beside the many of words."""
TURN: Final = re.compile(r"[a-z]+|\d+|\?")


def unit_features(units: Sequence[Unit], at: int, sentence: str) -> list[str]:
    """Features of one unit among its neighbours.

    Parameters
    ----------
    units : sequence of Unit
        Every unit of the visit.
    at : int
        Which of them.
    sentence : str
        What it would be in the note.
    """
    unit = units[at]
    role = unit.role[:1] or "x"
    words = WORD.findall(sentence.lower())
    found = [f"w:{word}" for word in words]
    found += [f"{role}:{word}" for word in words]
    found += [f"b:{one}_{two}" for one, two in itertools.pairwise(words)]
    for beside in (-1, 1):
        if 0 <= at + beside < len(units):
            near = LETTERS.findall(units[at + beside].text)
            found += [f"{beside}:{word}" for word in near]
    place = (
        f"at{role}{int(unit.position * 10)}",
        f"long{min(12, len(words) // 2)}",
        f"answer{unit.answer}{role}",
        f"role{role}",
        f"first{at < 6}",
    )
    return found + list(place) * MEASURED


def turn_features(text: str) -> list[str]:
    """Features of one turn, for the role of who said it."""
    words = TURN.findall(text.lower().replace("'", ""))
    pairs = [f"{one} {two}" for one, two in itertools.pairwise(words)]
    return [*words, *pairs, f"n{min(12, len(words) // 3)}", f"q{'?' in text}"]
