"""How many ways a pattern may try on a text before it gives up, at most.

Python's engine goes back and tries again: a repetition within a repetition doubles the work with each
character, two beside each other square it, and nothing else runs meanwhile.
"""

import functools
from re import _parser  # type: ignore[attr-defined]  # the only reader of its own patterns
from typing import Any, Final

MOST_WAYS: Final = 3 * 10**8
"""About a second of a processor."""


def affordable(pattern: str, flags: int, length: int) -> bool:
    """Whether a pattern in Python's dialect surely ends soon on a text of this length."""
    try:
        return length * _ways(_parsed(pattern, flags), length) <= MOST_WAYS
    except (OverflowError, RecursionError):
        return False


@functools.lru_cache(maxsize=512)
def _parsed(pattern: str, flags: int) -> Any:
    return _parser.parse(pattern, flags)


def _ways(parts: Any, length: int) -> float:
    """Ways to match a sequence that begins at one place."""
    found = 1.0
    for operator, argument in parts:
        count = _COUNTS.get(str(operator))
        found *= 1.0 if count is None else count(argument, length)
    return found


def _repeated(argument: Any, length: int) -> float:
    least, most, inner = argument
    most = min(int(most), length)
    ways = _ways(inner, length)
    return float(most - min(least, most) + 1) if ways == 1 else (ways + 1) ** most


def _either(argument: Any, length: int) -> float:
    return float(sum(_ways(inner, length) for inner in argument[1]))


def _if_group(argument: Any, length: int) -> float:
    return float(sum(_ways(inner, length) for inner in argument[1:] if inner is not None))


def _group(argument: Any, length: int) -> float:
    return _ways(argument[-1], length)


_COUNTS: Final = {
    "MAX_REPEAT": _repeated,
    "MIN_REPEAT": _repeated,
    "POSSESSIVE_REPEAT": _repeated,
    "BRANCH": _either,
    "SUBPATTERN": _group,
    "ASSERT": _group,
    "ASSERT_NOT": _group,
    "ATOMIC_GROUP": _ways,
    "GROUPREF_EXISTS": _if_group,
}
"""Parts of a pattern that can be matched in more than one way."""
