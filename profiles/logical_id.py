"""Ids of resources that the server names (R4 datatypes.html#id, http.html#create)."""

import os
import time


def new_id() -> str:
    """A UUID of version 7 (RFC 9562, 5.7): unguessable, and ordered by time.

    Ids that are made together stand together in the index of ids, so that a commit touches few of its pages.
    """
    moment = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    variant, rest = 0x8 | random & 0x3, random >> 2 & (1 << 60) - 1
    digits = f"{moment:012x}7{random >> 68:03x}{variant:x}{rest:015x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
