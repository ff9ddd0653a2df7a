"""Which addresses the gateway asks when a resource names them: a posted URL must not steer it."""

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit


def is_below(address: str, prefixes: Sequence[str]) -> bool:
    """Whether an address has the scheme, host and port of a prefix and lies in its path.

    An address with a user, with a path that climbs or with anything that two parsers could read in two
    ways lies nowhere.
    """
    try:
        asked = urlsplit(address)
        path = unquote(asked.path)
    except ValueError:
        return False
    odd = any(c.isspace() or not c.isprintable() or c == "\\" for c in unquote(address))
    if odd or "@" in asked.netloc or ".." in path.split("/"):
        return False
    for prefix in map(urlsplit, prefixes):
        folder = prefix.path.rstrip("/")
        same = (prefix.scheme, prefix.netloc.lower()) == (asked.scheme, asked.netloc.lower())
        if same and (path == folder or path.startswith(f"{folder}/")):
            return True
    return False
