"""Strings and addresses that contain something (R4 search.html#modifiers, ``:contains``)."""

from dataclasses import dataclass
from typing import Any

from adapters.sql.search.condition import PROBED, Sql


@dataclass(frozen=True, slots=True)
class Containing:
    """Resources with a row whose text is one of those that ``found`` selects."""

    table: str
    parameter: int
    like: str
    found: str
    bound: tuple[Any, ...]
    ordered: bool = False
    lists: bool = True

    def members(self) -> Sql:
        """Keys of the rows of each text."""
        return (
            f"SELECT t.pk AS pk FROM ({self.found}) v CROSS JOIN {self.table} t "
            "WHERE t.sp = ? AND t.val = v.val",
            [*self.bound, self.parameter],
        )

    def holds(self, key: str) -> Sql:
        """Whether the key has such a row; a string has an index by resource."""
        if self.table == "s_str":
            where, bound = "x.val LIKE ? ESCAPE '\\'", (self.like,)
        else:
            where, bound = f"x.val IN ({self.found})", self.bound
        return (
            f"EXISTS (SELECT 1 FROM {self.table} x WHERE x.sp = ? AND x.pk = {key} AND {where} {PROBED})",
            [self.parameter, *bound],
        )


def like(part: str) -> str:
    """The pattern of a text that has a part."""
    plain = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"
