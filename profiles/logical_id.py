"""Ids of resources that the server names (R4 datatypes.html#id, http.html#create)."""

import os
import time
from collections import deque
from typing import Final

_DRAWN: Final = 512
"""Ids for which randomness is drawn at once: a call of the system lets another thread have the interpreter,
and the one that answers requests then waits for it."""
_SET: Final = 0x7 << 76 | 0x2 << 62
_KEPT: Final = ~(0xF << 76 | 0x3 << 62)
"""Version and variant (RFC 9562, 4.1 and 4.2)."""
_random: Final[deque[int]] = deque()
os.register_at_fork(after_in_child=_random.clear)


def new_id() -> str:
    """A UUID of version 7 (RFC 9562, 5.7): unguessable, and ordered by time.

    Ids that are made together stand together in the index of ids, so that a commit touches few of its pages.
    """
    try:
        random = _random.pop()
    except IndexError:
        random = _draw()
    value = (time.time_ns() // 1_000_000 << 80 | random) & _KEPT | _SET
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _draw() -> int:
    """Eighty bits; more are kept for the next ids."""
    drawn = os.urandom(10 * _DRAWN)
    found = [int.from_bytes(drawn[at : at + 10], "big") for at in range(0, len(drawn), 10)]
    _random.extend(found[1:])
    return found[0]
