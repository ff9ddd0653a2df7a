"""Signed cursors: where the next page begins, in a link that nobody else can write.

The key is made with the store, so that links stay valid over restarts and between processes.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Any, Final

import orjson

from adapters.store import Store
from profiles.outcome import OperationOutcomeError

_SIGNED: Final = 12
"""Bytes of the signature that the link carries."""


def sealed(store: Store, value: Any, purpose: str) -> str:
    """Text of a cursor; ``purpose`` names the list that it is a place of."""
    content = orjson.dumps(value)
    signed = _signature(store, content, purpose) + content
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def opened(store: Store, text: str, purpose: str) -> list[Any]:
    """Value of a cursor (``invalid`` when it was not made here, or for another list)."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        packed = b""
    signature, content = packed[:_SIGNED], packed[_SIGNED:]
    known = _signature(store, content, purpose)
    if not content or not hmac.compare_digest(signature, known):
        raise OperationOutcomeError("invalid", "this page link was not made for this list")
    value: list[Any] = orjson.loads(content)
    return value


def _signature(store: Store, content: bytes, purpose: str) -> bytes:
    said = purpose.encode() + b"\0" + content
    return hmac.new(store.secret, said, hashlib.sha256).digest()[:_SIGNED]
