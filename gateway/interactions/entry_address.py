"""The method and the address of an entry: what they ask for (R4 bundle.html, http.html)."""

import functools
import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

from gateway.fhir_answer import ID
from profiles.definitions.r4 import definitions
from profiles.outcome import OperationOutcomeError

_SYSTEM: Final = frozenset({"metadata", "_history", "_search"})
_PLACE: Final = "request.url"


class Address(NamedTuple):
    """Where a request goes.

    Parameters
    ----------
    path, query : str
        From the base address, without a slash at the ends of the path.
    kind, id : str
        Type, and id where the path has both and nothing else.
    writes : bool
        Whether it is a create, update, patch or delete; anything else is a request of its own.
    """

    path: str
    query: str
    kind: str
    id: str
    writes: bool


@functools.lru_cache(maxsize=1024)
def address_of(method: str, url: str, base: str) -> Address:
    """The address in ``request.url``, which is relative to the base address or begins with it.

    Raises
    ------
    OperationOutcomeError
        ``not-found`` for what is nowhere here, ``invalid`` or ``not-supported`` for what a method
        cannot do there.
    """
    # A proxy that ends TLS leaves the scheme to be guessed: the host is what tells.
    own = re.match(rf"https?:{re.escape(base.partition(':')[2])}(?=[/?]|$)", url)
    if own is not None:
        url = url[own.end() :]
    elif re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", url):
        raise OperationOutcomeError("not-found", "this is an address of another server", _PLACE)
    raw, _, query = url.partition("?")
    parts = [unquote(part) for part in raw.strip("/").split("/")]
    first = parts[0]
    named = first in definitions().resources
    if not (named or first in _SYSTEM or first.startswith("$") or raw in ("", "/")):
        raise OperationOutcomeError("not-found", "this names no resource type of R4", _PLACE)
    made = Address(
        path="/".join(parts),
        query=query,
        kind=first if named else "",
        id=parts[1] if len(parts) == 2 and named else "",
        writes=_writes(method, parts),
    )
    for wrong, kind, text in _wrongs(method, made):
        if wrong:
            raise OperationOutcomeError(kind, text, _PLACE)
    return made


def _writes(method: str, parts: list[str]) -> bool:
    special = any(part.startswith("_") or "$" in part for part in parts)
    return method not in ("GET", "HEAD") and not special and len(parts) <= 2


def _wrongs(method: str, address: Address) -> Iterator[tuple[bool, str, str]]:
    """What a method needs, by the clause of each interaction in R4 http.html."""
    if not address.writes:
        reads = method in ("GET", "HEAD") or "$" in address.path
        unknown = not reads and not address.path.endswith("_search")
        yield unknown, "not-supported", "this is no interaction of an entry"
        return
    creates = method == "POST"
    text = "a Bundle is no entry of another" if creates else "this names no resource type"
    yield not address.kind, "invalid", text
    bad = bool(address.id) and ID.fullmatch(address.id) is None
    yield bad, "invalid", "the id is not a FHIR id"
    yield creates and bool(address.id), "invalid", "POST goes to a type, not to a resource"
    nothing = not creates and not address.id and not address.query
    yield nothing, "invalid", f"{method} needs an id or a condition"
