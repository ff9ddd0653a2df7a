"""Small integers for texts that stand in every row: types, parameters, code systems."""

from typing import Any, Final

from profiles.search.contained import MARK
from profiles.search.units import UCUM

_UNIT: Final = "unit "
"""Beginning of the names of units: neither a type nor the address of a system has a space."""


class Names:
    """The ``dict`` table on one connection, with what was seen kept in memory.

    Parameters
    ----------
    connection
        A writer's may add names; a reader's only looks them up.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._known: dict[str, int] = {"": 0}

    def find(self, text: str) -> int | None:
        """Integer of a text; None when nothing stored uses it."""
        found = self._known.get(text)
        if found is None:
            row = self._connection.execute("SELECT id FROM dict WHERE text = ?", (text,)).fetchone()
            if row is None:
                return None
            found = self._known[text] = int(row[0])
        return found

    def key(self, text: str) -> int:
        """Integer of a text, made on first use."""
        found = self._known.get(text)
        if found is not None:
            return found
        found = self.find(text)
        if found is None:
            row = self._connection.execute(
                "INSERT INTO dict (text) VALUES (?) ON CONFLICT DO NOTHING RETURNING id", (text,)
            ).fetchone()
            # Without a row another process was faster.
            found = int(row[0]) if row is not None else self.find(text)
            if found is None:
                raise LookupError(text)
            self._known[text] = found
        return found

    def use_unit(self, code: str, system: str) -> None:
        """Remember that a quantity has a unit of UCUM, for searches in another one."""
        if system == UCUM:
            self.key(_UNIT + code)

    def units(self) -> list[str]:
        """Codes of UCUM that any quantity has, or had."""
        rows = self._connection.execute(
            "SELECT text FROM dict WHERE text > ? AND text < ? ORDER BY text", (_UNIT, "unit!")
        )
        return [text.removeprefix(_UNIT) for (text,) in rows]

    def kinds(self) -> list[str]:
        """Resource types that anything stored has or refers to."""
        rows = self._connection.execute(
            "SELECT d.text FROM dict d WHERE EXISTS (SELECT 1 FROM res r WHERE r.rt = d.id)"
        )
        return sorted(text for (text,) in rows if not text.startswith(MARK))

    def forget(self) -> None:
        """Drop what is in memory: a rollback may have taken back what was made."""
        self._known = {"": 0}
