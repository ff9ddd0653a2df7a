"""References by canonical address: joined by ``url`` and ``version`` of what they name.

R4 references.html#canonical. A reference without a version means every version; one with a version means the
resource that has it. A resource may name a definition both ways. The index of a ``version`` is folded.
"""

from dataclasses import dataclass
from typing import Final

from adapters.sql.names import Names
from adapters.sql.search.condition import Condition, Sql
from profiles.search.parameters import parameters_of
from profiles.search.values import EVERY_VERSION

MEANS: Final = (
    "c.val = u.val AND (EXISTS (SELECT 1 FROM s_uri v WHERE v.sp = c.sp AND v.pk = c.pk "
    f"AND v.val = u.val || '{EVERY_VERSION}') OR EXISTS ("
    "SELECT 1 FROM s_uri v CROSS JOIN s_tok n WHERE v.sp = c.sp AND v.pk = c.pk "
    "AND v.val > u.val || '|' AND v.val < u.val || '}' "
    "AND n.sp = ? AND n.val = lower(substr(v.val, length(u.val) + 2)) AND n.pk = u.pk))"
)
"""A reference ``c`` that means the definition with the address ``u``; takes the key of its ``version``."""


@dataclass(frozen=True, slots=True)
class _ByUrl:
    """What both directions of such a reference have.

    Parameters
    ----------
    parameter : int
        That of the reference.
    url, version : int
        Those of the type that is named.
    inner : Condition
    """

    parameter: int
    url: int
    version: int
    inner: Condition
    ordered: bool = False
    lists: bool = True

    def members(self) -> Sql:
        """Keys of the set."""
        raise NotImplementedError

    def holds(self, key: str) -> Sql:
        """Whether the key is one of them; they are listed once."""
        text, values = self.members()
        return f"{key} IN ({text})", values


class LeadingByUrl(_ByUrl):
    """Resources that name, by its address, a definition that is in a set."""

    __slots__ = ()

    def members(self) -> Sql:
        """The definitions are few: each is tested, then looked for."""
        text, values = self.inner.holds("u.pk")
        return (
            f"SELECT c.pk AS pk FROM s_uri u CROSS JOIN s_uri c WHERE u.sp = ? AND {text} "
            f"AND c.sp = ? AND {MEANS}",
            [self.url, *values, self.parameter, self.version],
        )


class LedToByUrl(_ByUrl):
    """Definitions of a type that a resource out of a set names by their address."""

    __slots__ = ()

    def members(self) -> Sql:
        """Each definition, until one that names it is found."""
        text, values = self.inner.holds("c.pk")
        return (
            "SELECT u.pk AS pk FROM s_uri u WHERE u.sp = ? AND EXISTS ("
            f"SELECT 1 FROM s_uri c WHERE c.sp = ? AND {MEANS} AND {text})",
            [self.url, self.parameter, self.version, *values],
        )


def address(names: Names, kind: str) -> tuple[int, int] | None:
    """Keys of ``url`` and ``version`` of a type; None when nothing of it has an address.

    The ``url`` of a Subscription is that of its channel, not its own.
    """
    known = parameters_of(kind).get("url")
    if known is None or known.expression != f"{kind}.url":
        return None
    url, version = names.find(f"{kind}.url"), names.find(f"{kind}.version")
    return None if url is None else (url, -1 if version is None else version)
