"""A transaction before the store is asked: entries understood, ids given, links replaced, resources admitted.

R4 http.html#trules. What needs no store is done here, so that the time inside a transaction of the store is
short; the rest is ``transaction_run``.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from adapters.store import Extracted
from gateway.interactions.admission import admit
from gateway.interactions.entry import Entry, read_entries
from gateway.interactions.full_urls import FullUrls, follow
from gateway.interactions.links import places
from gateway.interactions.patch_links import patch_places
from gateway.interactions.perform import read_patch
from gateway.interactions.write import under_id
from profiles.logical_id import new_id
from profiles.outcome import OperationOutcomeError

T = TypeVar("T")
AHEAD: Final = 2000
"""Entries of a transaction whose index rows are made before it runs: until then they are all in memory."""


class Prepared:
    """The entries of a transaction, ready to be run.

    Parameters
    ----------
    bundle : dict
        As it was parsed; its resources are changed.
    base : str
        Base address of this server.
    extended : bool
        Whether there is any extension in it.
    extract : callable
        Makes the index rows of a resource.

    Raises
    ------
    OperationOutcomeError
        With the place of the entry that cannot be part of a transaction.
    """

    def __init__(
        self,
        bundle: dict[str, Any],
        base: str,
        extended: bool,
        extract: Callable[[dict[str, Any]], Extracted | None],
    ) -> None:
        self._extract = extract
        self.entries = _understood(read_entries(bundle, base))
        for entry in self.entries:
            if entry.writes and entry.method == "POST" and not entry.condition:
                entry.new_id = new_id()
        self.urls = FullUrls(self.entries)
        for entry in self.of("POST", "PUT", "PATCH"):
            at_entry(entry, self._prepare, entry, extended)

    def of(self, *methods: str) -> list[Entry]:
        """The entries that write by some methods."""
        return [entry for entry in self.entries if entry.writes and entry.method in methods]

    def _prepare(self, entry: Entry, extended: bool) -> None:
        resource = entry.resource or {}
        if entry.method == "PATCH":
            read_patch(entry)
            found = patch_places(entry.document, entry.kind)
        else:
            found = places(resource, extended)
        entry.links = [p for p in found if not follow(p, entry, self.urls, _known)]
        if not entry.links and entry.method != "PATCH":
            admit(resource, entry.kind)
            if entry.new_id and len(self.entries) <= AHEAD:
                entry.extracted = self._extract(under_id(resource, entry.new_id))


def _known(entry: Entry, versioned: bool) -> str | None:
    """Address of an entry that needs no store: a plain create, or an update of an id."""
    if entry.method == "POST" and entry.new_id:
        return f"{entry.kind}/{entry.new_id}{'/_history/1' if versioned else ''}"
    return f"{entry.kind}/{entry.id}" if entry.id and not versioned else None


def _understood(entries: Iterable[Entry | OperationOutcomeError]) -> list[Entry]:
    found = []
    for entry in entries:
        if isinstance(entry, OperationOutcomeError):
            raise entry
        found.append(entry)
    return found


def at_entry(entry: Entry, work: Callable[..., T], *given: Any) -> T:
    """Do something for an entry; an error says where in the Bundle it is."""
    try:
        return work(*given)
    except OperationOutcomeError as error:
        raise _placed(error, entry) from None


def _placed(error: OperationOutcomeError, entry: Entry) -> OperationOutcomeError:
    place = f"Bundle.entry[{entry.at}]"
    kind = str((entry.resource or {}).get("resourceType"))

    def inside(expression: str | None) -> str:
        """From the Bundle; the type that begins a path from the resource is no member of the entry."""
        if not entry.writes:
            return f"{place}.request.url"
        if expression == kind:
            return f"{place}.resource"
        return f"{place}.resource.{expression.removeprefix(f'{kind}.')}" if expression else place

    issues = tuple((kind, text, inside(at)) for kind, text, at in error.issues)
    text = f"entry {entry.at}: {error.diagnostics}"
    return OperationOutcomeError(error.kind_name, text, inside(error.expression), issues=issues)
