"""Where an element stands, kept so that it costs next to nothing until it is written out."""

from typing import Any

Place = tuple[Any, str, int]
"""The place around an element (None at the outermost), its label, and its index, -1 where it is no list.

A plain tuple, since a walk makes one for every element and writes few.
"""


def written(place: Place | None) -> str:
    """FHIRPath from the outermost to a place (R4 operationoutcome.html, ``expression``)."""
    steps: list[str] = []
    while place is not None:
        place, label, at = place
        steps.append(f"{label}[{at}]" if at >= 0 else label)
    return ".".join(reversed(steps))
