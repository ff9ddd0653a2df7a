"""Spoken numbers as digits, so that "one hundred and forty" and "140" are the same words.

Cardinals up to the millions, ordinals up to the nineties, decimals after "point", halves ("two and a half" is
2.5), hundreds as blood pressures are said ("one forty" is 140, "one oh five" 105), years of the last century.
"oh" alone is no number: in a conversation it is nearly always the interjection.
"""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

_UNITS: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
LAST_CENTURY: Final = 19
LONGEST: Final = 40
"""Words of a number that are looked at."""

_SCALES: Final = {"thousand": 1000, "million": 1_000_000}
_ORDINALS: Final = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENTHS: Final = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth"
_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}

SMALL: Final = {
    **{word: number for number, word in enumerate(_UNITS.split())},
    **{word: 20 + 10 * number for number, word in enumerate(_TENS.split())},
}
ORDINALS: Final = {
    word: f"{number}{_ENDINGS.get(number, 'th')}"
    for number, word in enumerate(_ORDINALS.split(), 1)
} | {word: f"{20 + 10 * number}th" for number, word in enumerate(_TENTHS.split())}

_BEFORE_A_POINT: Final = "this that some the any a which what every each good my"
_IN_TALK: Final = frozenset(_BEFORE_A_POINT.split())
"""Before "point" they make it a point of the conversation."""

_DECIMAL: Final = re.compile(r"(\d+)\.(\d+)")


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
        number, used = _at(words[at : at + LONGEST], written[-1] if written else "")
        written.append(number)
        at += used
    return _joined(written)


def _at(words: Sequence[str], before: str) -> tuple[str, int]:
    """What the words begin with, a number or a word, and how many of them it takes."""
    place = _place(words)
    if place:
        return place, 2
    number, used = _number(words)
    if not used and before not in _IN_TALK:
        number, used = _fraction(words)
    return (number, used) if used else (ORDINALS.get(words[0], words[0]), 1)


def _place(words: Sequence[str]) -> str:
    """A day as 21st; "twenty second" is as likely a time, and stays two words."""
    tens = SMALL.get(words[0], 0)
    unit = ORDINALS.get(words[1], "") if len(words) > 1 else ""
    if tens < 20 or len(unit) != len("1st") or unit == ORDINALS["second"]:
        return ""
    return f"{tens // 10}{unit}"


def _fraction(words: Sequence[str]) -> tuple[str, int]:
    """What "point" begins, as 0.5."""
    digits = _digits(words[1:]) if words[0] == "point" else ""
    return (f"0.{digits}", 1 + len(digits)) if digits else ("", 0)


def _digits(words: Sequence[str]) -> str:
    """The single digits that the words begin with."""
    found = (SMALL.get(word, 10) for word in words)
    return "".join(str(digit) for digit in takewhile(lambda digit: digit < 10, found))


def _joined(words: Sequence[str]) -> list[str]:
    """Halves added, zeros behind the last decimal gone, and the laboratory's A1c in one word."""
    joined: list[str] = []
    for word in words:
        joined.append(_shortest(word))
        if joined[-3:] == ["and", "a", "half"] and joined[-4:-3] and joined[-4].isdecimal():
            joined[-4:] = [f"{joined[-4]}.5"]
        elif joined[-3:] == ["a", "1", "c"]:
            joined[-3:] = ["a1c"]
    return joined


def _shortest(word: str) -> str:
    found = _DECIMAL.fullmatch(word)
    if found is None:
        return word
    decimals = found[2].rstrip("0")
    return f"{found[1]}.{decimals}" if decimals else found[1]


def _number(words: Sequence[str]) -> tuple[str, int]:
    """The number that the words begin with, and how many of them it takes."""
    value, used = _whole(words)
    if not used:
        return "", 0
    digits = _digits(words[used + 1 :]) if list(words[used : used + 1]) == ["point"] else ""
    return (f"{value}.{digits}", used + 1 + len(digits)) if digits else (str(value), used)


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
    if used == 1 and (1 <= low <= 9 or low == LAST_CENTURY):
        oh = words[1:2] == ["oh"]
        rest, more = _below_hundred(words[1 + oh :])
        if more and (0 < rest < 10 if oh else rest >= 10):
            return 100 * low + rest, 1 + oh + more
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
