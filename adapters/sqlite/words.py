"""Words and parts of texts in SQLite: FTS5 without a copy of the text, and its trigrams."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from adapters.sql.search.condition import Condition, Sql
from adapters.sql.search.containing import Containing, like
from adapters.sql.words import Worded
from profiles.search.words import Either, Every, Expression, Phrase, content_words, narrative_words

SCHEMA: Final = (
    "CREATE VIRTUAL TABLE s_words USING fts5(kind, narrative, content, content = '', "
    "contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0')",
    "CREATE VIRTUAL TABLE s_grams USING fts5(val, content = '', tokenize = 'trigram')",
)
_GRAM: Final = 3
_MEMBERS: Final = (
    "SELECT t.pk AS pk FROM (SELECT rowid AS pk FROM s_words WHERE s_words MATCH ?) t WHERE 1 = 1"
)


class SqliteWords:
    """Words by FTS5; the integer of a type is a word in a column of its own."""

    def put(self, connection: Any, resources: Iterable[Worded]) -> None:
        """Index the words of resources in place of those that they had."""
        connection.executemany(
            "INSERT OR REPLACE INTO s_words (rowid, kind, narrative, content) VALUES (?, ?, ?, ?)",
            (
                (key, str(kind), " ".join(narrative_words(one)), " ".join(content_words(one)))
                for key, kind, one in resources
            ),
        )

    def remove(self, connection: Any, keys: list[int]) -> None:
        """Remove the words of resources."""
        connection.executemany("DELETE FROM s_words WHERE rowid = ?", [(key,) for key in keys])

    def add_texts(self, connection: Any, texts: Iterable[str]) -> None:
        """Index what texts contain, unless it is."""
        for text in texts:
            made = connection.execute(
                "INSERT INTO s_part (val) VALUES (?) ON CONFLICT DO NOTHING RETURNING id", (text,)
            ).fetchone()
            if made is not None:
                connection.execute(
                    "INSERT INTO s_grams (rowid, val) VALUES (?, ?)", (made[0], text)
                )

    def clear(self, connection: Any) -> None:
        """Remove everything."""
        connection.execute("INSERT INTO s_words (s_words) VALUES ('delete-all')")
        connection.execute("INSERT INTO s_grams (s_grams) VALUES ('delete-all')")
        connection.execute("DELETE FROM s_part")

    def saying(self, kind: int, expression: Expression, *, narrative: bool) -> Condition:
        """Resources of a type that say something, in the narrative or anywhere."""
        columns = "narrative" if narrative else "{narrative content}"
        every = f'kind : "{kind}"'
        return _Saying(f"{every} AND ({_match(expression, columns, every)})")

    def containing(self, table: str, parameter: int, part: str) -> Condition:
        """Resources with a row whose text has a part, in any case."""
        pattern = like(part)
        if len(part) < _GRAM:
            # Too short for a trigram: every different text is looked at, once.
            found = "SELECT p.val AS val FROM s_part p WHERE p.val LIKE ? ESCAPE '\\'"
            return Containing(table, parameter, pattern, found, (pattern,))
        found = (
            "SELECT p.val AS val FROM s_grams g CROSS JOIN s_part p "
            "WHERE g.s_grams MATCH ? AND p.id = g.rowid"
        )
        return Containing(table, parameter, pattern, found, (f'"{_quoted(part)}"',))


@dataclass(frozen=True, slots=True)
class _Saying:
    """Resources whose words match."""

    match: str
    ordered: bool = True
    lists: bool = True

    def members(self) -> Sql:
        """Keys in their order."""
        return _MEMBERS, [self.match]

    def holds(self, key: str) -> Sql:
        """Whether the key is one of them: they are listed once, and not looked up row by row (``+``)."""
        return f"+{key} IN ({_MEMBERS})", [self.match]


def _match(expression: Expression, columns: str, every: str) -> str:
    """The expression in FTS5's language; its NOT needs something on the left."""
    match expression:
        case Phrase():
            mark = " *" if expression.open else ""
            return f'{columns} : "{" ".join(expression.words)}"{mark}'
        case Either():
            return " OR ".join(f"({_match(part, columns, every)})" for part in expression.parts)
        case Every():
            parts = [f"({_match(part, columns, every)})" for part in expression.parts] or [every]
            but = [f"({_match(part, columns, every)})" for part in expression.but]
            wanted = " AND ".join(parts)
            return f"({wanted}) NOT ({' OR '.join(but)})" if but else wanted


def _quoted(text: str) -> str:
    return text.replace('"', '""')
