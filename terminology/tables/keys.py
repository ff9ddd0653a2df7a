"""Codes and days as whole numbers: a table of them is sorted and searched without making texts."""

import re
from functools import lru_cache
from typing import Final

_FORM: Final = re.compile(r"[0-9A-Z]{2,7}")
_SPAN: Final = 36**7
NO_END: Final = 99991231
"""The day that never comes."""
_DAY: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


@lru_cache(maxsize=65_536)
def code_key(code: str) -> int:
    """A number for a code of two to seven capitals and digits; -1 for anything else.

    Longer codes come after shorter ones; codes of one length are in their own order.
    """
    if _FORM.fullmatch(code) is None:
        return -1
    return len(code) * _SPAN + int(code, 36)


def key_code(key: int) -> str:
    """The code of a number that ``code_key`` gave."""
    length, rest = divmod(key, _SPAN)
    digits = []
    for _ in range(length):
        rest, digit = divmod(rest, 36)
        digits.append("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit])
    return "".join(reversed(digits))


def pair_key(first: str, second: str) -> int:
    """A number for a pair of codes of five characters; -1 when one of them is none."""
    one, other = code_key(first), code_key(second)
    if len(first) != 5 or len(second) != 5 or one < 0 or other < 0:
        return -1
    return (one % _SPAN) * 36**5 + other % _SPAN


@lru_cache(maxsize=8192)
def day_number(day: str) -> int:
    """``YYYYMMDD`` of an ISO date; 0 for anything else."""
    given = _DAY.fullmatch(day)
    return 0 if given is None else int(given[1] + given[2] + given[3])


def number_day(number: int) -> str:
    """ISO date of ``YYYYMMDD``; empty for no day and for the day that never comes."""
    text = f"{number:08d}"
    return "" if number in (0, NO_END) else f"{text[:4]}-{text[4:6]}-{text[6:]}"
