"""What a group of closures writes, in one statement.

Each step of a statement gives the interpreter up and has to get it back from whoever took it. With a step for
each of the twelve rows of a resource, the writer waited twice as long for that as it worked. So the rows
wait here and go in as JSON, through a trigger that shares them out (decision 0020).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import apsw
import orjson

from adapters.sql.registry import GENERATION
from adapters.sql.rows import COLUMNS, DUE, FAR, INSERT
from adapters.sql.schema import AWAITED, LIVE
from adapters.sqlite.connection import SqliteConnection, prepared

Waiting = Mapping[str, Sequence[tuple[Any, ...]]]
"""Rows by index table."""
BEGIN: Final = "BEGIN IMMEDIATE"
LARGE: Final = 1 << 20
"""Bytes of a body from which it does not wait: it would be copied once more."""
MOST: Final = 8 << 20
"""Bytes of bodies that wait at most."""
_LISTS: Final = (*COLUMNS, DUE, FAR)
_WITH_RANGES: Final = ("num", "qty", "cmp")
_NONE: Final = "[]"
_TARGET: Final = "SELECT t.pk FROM res t WHERE t.rt = value ->> 1 AND t.id = value ->> 2"


def _shared_out() -> str:
    """The statements of the trigger: the guard, resources, places for targets that are awaited, the rest."""
    made = [
        f"SELECT RAISE(ABORT, 'overtaken') WHERE NEW.generation <> COALESCE((SELECT value FROM note "
        f"WHERE name = '{GENERATION}'), '') OR NEW.stamp < (SELECT MAX(ts) FROM res)",
        "INSERT INTO res (pk, rt, id, ver, ts, deleted, op, has, body) SELECT value ->> 0, value ->> 1, "
        f"value ->> 2, value ->> 3, value ->> 4, {LIVE}, value ->> 5, value ->> 6, "
        "substr(NEW.bodies, value ->> 7, value ->> 8) FROM json_each(NEW.resources)",
        "INSERT INTO res (rt, id, ver, ts, deleted, op, has, body) SELECT DISTINCT value ->> 1, value ->> 2, "
        f"0, 0, {AWAITED}, '', '', x'' FROM json_each(NEW.{FAR}) WHERE NOT EXISTS ({_TARGET})",
        f"INSERT INTO s_ref (sp, tpk, pk) SELECT value ->> 0, ({_TARGET}), value ->> 3 "
        f"FROM json_each(NEW.{FAR}) WHERE true ON CONFLICT DO NOTHING",
        f"INSERT INTO s_due (pk) SELECT value ->> 0 FROM json_each(NEW.{DUE})",
    ]
    for table, (name, columns) in COLUMNS.items():
        values = ", ".join(f"value ->> {at}" for at in range(columns.count(",") + 1))
        made.append(
            f"INSERT INTO {name} ({columns}) SELECT {values} FROM json_each(NEW.{table}) "
            "WHERE true ON CONFLICT DO NOTHING"
        )
    return ";".join(made)


_MEMBERS: Final = ("generation", "stamp", "resources", "bodies", *_LISTS)
_VIEW: Final = "CREATE TEMP VIEW intake AS SELECT " + ", ".join(
    f"NULL AS {name}" for name in _MEMBERS
)
_TRIGGER: Final = (
    f"CREATE TEMP TRIGGER intake_shared INSTEAD OF INSERT ON intake BEGIN {_shared_out()}; END"
)
_FREE: Final = "SELECT COALESCE(MAX(pk), 0) + 1 FROM res"
_ONE: Final = (
    "INSERT INTO res (pk, rt, id, ver, ts, deleted, op, has, body) "
    f"VALUES (?, ?, ?, ?, ?, {LIVE}, ?, ?, ?)"
)
_INTAKE: Final = f"INSERT INTO intake VALUES ({', '.join('?' * len(_MEMBERS))})"


class IntakeConnection(SqliteConnection):
    """A connection on which first versions and index rows wait until something may look for them.

    A group that asks nothing is written, committed and synced by one statement. It then has begun without the
    write lock: the trigger refuses it where another process has written a later version meanwhile, or has
    changed what is indexed.

    Parameters
    ----------
    path : str
        The database.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.defers = False
        self._waits = self._open = self._lost = False
        self._guard: tuple[str | None, int | None] = (None, None)
        self._begun: Callable[[], None] = _nothing
        self._next = 0
        self._drop()
        prepared(self)

    def share_out(self) -> None:
        """Make the trigger; the tables have to be there, as SQLite does not rename one that it names."""
        for statement in (_VIEW, _TRIGGER):
            super().execute(statement)

    def when_begun(self, work: Callable[[], None]) -> None:
        """What to do when a group that waited has got the write lock."""
        self._begun = work

    def begin(self, *, waits: bool) -> None:
        """Begin a transaction, with its first statement where rows may wait."""
        self._waits = self.defers = waits
        self._open = self._lost = False
        self._guard = (None, None)
        self._next = 0
        if not waits:
            super().execute(BEGIN)
            self._open = True

    def take_for_granted(self, generation: str, stamp: int) -> None:
        """What has to hold when the group is written: what is indexed, and that no version is later."""
        if self.defers:
            self._guard = (generation, stamp)

    def execute(self, statements: str, bindings: Any = None, **options: Any) -> Any:
        """Run statements, after what they might look for was written."""
        self._make_visible()
        return super().execute(statements, bindings, **options)

    def executemany(self, statements: str, sequenceofbindings: Any, **options: Any) -> Any:
        """Run statements for each of some rows."""
        self._make_visible()
        return super().executemany(statements, sequenceofbindings, **options)

    def put_aside(
        self, kind: int, resource_id: str, version: int, stamp: int, op: str, has: str, body: bytes
    ) -> int | None:
        """Keep the first version of a resource that has no row; its key, None for a large one."""
        size = len(body)
        if size > LARGE:
            return None
        if not self._next:
            ((self._next,),) = super().execute(_FREE)
        key = self._next
        self._next += 1
        row = (key, kind, resource_id, version, stamp, op, has, self._size + 1, size)
        self._resources.append(row)
        self._bodies.append(body)
        self._size += size
        if self._size > MOST:
            self.write_index({})
        return key

    def write_index(self, waiting: Waiting) -> None:
        """Write what waits here and rows of index tables, before the group ends."""
        self._lock()
        self._write(waiting)

    def commit(self, waiting: Waiting) -> None:
        """Write everything and commit."""
        self._require_transaction()
        if waiting or self._resources:
            self._write(waiting)
        self._waits = False
        if self._open:
            self._open = False
            super().execute("COMMIT")

    def changes_so_far(self) -> int:
        """Rows that were written on this connection, those that wait included."""
        return self.total_changes() + len(self._resources)

    def roll_back(self) -> None:
        """Take back the open transaction, if there is one, and what waits."""
        self._waits = self._open = self._lost = False
        self._drop()
        super().roll_back()

    def is_lost(self) -> bool:
        """Whether the group has no transaction that it should have.

        It could not begin, or SQLite has taken it back by itself, as after an error of the disk
        (lang_transaction.html, section 3.1).
        """
        return self._lost or (self._open and not self.in_transaction)

    def _make_visible(self) -> None:
        self._lock()
        self._next = 0
        if self._resources:
            resources, bodies = self._resources, self._bodies
            self._drop()
            rows = [(*row[:-2], body) for row, body in zip(resources, bodies, strict=True)]
            super().executemany(_ONE, rows)

    def _lock(self) -> None:
        """Begin the transaction that has waited for its first statement."""
        self._require_transaction()
        if self._waits:
            self._waits, self._lost = False, True
            super().execute(BEGIN)
            self._open, self._lost = True, False
            self._begun()

    def _require_transaction(self) -> None:
        """Nothing of a group may be written alone."""
        if self.is_lost():
            raise apsw.AbortError("the transaction is over")

    def _write(self, waiting: Waiting) -> None:
        resources, bodies = self._resources, b"".join(self._bodies)
        self._drop()
        lists = {table: _json(waiting.get(table, ())) for table in _LISTS}
        for table in _WITH_RANGES:
            if "null" in lists[table]:
                # JSON has no infinity, which is the other end of "more than".
                lists[table] = _NONE
                self.executemany(INSERT[table], waiting[table])
        super().execute(_INTAKE, (*self._guard, _json(resources), bodies, *lists.values()))
        if FAR in waiting:
            # Places for targets have taken keys.
            self._next = 0

    def _drop(self) -> None:
        self._resources: list[tuple[Any, ...]] = []
        self._bodies: list[bytes] = []
        self._size = 0


def _nothing() -> None:
    """Nobody waits for the lock."""


def _json(rows: Sequence[tuple[Any, ...]]) -> str:
    return orjson.dumps(rows).decode() if rows else _NONE
