"""Words and parts of texts in PostgreSQL: ``tsvector`` of our own words, trigrams where ``pg_trgm`` is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from adapters.sql.search.condition import Condition, Sql
from adapters.sql.search.containing import Containing, like
from adapters.sql.words import Worded
from profiles.search.words import Either, Every, Expression, Phrase, content_words, narrative_words

SCHEMA: Final = (
    "CREATE TABLE s_words (pk BIGINT PRIMARY KEY, rt BIGINT NOT NULL, narrative TSVECTOR NOT NULL, "
    "content TSVECTOR NOT NULL)",
    "CREATE INDEX s_words_narrative ON s_words USING gin (narrative)",
    "CREATE INDEX s_words_content ON s_words USING gin (content)",
)
TRIGRAMS: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX s_part_grams ON s_part USING gin (lower(val) gin_trgm_ops)",
)
"""Without the right to make the extension, every different text is looked at."""

_PUT: Final = (
    "INSERT INTO s_words (pk, rt, narrative, content) VALUES (?, ?, ?::tsvector, ?::tsvector) "
    "ON CONFLICT (pk) DO UPDATE SET narrative = excluded.narrative, content = excluded.content"
)
_LAST_PLACE: Final = 16383
_MOST_PLACES: Final = 255
"""Limits of a tsvector (PostgreSQL, Text Search Types)."""


class PostgresWords:
    """Words by GIN."""

    def put(self, connection: Any, resources: Iterable[Worded]) -> None:
        """Index the words of resources in place of those that they had."""
        rows = []
        for key, kind, one in resources:
            narrative, content = narrative_words(one), content_words(one)
            rows.append((key, kind, _vector(narrative), _vector([*content, *narrative])))
        connection.write([(_PUT, rows)])

    def remove(self, connection: Any, keys: list[int]) -> None:
        """Remove the words of resources."""
        if keys:
            connection.execute("DELETE FROM s_words WHERE pk = ANY(?)", (keys,))

    def add_texts(self, connection: Any, texts: Iterable[str]) -> None:
        """Index what texts contain, unless it is."""
        insert = "INSERT INTO s_part (val) VALUES (?) ON CONFLICT DO NOTHING"
        connection.write([(insert, [(text,) for text in texts])])

    def clear(self, connection: Any) -> None:
        """Remove everything."""
        connection.execute("DELETE FROM s_words")
        connection.execute("DELETE FROM s_part")

    def saying(self, kind: int, expression: Expression, *, narrative: bool) -> Condition:
        """Resources of a type that say something, in the narrative or anywhere."""
        column = "narrative" if narrative else "content"
        return _Saying(column, kind, _query(expression))

    def containing(self, table: str, parameter: int, part: str) -> Condition:
        """Resources with a row whose text has a part, in any case."""
        pattern = like(part.lower())
        found = "SELECT p.val AS val FROM s_part p WHERE lower(p.val) LIKE ?"
        return Containing(table, parameter, pattern, found, (pattern,))


@dataclass(frozen=True, slots=True)
class _Saying:
    """Resources whose words match."""

    column: str
    kind: int
    query: str
    ordered: bool = False
    lists: bool = True

    def members(self) -> Sql:
        """Keys of the rows."""
        return (
            f"SELECT t.pk AS pk FROM s_words t WHERE t.rt = ? AND t.{self.column} @@ ?::tsquery",
            [self.kind, self.query],
        )

    def holds(self, key: str) -> Sql:
        """Whether the row of the key matches."""
        return (
            f"EXISTS (SELECT 1 FROM s_words x WHERE x.pk = {key} AND x.{self.column} @@ ?::tsquery)",
            [self.query],
        )


def _vector(words: list[str]) -> str:
    """Words with their places, as PostgreSQL writes them."""
    places: dict[str, list[str]] = {}
    for place, word in enumerate(words, 1):
        listed = places.setdefault(word, [])
        if len(listed) < _MOST_PLACES:
            listed.append(str(min(place, _LAST_PLACE)))
    return " ".join(f"'{word}':{','.join(listed)}" for word, listed in places.items())


def _query(expression: Expression) -> str:
    """The expression in the language of ``tsquery``; words are letters and digits alone."""
    match expression:
        case Phrase():
            *before, last = (f"'{word}'" for word in expression.words)
            return f"({' <-> '.join([*before, last + (':*' if expression.open else '')])})"
        case Either():
            return f"({' | '.join(map(_query, expression.parts))})"
        case Every():
            but = [f"!{_query(part)}" for part in expression.but]
            return f"({' & '.join([*map(_query, expression.parts), *but])})"
