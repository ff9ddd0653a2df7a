"""Full text and parts of texts: an index that follows the resources, and is caught up before it answers.

Words would cost a write as much again as the rest of its index. So a write only leaves its key in ``s_due``;
before a search looks for words, everything that is due is indexed (the writer does so on its own when nothing
else comes). ``s_words`` has the words of a resource; ``s_part`` has every different text of a string or an
address once, with an index of what it contains.

The tables of words differ between the databases; each has its own ``Words``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

import orjson

from adapters.sql.schema import LIVE
from adapters.sql.search.condition import Condition
from profiles.search.query import Chain, Has, Leaf, Node
from profiles.search.values import Row
from profiles.search.words import Expression

BATCH: Final = 200
"""Resources whose words one transaction writes."""
KNOWN_TEXTS: Final = 20_000
"""Texts whose parts are known to be indexed, remembered between transactions."""


class Words(Protocol):
    """Words in one database."""

    def put(self, connection: Any, key: int, kind: int, resource: Mapping[str, Any]) -> None:
        """Index the words of a resource in place of those that it had."""
        ...

    def remove(self, connection: Any, keys: list[int]) -> None:
        """Remove the words of resources."""
        ...

    def add_text(self, connection: Any, parameter: int, text: str) -> None:
        """Index what a text contains, unless it is."""
        ...

    def clear(self, connection: Any) -> None:
        """Remove everything."""
        ...

    def saying(self, kind: int, expression: Expression, *, narrative: bool) -> Condition:
        """Resources of a type that say something, in the narrative or anywhere."""
        ...

    def containing(self, table: str, parameter: int, part: str) -> Condition:
        """Resources with a row of ``s_str`` or ``s_uri`` whose text has a part, in any case."""
        ...


class WordIndex:
    """Catches the index up on the connection that writes.

    Parameters
    ----------
    connection
        The writer's.
    texts : callable
        Parameter key and text of everything in a resource that ``:contains`` can look into.
    contained : callable
        Key, type and content of everything that a resource contains.
    """

    def __init__(
        self,
        connection: Any,
        texts: Callable[[Mapping[str, Any]], Iterable[tuple[int, str]]],
        contained: Callable[[Mapping[str, Any]], Iterable[tuple[int, int, Mapping[str, Any]]]],
    ) -> None:
        self._connection = connection
        self._texts = texts
        self._contained = contained
        self._known: set[tuple[int, str]] = set()

    def catch_up(self) -> int:
        """Index what has been due longest; how many entries were taken."""
        connection, words = self._connection, self._connection.words
        connection.lock("words")
        due = connection.execute(
            "SELECT seq, pk FROM s_due ORDER BY seq LIMIT ?", (BATCH,)
        ).fetchall()
        if not due:
            return 0
        keys = sorted({key for _, key in due})
        rows = connection.execute(
            f"SELECT pk, rt, body FROM res WHERE deleted = {LIVE} AND pk IN ({_marks(keys)})", keys
        ).fetchall()
        words.remove(connection, sorted(set(keys) - {key for key, _, _ in rows}))
        for key, kind, body in rows:
            resource = orjson.loads(body)
            words.put(connection, key, kind, resource)
            for place, its_kind, inner in self._contained(resource):
                words.put(connection, place, its_kind, inner)
            for parameter, text in self._texts(resource):
                self._add(parameter, text)
        sequence = [number for number, _ in due]
        connection.execute(f"DELETE FROM s_due WHERE seq IN ({_marks(sequence)})", sequence)
        return len(due)

    def forget(self) -> None:
        """Drop what is in memory: a rollback may have taken back what was indexed."""
        self._known.clear()

    def _add(self, parameter: int, text: str) -> None:
        if (parameter, text) in self._known:
            return
        if len(self._known) >= KNOWN_TEXTS:
            self._known.clear()
        self._known.add((parameter, text))
        self._connection.words.add_text(self._connection, parameter, text)


def searchable_texts(rows: Iterable[Row], kinds: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Parameter and text of the rows that ``:contains`` can look into."""
    for row in rows:
        if row[0] == "str" or (row[0] == "uri" and kinds[row[1]].kind == "uri"):
            yield row[1], row[2]


def is_due(connection: Any, until: int | None = None) -> bool:
    """Whether anything is due, or anything that was due at a moment."""
    (first,) = connection.execute("SELECT min(seq) FROM s_due").fetchone()
    return first is not None and (until is None or first <= until)


def last_due(connection: Any) -> int | None:
    """The youngest entry; None when nothing is due."""
    (last,) = connection.execute("SELECT max(seq) FROM s_due").fetchone()
    return None if last is None else int(last)


def looks_for_words(nodes: Iterable[Node]) -> bool:
    """Whether a search needs this index."""
    for node in nodes:
        if isinstance(node, Leaf):
            if node.parameter.code in ("_text", "_content") or node.modifier in (
                "contains",
                "text",
            ):
                return True
        elif isinstance(node, Chain):
            if looks_for_words(node.branches):
                return True
        elif isinstance(node, Has) and looks_for_words((node.inner,)):
            return True
    return False


def _marks(values: list[int]) -> str:
    return ", ".join("?" * len(values))
