"""Whole numbers: Integer of 32 bits and Long of 64 bits (FHIRPath 2.1, Integer; Long is for trial use)."""

from typing import Any, Final

LARGEST: Final = 2**31 - 1
"""Largest Integer."""
LARGEST_LONG: Final = 2**63 - 1
"""Largest Long."""


class Long(int):
    """A whole number of 64 bits; an int without this type is an Integer."""

    __slots__ = ()


def fits(value: int, *, long: bool = False) -> bool:
    """Whether a type holds a whole number."""
    largest = LARGEST_LONG if long else LARGEST
    return -largest - 1 <= value <= largest


def like(made: Any, *operands: Any) -> Any:
    """What was computed of whole numbers: a Long where one of them is one (FHIRPath 5.5, conversion)."""
    if type(made) is int and any(isinstance(one, Long) for one in operands):
        return Long(made)
    return made
