"""Full text and parts of texts: an index that follows the resources.

Words would cost a write as much again as the rest of its index, so a write only leaves its key in ``s_due``.
The writer indexes what is due when nothing else comes, and a little at a time between single writes. Before
a search looks for words, what is left is indexed. After a large load that would take minutes: then it answers
from what there is, and says how much is not indexed yet.

``s_words`` has the words of a resource; ``s_part`` has every different text of a string or an address once,
with an index of what it contains, and keeps those that nothing has any more.

The tables of words differ between the databases; each has its own ``Words``.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

import orjson

from adapters.sql.schema import CONTAINED, LIVE
from adapters.sql.search.condition import Condition
from profiles.search.contained import MARK
from profiles.search.parameters import SearchParameter
from profiles.search.query import Chain, Has, Leaf, Node
from profiles.search.values import Row
from profiles.search.words import Expression

BATCH: Final = 1000
"""Resources whose words one transaction writes while a search waits for them."""
PIECE: Final = 200
"""Resources whose words one transaction writes while nobody waits."""
SMALL_PIECE: Final = 20
"""The same while the store is asked."""
MOST_AWAITED: Final = 5000
"""Resources whose words a search waits for; about a second."""
KNOWN_TEXTS: Final = 20_000
"""Texts whose parts are known to be indexed, remembered between transactions."""

WORDED: Final = frozenset({"string", "token", "reference", "uri"})
"""Kinds of parameters whose values have a text, or are one."""


Worded = tuple[int, int, Mapping[str, Any]]
"""A resource: its key, that of its type, its content."""


class Words(Protocol):
    """Words in one database."""

    def put(self, connection: Any, resources: Iterable[Worded]) -> None:
        """Index the words of resources in place of those that they had."""
        ...

    def remove(self, connection: Any, keys: list[int]) -> None:
        """Remove the words of resources."""
        ...

    def add_texts(self, connection: Any, texts: Iterable[str]) -> None:
        """Index what texts contain, unless it is."""
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
        Everything in a resource that ``:contains`` can look into.
    """

    def __init__(
        self, connection: Any, texts: Callable[[Mapping[str, Any]], Iterable[str]]
    ) -> None:
        self._connection = connection
        self._texts = texts
        self._known: set[str] = set()

    def catch_up(self, most: int) -> int:
        """Index what has been due longest; how many entries were taken."""
        connection, words = self._connection, self._connection.words
        connection.lock("words")
        due = connection.execute(
            "SELECT seq, pk FROM s_due ORDER BY seq LIMIT ?", (most,)
        ).fetchall()
        if not due:
            return 0
        keys = sorted({key for _, key in due})
        found = {
            key: (kind, orjson.loads(body) if state == LIVE else self._contained(place))
            for key, kind, state, place, body in connection.execute(
                "SELECT pk, rt, deleted, id, body FROM res "
                f"WHERE deleted IN ({LIVE}, {CONTAINED}) AND pk IN ({_marks(keys)})",
                keys,
            ).fetchall()
        }
        words.remove(connection, [key for key in keys if key not in found])
        words.put(connection, [(key, *one) for key, one in found.items()])
        self._add({text for _, resource in found.values() for text in self._texts(resource)})
        sequence = [number for number, _ in due]
        connection.execute(f"DELETE FROM s_due WHERE seq IN ({_marks(sequence)})", sequence)
        return len(due)

    def forget(self) -> None:
        """Drop what is in memory: a rollback may have taken back what was indexed."""
        self._known.clear()

    def _contained(self, place: str) -> Mapping[str, Any]:
        """What is contained at a place: a container's type and id, then the own id."""
        outer, _, own_id = place.partition(MARK)
        kind, _, resource_id = outer.partition("/")
        (body,) = self._connection.execute(
            "SELECT r.body FROM res r JOIN dict d ON d.id = r.rt WHERE d.text = ? AND r.id = ?",
            (kind, resource_id),
        ).fetchone()
        inside = orjson.loads(body).get("contained", ())
        return next((one for one in inside if one.get("id") == own_id), {"resourceType": kind})

    def _add(self, texts: set[str]) -> None:
        fresh = texts - self._known
        if len(self._known) >= KNOWN_TEXTS:
            self._known.clear()
        self._known |= fresh
        self._connection.words.add_texts(self._connection, sorted(fresh))


def searchable_texts(rows: Iterable[Row], known: Mapping[str, SearchParameter]) -> set[str]:
    """Texts of the rows that ``:contains`` can look into; an address that is no reference is one."""
    return {
        row[2]
        for row in rows
        if row[0] == "str" or (row[0] == "uri" and known[row[1]].kind == "uri")
    }


def is_due(connection: Any, until: int | None = None) -> bool:
    """Whether anything is due, or anything that was due at a moment."""
    (first,) = connection.execute("SELECT min(seq) FROM s_due").fetchone()
    return first is not None and (until is None or first <= until)


def last_due(connection: Any) -> int | None:
    """The youngest entry; None when nothing is due."""
    (last,) = connection.execute("SELECT max(seq) FROM s_due").fetchone()
    return None if last is None else int(last)


def waiting(connection: Any, until: int | None = None) -> int:
    """How much is due, or was at a moment: at most so much, as numbers may be missing between."""
    (first,) = connection.execute("SELECT min(seq) FROM s_due").fetchone()
    last = last_due(connection) if until is None else until
    return 0 if first is None or last is None else max(0, last - int(first) + 1)


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
