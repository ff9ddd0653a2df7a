"""Index rows of resources: written, and removed, in batches per table."""

from collections.abc import Iterable, Mapping, Set
from typing import Any, Final

from adapters.sql.extraction import Extracted, Extraction, Lookup
from adapters.sql.names import Names
from adapters.sql.rows import DELETE, DUE, FAR
from adapters.sql.schema import AWAITED
from adapters.sql.words import WORDED, searchable_texts
from profiles.search.contained import own_type
from profiles.search.extract import Extractor
from profiles.search.own_address import own_links, possible_links
from profiles.search.values import Row

_TARGET: Final = "(SELECT pk FROM res WHERE rt = ? AND id = ?)"
_UNLINK: Final = f"DELETE FROM s_ref WHERE sp = ? AND pk = ? AND tpk = {_TARGET}"
_BASE: Final = "base:"
"""Begins the note that says that references under a base were found to be our own."""
_BATCH: Final = 20_000
KNOWN_TARGETS: Final = 50_000
"""References whose keys are remembered between transactions."""
KNOWN_COMBINATIONS: Final = 5_000
"""Combinations of parameters that resources have values for, remembered between transactions."""


class Index:
    """Writes index rows on one connection.

    Parameters
    ----------
    connection
        The writer's.
    names : Names
    lookup : callable
        The search parameters of a type.
    """

    def __init__(self, connection: Any, names: Names, lookup: Lookup) -> None:
        self._connection = connection
        self._names = names
        self._lookup = lookup
        self._extraction = Extraction(lookup)
        self._worded: dict[str, tuple[Any, Extractor]] = {}
        self._targets: dict[tuple[str, str], int] = {}
        self._awaited: set[tuple[str, str]] = set()
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}
        self._before: dict[str, list[tuple[Any, ...]]] | None = None
        self._marks: dict[str, int] = {}
        self._known: dict[str, dict[str, int]] = {}
        self._present: dict[tuple[str, frozenset[str]], str] = {}
        self._size = 0
        self._noted: set[str] = set()
        self.bases: tuple[str, ...] = ()

    def begin(self) -> None:
        """A transaction begins."""
        self._awaited.clear()

    def begin_entry(self) -> None:
        """Remember what waits already, so that a rollback to here leaves it; no base is ours."""
        self.bases = ()
        self._before = None
        self._marks = {table: len(rows) for table, rows in self._waiting.items()}

    def rollback_entry(self) -> None:
        """Take back what came since ``begin_entry``, written or not."""
        kept = self._before if self._before is not None else self._marked()
        self.forget()
        self._waiting = kept
        self._size = sum(map(len, kept.values()))

    def _marked(self) -> dict[str, list[tuple[Any, ...]]]:
        return {table: self._waiting[table][:size] for table, size in self._marks.items()}

    def rows(self, resource: Mapping[str, Any]) -> set[Row]:
        """The rows of a resource, as its type is indexed now."""
        return self._extraction.rows(resource)

    def new_rows(self, resource: Mapping[str, Any], extracted: Extracted | None = None) -> set[Row]:
        """The rows of a resource that is written: those by which ``bases`` are ours as well."""
        if extracted is not None and self._extraction.still(resource["resourceType"], extracted):
            rows = extracted.rows
        else:
            rows = self.rows(resource)
        if self.bases:
            found = list(own_links(rows, self._lookup(resource["resourceType"]), self.bases))
            for link, base in found:
                rows.add(link)
                self._note(base)
        return rows

    def _note(self, base: str) -> None:
        """Keep a base for who indexes the resource anew."""
        if base not in self._noted:
            self._connection.execute(
                "INSERT INTO note (name, value) VALUES (?, '') ON CONFLICT DO NOTHING",
                (f"{_BASE}{base}",),
            )
            self._noted.add(base)

    def use_noted_bases(self) -> None:
        """Take every base for ours that ever was."""
        rows = self._connection.execute(
            "SELECT name FROM note WHERE name >= ? AND name < ?", (_BASE, f"{_BASE[:-1]};")
        ).fetchall()
        self.bases = tuple(name.removeprefix(_BASE) for (name,) in rows)

    def present(self, kind: str, rows: Iterable[Row]) -> str:
        """The parameters that have a value, as ``,12,15,`` (for ``:missing``)."""
        names = frozenset([row[1] for row in rows])
        known = self._present.get((kind, names))
        if known is None:
            codes = self._codes(kind)
            found = sorted(codes.get(name) or self._code(kind, name) for name in names)
            if len(self._present) >= KNOWN_COMBINATIONS:
                self._present.clear()
            known = self._present[kind, names] = "," + ",".join(map(str, found)) + ","
        return known

    def add(self, kind: str, key: int, rows: Set[Row]) -> None:
        """Take rows in; they are written with the next ``flush``."""
        waiting, names, codes = self._waiting, self._names, self._codes(kind)
        for row in rows:
            table, code = row[0], row[1]
            parameter = codes.get(code) or self._code(kind, code)
            if table == "tok":
                bound: tuple[Any, ...] = (parameter, row[2], names.key(row[3]), row[4], key)
            elif table == "ref":
                table, bound = self._link(parameter, key, row)
            else:
                bound = self._bound(parameter, key, row)
            listed = waiting.get(table)
            if listed is None:
                waiting[table] = [bound]
            else:
                listed.append(bound)
        self._size += len(rows)
        if self._size > _BATCH:
            self.flush()

    def changed(self, key: int) -> None:
        """Leave the key of a resource for the index of words."""
        self._waiting.setdefault(DUE, []).append((key,))
        self._size += 1

    def texts(self, resource: Mapping[str, Any]) -> set[str]:
        """Everything that ``:contains`` can look into."""
        kind = resource["resourceType"]
        parameters = self._lookup(kind)
        known = self._worded.get(kind)
        if known is None or known[0] is not parameters:
            of_texts = {code: one for code, one in parameters.items() if one.kind in WORDED}
            known = self._worded[kind] = (parameters, Extractor(kind, of_texts))
        return searchable_texts(known[1].rows(resource), parameters)

    def remove(self, kind: str, key: int, rows: Set[Row], kept: Set[Row] = frozenset()) -> None:
        """Remove rows at once, and the links that they may have come with but for those that stay."""
        self.flush()
        for row in rows:
            parameter = self._codes(kind).get(row[1]) or self._code(kind, row[1])
            self._connection.execute(DELETE[row[0]], self._bound(parameter, key, row))
        for _, code, target, target_id in possible_links(rows, self._lookup(own_type(kind))):
            if ("ref", code, target, target_id) not in kept:
                names = self._names
                where = (names.key(f"{kind}.{code}"), key, names.key(target), target_id)
                self._connection.execute(_UNLINK, where)

    def flush(self) -> None:
        """Write what waits, in the order of each table's key."""
        if self._before is None:
            self._before = self._marked()
        self._connection.write_index(self._sorted())

    def commit(self) -> None:
        """Write what waits, and commit."""
        self._connection.commit(self._sorted())

    def _sorted(self) -> dict[str, list[tuple[Any, ...]]]:
        """What waits, in the order of each table's key; it waits no longer."""
        waiting, self._waiting, self._size = self._waiting, {}, 0
        for bound in waiting.values():
            bound.sort()
        return waiting

    def forget(self) -> None:
        """Drop what a rollback has taken back."""
        self._waiting = {}
        self._marks = {}
        self._targets.clear()
        self._known.clear()
        self._present.clear()
        self._noted.clear()
        self._size = 0

    def learn(self, kind: str, resource_id: str, key: int) -> None:
        """Remember the key of a resource that was just written."""
        if len(self._targets) >= KNOWN_TARGETS:
            self._targets.clear()
        self._targets[kind, resource_id] = key

    def target(self, kind: str, resource_id: str) -> int:
        """Key of the resource that a reference names; a place is kept for one that is awaited."""
        found = self._targets.get((kind, resource_id))
        if found is not None:
            return found
        type_key = self._names.key(kind)
        row = self._connection.execute(
            "SELECT pk FROM res WHERE rt = ? AND id = ?", (type_key, resource_id)
        ).fetchone()
        if row is None:
            row = self._connection.execute(
                "INSERT INTO res (rt, id, ver, ts, deleted, op, has, body) "
                "VALUES (?, ?, 0, 0, ?, '', '', ?) RETURNING pk",
                (type_key, resource_id, AWAITED, b""),
            ).fetchone()
        self.learn(kind, resource_id, int(row[0]))
        return int(row[0])

    def is_awaited(self, kind: str, resource_id: str) -> bool:
        """Whether something of this transaction refers to a resource whose key was not known."""
        return (kind, resource_id) in self._awaited

    def _link(self, parameter: int, key: int, row: Row) -> tuple[str, tuple[Any, ...]]:
        """Table and row of a reference: where rows wait, who writes them looks for its target."""
        target = self._targets.get((row[2], row[3]))
        if target is None and self._connection.defers:
            self._awaited.add((row[2], row[3]))
            return FAR, (parameter, self._names.key(row[2]), row[3], key)
        return "ref", (parameter, target or self.target(row[2], row[3]), key)

    def _codes(self, kind: str) -> dict[str, int]:
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = {}
        return found

    def _code(self, kind: str, code: str) -> int:
        found = self._codes(kind)[code] = self._names.key(f"{kind}.{code}")
        return found

    def _bound(self, parameter: int, key: int, row: Row) -> tuple[Any, ...]:
        table, names = row[0], self._names
        if table == "tok":
            return (parameter, row[2], names.key(row[3]), row[4], key)
        if table == "sys":
            return (parameter, names.key(row[2]), key)
        if table == "ref":
            return (parameter, self.target(row[2], row[3]), key)
        if table == "qty":
            names.use_unit(row[2], row[3])
            return (parameter, row[2], names.key(row[3]), *row[4:], key)
        if table == "cmp":
            val, sys, low, high, val2, sys2, *rest = row[2:]
            return (parameter, val, names.key(sys), low, high, val2, names.key(sys2), *rest, key)
        return (parameter, *row[2:], key)
