"""Modifiers of fingers and toes: FA to F9 and TA to T9 (HCPCS Level II of CMS)."""

import re
from typing import Final

FINGERS: Final = {
    "thumb": 0,
    "index": 1,
    "pointer": 1,
    "middle": 2,
    "long": 2,
    "ring": 3,
    "little": 4,
    "small": 4,
    "pinky": 4,
}
TOES: Final = {
    "great": 0,
    "big": 0,
    "hallux": 0,
    "second": 1,
    "2nd": 1,
    "third": 2,
    "3rd": 2,
    "fourth": 3,
    "4th": 3,
    "fifth": 4,
    "5th": 4,
    "little": 4,
    "small": 4,
}
RIGHT_BEGINS: Final = 5
_FINGER: Final = re.compile(
    rf"\b(right|left)\s+(?:hand\s+)?(thumb|(?:{'|'.join(name for name in FINGERS if name != 'thumb')})"
    r"(?=\s+(?:trigger\s+)?finger))",
    re.IGNORECASE,
)
_TOE: Final = re.compile(
    rf"\b(right|left)\s+(?:foot\s+)?(hallux|(?:{'|'.join(name for name in TOES if name != 'hallux')})"
    r"(?=\s+toe))",
    re.IGNORECASE,
)


def digit_modifiers(text: str) -> tuple[str, ...]:
    """The modifiers of the fingers and toes that a text names with their side, each once."""
    found = [_modifier("F", match, FINGERS) for match in _FINGER.finditer(text)]
    found += [_modifier("T", match, TOES) for match in _TOE.finditer(text)]
    return tuple(dict.fromkeys(found))


def _modifier(letter: str, match: re.Match[str], digits: dict[str, int]) -> str:
    """The thumb and great toe of the left side are A, the others count on from there."""
    number = digits[match[2].lower()] + (RIGHT_BEGINS if match[1].lower() == "right" else 0)
    return f"{letter}{number or 'A'}"
