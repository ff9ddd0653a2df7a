"""Connections to PostgreSQL that take the same SQL as the embedded ones."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import psycopg

from adapters.postgres.words import PostgresWords
from adapters.sql.rows import INSERT

_PLANNING: Final = (
    "SELECT set_config('jit', 'off', false), set_config('enable_sort', 'off', false), "
    "set_config('enable_bitmapscan', 'off', false), "
    "set_config('max_parallel_workers_per_gather', '0', false)"
)
"""A page is a few rows along an index: compiling a plan, starting workers and sorting all rows costs more."""


@functools.lru_cache(maxsize=4096)
def translated_sql(text: str) -> str:
    """Positional marks as psycopg has them."""
    return text.replace("%", "%%").replace("?", "%s")


class PostgresConnection:
    """A psycopg connection behind the few calls that the store makes.

    Parameters
    ----------
    address : str
        ``postgresql://…``.
    """

    for_update: Final = " FOR UPDATE"
    words: Final = PostgresWords()

    def __init__(self, address: str) -> None:
        self._address = address
        self.raw = self._connected()
        self.defers = False

    def _connected(self) -> psycopg.Connection[Any]:
        # Autocommit: the store begins and ends its transactions itself.
        raw = psycopg.connect(self._address, autocommit=True, application_name="isthmus")
        raw.execute(_PLANNING)
        raw.prepare_threshold = 3
        return raw

    def execute(self, text: str, values: Sequence[Any] = ()) -> Any:
        """Run one statement; its cursor.

        A connection that the server has closed is opened again, once, where no transaction is lost by that.
        """
        alone = not self.in_transaction
        try:
            return self.raw.execute(translated_sql(text), values, binary=True)
        except psycopg.OperationalError:
            if not alone or not self.raw.closed:
                raise
            self.raw = self._connected()
            return self.raw.execute(translated_sql(text), values, binary=True)

    def write(self, batches: Iterable[tuple[str, list[tuple[Any, ...]]]]) -> None:
        """Run each statement for its rows, all in one round trip."""
        with self.raw.pipeline(), self.raw.cursor() as cursor:
            for text, rows in batches:
                cursor.executemany(translated_sql(text), rows)

    def write_index(self, waiting: Mapping[str, list[tuple[Any, ...]]]) -> None:
        """Write rows of index tables."""
        self.write((INSERT[table], rows) for table, rows in waiting.items())

    def begin(self, *, waits: bool) -> None:
        """Begin a transaction; nothing waits."""
        self.defers = waits
        self.execute("BEGIN")

    def when_begun(self, work: Callable[[], None]) -> None:
        """Nothing: every transaction begins at once."""

    def commit(self, waiting: Mapping[str, list[tuple[Any, ...]]]) -> None:
        """Write rows of index tables, and commit."""
        self.write_index(waiting)
        self.execute("COMMIT")

    def roll_back(self) -> None:
        """Take back the open transaction."""
        self.execute("ROLLBACK")

    def keys(self, text: str, values: Sequence[Any]) -> list[int]:
        """All that a statement finds in its column ``pk``."""
        return [key for (key,) in self.execute(text, values)]

    def few_keys(self, text: str, values: Sequence[Any], most: int) -> list[int] | None:
        """As ``keys``; None when there are ``most`` or more."""
        found = self.keys(f"SELECT pk FROM ({text}) c LIMIT {most}", values)
        return found if len(found) < most else None

    def settle(self) -> None:
        """Take statistics where much has changed, as after an import; the server would in its own time."""
        rows = self.execute(
            "SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() "
            "AND n_mod_since_analyze > 1000 + n_live_tup / 5 ORDER BY relname"
        ).fetchall()
        for (name,) in rows:
            self.execute(f'ANALYZE "{name}"')

    def lock(self, name: str) -> None:
        """Hold an advisory lock of this name until the transaction ends."""
        self.execute("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (name,))

    def close(self) -> None:
        """Let go of the connection."""
        self.raw.close()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, failed ones included."""
        return self.raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
