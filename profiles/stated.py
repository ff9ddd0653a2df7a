"""What R4 states of data types in words and in no constraint, asked in the same way."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final

from profiles.definitions.r4 import Invariant
from profiles.guards import Guard


def _has_its_size(attachment: Any) -> bool:
    """``size`` is that of the data before it was encoded (R4 datatypes.html#Attachment)."""
    if not isinstance(attachment["data"], str):
        return True
    text = "".join(attachment["data"].split())
    return bool(attachment["size"] == len(text) // 4 * 3 - text[-2:].count("="))


def _has_its_hash(attachment: Any) -> bool:
    """``hash`` is the SHA-1 of the data, in base64 (R4 datatypes.html#Attachment)."""
    if not isinstance(attachment["data"], str):
        return True
    digest = hashlib.sha1(base64.b64decode(attachment["data"]), usedforsecurity=False).digest()
    return bool(attachment["hash"] == base64.b64encode(digest).decode())


def _rule(key: str, human: str, *needed: str) -> tuple[Invariant, Guard]:
    guard = Guard(tuple(frozenset({name}) for name in needed))
    return Invariant(key, "error", human, "true"), guard


STATED: Final[dict[str, tuple[tuple[Invariant, Guard], ...]]] = {
    "Attachment": (
        _rule("Attachment.size", "the size is not that of the data", "data", "size"),
        _rule("Attachment.hash", "the hash is not that of the data", "data", "hash"),
    )
}
"""Rules of a type, and the members without which there is nothing to ask."""

CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "Attachment.size": _has_its_size,
    "Attachment.hash": _has_its_hash,
}
"""Key of a rule → whether an element meets it."""
