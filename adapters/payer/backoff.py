"""How long to wait before a payer is tried again."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_S: Final = 2.0
LONGEST_S: Final = 3600.0
_DICE: Final = random.SystemRandom()


def backoff_s(
    attempt: int,
    asked_s: float = 0.0,
    *,
    first_s: float = FIRST_S,
    dice: Callable[[], float] = _DICE.random,
) -> float:
    """Seconds before the next try: doubled from try to try, half of it by chance.

    Parameters
    ----------
    attempt : int
        Tries so far, from 1.
    asked_s : float
        What the payer has asked for (``Retry-After``); never less than that, up to the longest wait.
    first_s : float
        The wait after the first try.
    dice : callable
        A number from 0 to 1: with it, many that failed together do not come back together.
    """
    whole = min(first_s * 2.0 ** min(attempt - 1, 30), LONGEST_S)
    return max(whole * (0.5 + dice() / 2), min(asked_s, LONGEST_S))


def retry_after_s(text: str, now: datetime | None = None) -> float:
    """Seconds of a ``Retry-After`` header, zero where it says none (RFC 9110 10.2.3)."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
