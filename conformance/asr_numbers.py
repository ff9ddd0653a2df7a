"""Spoken numbers as digits, so that "one hundred and forty" and "140" are the same words.

Cardinals up to the millions, decimals after "point", hundreds as blood pressures are said ("one forty" is
140). "oh" is no number: in a conversation it is nearly always the interjection.
"""

from collections.abc import Sequence
from typing import Final

_UNITS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_SCALES: Final = {"thousand": 1000, "million": 1_000_000}
_ORDINALS: Final = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
)
_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}

SMALL: Final = {
    **{word: number for number, word in enumerate(_UNITS.split())},
    **{word: 20 + 10 * number for number, word in enumerate(_TENS.split())},
}
ORDINALS: Final = {
    word: f"{number}{_ENDINGS.get(number, 'th')}"
    for number, word in enumerate(_ORDINALS.split(), 1)
}


def with_digits(words: Sequence[str]) -> list[str]:
    """Words with every spoken number in digits.

    Parameters
    ----------
    words : sequence of str
        Small letters, without punctuation.
    """
    written: list[str] = []
    at = 0
    while at < len(words):
        number, used = _number(words[at:])
        if used:
            written.append(number)
            at += used
        else:
            written.append(ORDINALS.get(words[at], words[at]))
            at += 1
    return written


def _number(words: Sequence[str]) -> tuple[str, int]:
    """The number that the words begin with, and how many of them it takes."""
    value, used = _whole(words)
    if not used:
        return "", 0
    digits = []
    at = used + 1
    if words[used : used + 1] == ["point"]:
        while at < len(words) and SMALL.get(words[at], 10) < 10:
            digits.append(str(SMALL[words[at]]))
            at += 1
    if digits:
        return f"{value}.{''.join(digits)}", at
    return str(value), used


def _whole(words: Sequence[str]) -> tuple[int, int]:
    """Groups below a thousand, each with its scale."""
    total = at = 0
    while True:
        group, used = _below_thousand(words[at:])
        if not used:
            break
        scale = _SCALES.get(words[at + used] if at + used < len(words) else "", 0)
        if total and not scale and total % 1000:
            break
        total += group * (scale or 1)
        at += used + bool(scale)
        if not scale:
            break
        if words[at : at + 1] == ["and"] and _below_thousand(words[at + 1 :])[1]:
            at += 1
    return total, at


def _below_thousand(words: Sequence[str]) -> tuple[int, int]:
    """Numbers such as "a hundred and forty", "one forty", "forty one" and "forty"."""
    if words[:2] in (["a", "hundred"], ["a", "thousand"]):
        return _after_hundred(1, 2, words) if words[1] == "hundred" else (1, 1)
    low, used = _below_hundred(words)
    if used and words[used : used + 1] == ["hundred"]:
        return _after_hundred(low, used + 1, words)
    if used == 1 and 1 <= low <= 9:
        rest, more = _below_hundred(words[1:])
        if more and rest >= 10:
            return 100 * low + rest, 1 + more
    return low, used


def _after_hundred(hundreds: int, used: int, words: Sequence[str]) -> tuple[int, int]:
    """What follows "hundred", with or without an "and"."""
    skip = used + (words[used : used + 1] == ["and"])
    rest, more = _below_hundred(words[skip:])
    return (100 * hundreds + rest, skip + more) if more else (100 * hundreds, used)


def _below_hundred(words: Sequence[str]) -> tuple[int, int]:
    first = SMALL.get(words[0]) if words else None
    if first is None:
        return 0, 0
    second = SMALL.get(words[1], 0) if len(words) > 1 else 0
    if first >= 20 and 1 <= second <= 9:
        return first + second, 2
    return first, 1
