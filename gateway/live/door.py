"""Who may open a live session from a browser: a page of ours, or of an origin that the site names.

A browser sends ``Origin`` with every WebSocket and asks nobody whether it may (RFC 6455 10.2), so the gateway
looks at it itself. What is no browser sends none.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.types import Scope

from gateway.door import names_one_host
from profiles.outcome import OperationOutcomeError


def require_allowed(scope: Scope, origins: Sequence[str]) -> None:
    """Refuse a connection before it is accepted (``invalid``, ``forbidden``)."""
    if not names_one_host(scope):
        raise OperationOutcomeError("invalid", "the request has to name one host")
    given = [value for name, value in scope["headers"] if name == b"origin"]
    if not given:
        return
    origin = given[0].decode("latin-1")
    if len(given) > 1 or not (_is_named(origin, origins) or _is_ours(origin, scope)):
        raise OperationOutcomeError(
            "forbidden", "pages of this origin may not record: see the setting cors_origins"
        )


def _is_named(origin: str, origins: Sequence[str]) -> bool:
    return "*" in origins or origin in origins


def _is_ours(origin: str, scope: Scope) -> bool:
    host = next(value for name, value in scope["headers"] if name == b"host").decode("latin-1")
    try:
        asked = urlsplit(origin)
    except ValueError:
        return False
    return asked.scheme in ("http", "https") and asked.netloc.lower() == host.lower()
