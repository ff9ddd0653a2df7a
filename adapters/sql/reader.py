"""Reading from the store on one connection: resources, versions, searches."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from adapters.sql import resources
from adapters.sql.names import Names
from adapters.sql.records import SearchPage, StoredVersion
from adapters.sql.search.build import Builder, Terminology
from adapters.sql.search.condition import AnyOf
from adapters.sql.search.include import Include, included
from adapters.sql.search.order import SortKey
from adapters.sql.search.run import Wanted, keys
from profiles.search.parameters import SearchParameter
from profiles.search.request import SearchRequest, understand

DEFAULT_COUNT: Final = 50
_BATCH: Final = 500

Lookup = Callable[[str], Mapping[str, SearchParameter]]


class Reader:
    """What one connection reads.

    Parameters
    ----------
    connection
        Of the thread that uses this.
    lookup : callable
        The search parameters of a type.
    names : Names, optional
        Where the connection has one already.
    """

    def __init__(self, connection: Any, lookup: Lookup, names: Names | None = None) -> None:
        self.connection = connection
        self.names = names if names is not None else Names(connection)
        self._lookup = lookup

    def read(self, kind: str, resource_id: str) -> StoredVersion | None:
        """The current version, a tombstone included."""
        return resources.read(self.connection, self.names, kind, resource_id)

    def search(
        self,
        kind: str,
        pairs: Sequence[tuple[str, str]],
        *,
        count: int | None = None,
        base: str = "",
    ) -> SearchPage:
        """One page of a type, from the pairs of a URL."""
        request = understand((kind,), pairs, self._lookup)
        if count is not None:
            request.count = count
        return self.run(request, base=base)

    def run(
        self,
        request: SearchRequest,
        *,
        after: Sequence[Any] | None = None,
        base: str = "",
        terminology: Terminology | None = None,
    ) -> SearchPage:
        """One page of a search that was understood."""
        builder = Builder(self.names, terminology or self._terminology(), base)
        conditions = tuple(
            AnyOf(tuple(builder.condition(node) for node in nodes)) for nodes in request.nodes
        )
        count = DEFAULT_COUNT if request.count is None else request.count
        only_count = request.summary == "count" or request.count == 0
        wanted = Wanted(
            kinds=request.kinds,
            conditions=conditions,
            sort=tuple(SortKey(*entry) for entry in request.sort),
            count=0 if only_count else count,
            after=after,
            total="accurate" if only_count else request.total,
        )
        page = keys(self.connection, self.names, wanted)
        includes = [
            Include(i.source, i.code, i.target, i.reverse, i.iterate) for i in request.includes
        ]
        extra, cut = included(self.connection, self.names, self._lookup, includes, page.found)
        return SearchPage(
            matches=self.by_key(page.found),
            included=self.by_key(extra),
            total=None if request.total == "none" and not only_count else page.total,
            after=page.after,
            cut=cut,
            used=tuple(request.used),
            ignored=tuple(request.ignored),
        )

    def by_key(self, wanted: Iterable[int]) -> tuple[StoredVersion, ...]:
        """Current versions by key, in the order of the keys."""
        listed = list(wanted)
        found: dict[int, StoredVersion] = {}
        for start in range(0, len(listed), _BATCH):
            batch = listed[start : start + _BATCH]
            rows = self.connection.execute(
                "SELECT r.pk, d.text, r.id, r.ver, r.ts, r.op, r.body FROM res r "
                "JOIN dict d ON d.id = r.rt "
                f"WHERE r.deleted = 0 AND r.pk IN ({', '.join('?' * len(batch))})",
                batch,
            )
            for key, kind, resource_id, ver, ts, op, body in rows:
                found[key] = StoredVersion(kind, resource_id, ver, ts, body, False, op, key)
        return tuple(found[key] for key in listed if key in found)

    def _terminology(self) -> Terminology:
        from adapters.sql.search.terminology import StoredTerminology

        stored = StoredTerminology(self)
        return Terminology(stored.in_value_set, stored.subsumed)
