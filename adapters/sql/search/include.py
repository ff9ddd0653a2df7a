"""``_include`` and ``_revinclude``: what matches refer to or are referred to by (R4 search.html#include)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.sql.names import Names
from profiles.search.parameters import SearchParameter

MOST: Final = 1000
"""Resources that one page includes at most; the page says when there are more."""
_BATCH: Final = 500

Lookup = Callable[[str], Mapping[str, SearchParameter]]


@dataclass(frozen=True, slots=True)
class Include:
    """One ``_include`` or ``_revinclude``.

    Parameters
    ----------
    source, code, target : str
        Type that refers, its reference parameter (``*`` for all), type referred to (empty for any).
    reverse, iterate : bool
    """

    source: str
    code: str
    target: str = ""
    reverse: bool = False
    iterate: bool = False


def included(
    connection: Any,
    names: Names,
    lookup: Lookup,
    includes: Iterable[Include],
    matches: Iterable[int],
) -> tuple[list[int], bool]:
    """Keys to add to a page, and whether some were left out at ``MOST``."""
    listed = list(includes)
    seen = set(matches)
    found: list[int] = []
    front, first = list(seen), True
    while front and listed:
        following: list[int] = []
        for include in listed:
            if first or include.iterate:
                for key in _hop(connection, names, lookup, include, front):
                    if key not in seen:
                        seen.add(key)
                        following.append(key)
        found.extend(following)
        if len(found) > MOST:
            return found[:MOST], True
        front, first = following, False
    return found, False


def _hop(
    connection: Any, names: Names, lookup: Lookup, include: Include, front: list[int]
) -> Iterable[int]:
    parameters = _parameters(names, lookup, include)
    if not parameters:
        return
    near, far = ("tpk", "pk") if include.reverse else ("pk", "tpk")
    kind = names.find(include.target) if include.target else None
    if include.target and kind is None:
        return
    narrowed = f"e.pk = r.{'tpk' if not include.reverse else 'pk'}"
    typed = "" if kind is None or include.reverse else "AND e.rt = ? "
    for start in range(0, len(front), _BATCH):
        batch = front[start : start + _BATCH]
        rows = connection.execute(
            f"WITH w(k) AS (VALUES {', '.join(['(?)'] * len(batch))}) "
            f"SELECT DISTINCT r.{far} FROM w CROSS JOIN s_ref r CROSS JOIN res e "
            f"WHERE r.sp IN ({', '.join('?' * len(parameters))}) AND r.{near} = w.k AND {narrowed} "
            f"AND e.deleted = 0 {typed}LIMIT ?",
            [*batch, *parameters, *([kind] if typed else []), MOST + 1],
        )
        for (key,) in rows:
            yield key


def _parameters(names: Names, lookup: Lookup, include: Include) -> list[int]:
    sources = names.kinds() if include.source == "*" else [include.source]
    codes = [
        (source, code)
        for source in sources
        for code, parameter in lookup(source).items()
        if parameter.kind == "reference" and include.code in ("*", code)
    ]
    found = (names.find(f"{source}.{code}") for source, code in codes)
    return [key for key in found if key is not None]
