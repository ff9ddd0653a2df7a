"""What is read inside a transaction: the store as it is with what the transaction has written so far."""

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.store import History, SearchPage, Span, StoredVersion, Transaction
from profiles.outcome import OperationOutcomeError
from profiles.search.request import SearchRequest


class Within:
    """Answers reads as ``Store`` does, out of an open transaction.

    Parameters
    ----------
    tx : Transaction
        Valid only inside its closure, and so is this.
    """

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.registry = tx.registry
        self.secret = tx.secret

    def read(self, kind: str, resource_id: str) -> StoredVersion:
        """The current version (``not-found``, ``deleted``)."""
        return self._tx.require(kind, resource_id)

    def current(self, kind: str, resource_id: str) -> StoredVersion | None:
        """The current version, a tombstone included."""
        return self._tx.current(kind, resource_id)

    def vread(self, kind: str, resource_id: str, version: int) -> StoredVersion:
        """One version (``not-found``, ``deleted``)."""
        return self._tx.vread(kind, resource_id, version)

    def versions(self, span: Span) -> History:
        """Versions in pages, the newest first."""
        return self._tx.versions(span)

    def search(
        self, kind: str, parameters: Sequence[tuple[str, str]], *, count: int | None = None
    ) -> SearchPage:
        """One page of matches."""
        return self._tx.search(kind, parameters, count=count)

    def run(
        self, request: SearchRequest, *, after: Sequence[Any] | None = None, base: str = ""
    ) -> SearchPage:
        """One page of a search that was understood."""
        return self._tx.run(request, after=after, base=base)

    def transact(self, work: object) -> Any:
        """Refuse what would write on its own."""
        raise OperationOutcomeError(
            "not-supported", "send this operation on its own or in a batch", "request.url"
        )

    def metas(self, kinds: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """The ``meta`` of every resource of some types."""
        return self._tx.metas(kinds)

    def kinds(self) -> list[str]:
        """Types of which anything is stored."""
        return self._tx.kinds()

    def count(self, kinds: tuple[str, ...]) -> int:
        """How many resources of some types there are."""
        return self._tx.count(kinds)

    def refresh(self) -> None:
        """Search parameters were read at the begin of the transaction."""
