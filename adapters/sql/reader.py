"""Reading from the store on one connection: resources, versions, searches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import orjson

from adapters.sql import resources
from adapters.sql.contained import contained_version
from adapters.sql.names import Names
from adapters.sql.records import SearchPage, StoredVersion
from adapters.sql.registry import Registry
from adapters.sql.schema import LIVE
from adapters.sql.search.build import Builder, Terminology
from adapters.sql.search.condition import AnyOf
from adapters.sql.search.include import Include, included
from adapters.sql.search.order import SortKey
from adapters.sql.search.run import keys
from adapters.sql.search.wanted import Keys, Wanted
from adapters.sql.search.windows import windowed
from adapters.sql.words import looks_for_words
from profiles.search.contained import MARK
from profiles.search.request import SearchRequest, understand

DEFAULT_COUNT: Final = 50
_BATCH: Final = 500
_CODED: Final = "s_tok", "val, sys, raw", ""
_NAMED: Final = "s_str", "val, exact", "AND exact <> ''"
_SAID_OF_ALL: Final = {
    "_profile": ("s_uri", "val", ""),
    "_security": _CODED,
    "_security:text": _NAMED,
    "_tag": _CODED,
    "_tag:text": _NAMED,
}
"""What ``meta`` says: by parameter the table, the columns that tell its values apart, which of them count.

Of the texts those count that have no code."""


class Reader:
    """What one connection reads.

    Parameters
    ----------
    connection
        Of the thread that uses this.
    registry : Registry
        The search parameters of this store.
    catch_up : callable
        Brings the index of words to what is stored, called before a search that needs it; how much is left,
        where that would take long.
    names : Names, optional
        Where the connection has one already.
    """

    def __init__(
        self,
        connection: Any,
        registry: Registry,
        catch_up: Callable[[], int],
        names: Names | None = None,
    ) -> None:
        self.connection = connection
        self._catch_up = catch_up
        self.names = names if names is not None else Names(connection)
        self._registry = registry

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
        self._registry.refresh(self.connection)
        request = understand((kind,), pairs, self._registry.searchable)
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
        kinds, trees = request.searched()
        unindexed = self._catch_up() if any(map(looks_for_words, trees)) else 0
        words = self.connection.words
        builder = Builder(self.names, terminology or self._terminology(), words, base)
        one = builder.condition if len(kinds) == 1 else builder.of_kind
        conditions = windowed(trees, [AnyOf(tuple(map(one, nodes))) for nodes in trees])
        count = DEFAULT_COUNT if request.count is None else request.count
        only_count = request.summary == "count" or request.count == 0
        wanted = Wanted(
            kinds=kinds,
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
        extra, cut = included(self.connection, self.names, self._registry, includes, page.found)
        matches, total = self.by_key(page.found), page.total
        if request.contained != "false":
            matches = self._with_contained(page, matches, request.contained_type)
            if len(matches) < len(page.found):
                # A container is shown once, however many of its resources match.
                total = len(matches) if page.after is None and after is None else None
        return SearchPage(
            matches=matches,
            included=self.by_key(extra),
            total=None if unindexed or (request.total == "none" and not only_count) else total,
            after=page.after,
            cut=cut,
            used=tuple(request.used),
            ignored=tuple(request.ignored),
            unindexed=unindexed,
        )

    def by_key(self, wanted: Iterable[int]) -> tuple[StoredVersion, ...]:
        """Current versions by key, in the order of the keys."""
        listed = list(wanted)
        found: dict[int, StoredVersion] = {}
        for start in range(0, len(listed), _BATCH):
            batch = listed[start : start + _BATCH]
            rows = self.connection.execute(
                "SELECT r.pk, d.text, r.id, r.ver, r.ts, r.op, r.body, r.deleted FROM res r "
                f"JOIN dict d ON d.id = r.rt WHERE r.pk IN ({', '.join('?' * len(batch))})",
                batch,
            )
            # Asked here: PostgreSQL would read the index of all that is live, to join it with the keys.
            for key, kind, resource_id, ver, ts, op, body, deleted in rows:
                if deleted == LIVE:
                    found[key] = StoredVersion(kind, resource_id, ver, ts, body, False, op, key)
        return tuple(found[key] for key in listed if key in found)

    def _with_contained(
        self, page: Keys, matches: tuple[StoredVersion, ...], shown: str
    ) -> tuple[StoredVersion, ...]:
        """The matches with those that are contained, by their containers or by themselves."""
        found: dict[int, StoredVersion | None] = {stored.key: stored for stored in matches}
        inside = [key for key in page.found if key not in found]
        marks = ", ".join("?" * len(inside)) or "NULL"
        places = self.connection.execute(
            f"SELECT pk, id FROM res WHERE pk IN ({marks})", inside
        ).fetchall()
        for key, place in places:
            outer, _, own = place.partition(MARK)
            container = self.read(*outer.split("/"))
            if container is not None and shown == "contained":
                container = contained_version(container, place, own)
            found[key] = container
        listed = (found.get(key) for key in page.found)
        return tuple({(v.type, v.id): v for v in listed if v is not None}.values())

    def count(self, kinds: Sequence[str]) -> int:
        """How many resources of some types there are."""
        keys = [key for key in map(self.names.find, kinds) if key is not None]
        (found,) = self.connection.execute(
            f"SELECT count(*) FROM res WHERE deleted = 0 AND rt IN ({', '.join('?' * len(keys))})",
            keys,
        ).fetchone()
        return int(found)

    def metas(self, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
        """A ``meta`` for each profile, label and tag that a resource of some types has.

        The index has every different one; a resource that has it says it in full.
        """
        found: set[int] = set()
        for kind in kinds:
            for code, (table, columns, which) in _SAID_OF_ALL.items():
                rows = self.connection.execute(
                    f"SELECT min(pk) FROM {table} WHERE sp = ? {which} GROUP BY {columns}",
                    (self.names.find(f"{kind}.{code}"),),
                )
                found.update(key for (key,) in rows)
        for stored in self.by_key(sorted(found)):
            yield orjson.loads(stored.body).get("meta", {})

    def _terminology(self) -> Terminology:
        from adapters.sql.search.terminology import StoredTerminology

        stored = StoredTerminology(self, self._registry.code_systems)
        return Terminology(stored.in_value_set, stored.subsumed)
