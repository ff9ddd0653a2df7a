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


def sealed(store: Store, value: Any) -> str:
    """Text of a cursor."""
    content = orjson.dumps(value)
    return base64.urlsafe_b64encode(_signature(store, content) + content).decode().rstrip("=")


def opened(store: Store, text: str) -> list[Any]:
    """Value of a cursor (``invalid`` when it was not made here)."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        packed = b""
    signature, content = packed[:_SIGNED], packed[_SIGNED:]
    if not content or not hmac.compare_digest(signature, _signature(store, content)):
        raise OperationOutcomeError("invalid", "this page link was not made by this server")
    value: list[Any] = orjson.loads(content)
    return value


def _signature(store: Store, content: bytes) -> bytes:
    return hmac.new(store.secret, content, hashlib.sha256).digest()[:_SIGNED]
