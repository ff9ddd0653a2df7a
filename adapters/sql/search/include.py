"""``_include`` and ``_revinclude``: what matches refer to or are referred to by (R4 search.html#include)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.search.canonical import MEANS, address
from profiles.search.canonical import names_canonical
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
) -> Iterator[int]:
    parameters = _parameters(names, lookup, include)
    for start in range(0, len(front) if parameters else 0, _BATCH):
        batch = front[start : start + _BATCH]
        yield from _linked(connection, names, include, [key for key, _, _ in parameters], batch)
        for key, source, parameter in parameters:
            if names_canonical(source, parameter.expression):
                kinds = (include.target,) if include.target else parameter.targets or names.kinds()
                yield from _addressed(connection, names, include.reverse, key, kinds, batch)


def _linked(
    connection: Any, names: Names, include: Include, parameters: list[int], batch: list[int]
) -> Iterator[int]:
    """One link from resource to resource; a target type narrows what is referred to."""
    near, far = ("tpk", "pk") if include.reverse else ("pk", "tpk")
    kind = names.find(include.target) if include.target else None
    if include.target and kind is None:
        return
    typed = (
        "" if kind is None else "AND EXISTS (SELECT 1 FROM res t WHERE t.pk = r.tpk AND t.rt = ?) "
    )
    rows = connection.execute(
        f"WITH w(k) AS (VALUES {', '.join(['(?)'] * len(batch))}) "
        f"SELECT DISTINCT r.{far} FROM w CROSS JOIN s_ref r CROSS JOIN res e "
        f"WHERE r.sp IN ({', '.join('?' * len(parameters))}) AND r.{near} = w.k AND e.pk = r.{far} "
        f"AND e.deleted = 0 {typed}LIMIT ?",
        [*batch, *parameters, *([kind] if typed else []), MOST + 1],
    )
    for (key,) in rows:
        yield key


def _addressed(
    connection: Any,
    names: Names,
    reverse: bool,
    parameter: int,
    kinds: Iterable[str],
    batch: list[int],
) -> Iterator[int]:
    """One link by the canonical address of a definition (R4 references.html#canonical)."""
    near, far = ("u", "c") if reverse else ("c", "u")
    for keys in (address(names, kind) for kind in kinds):
        if keys is None:
            continue
        url, version = keys
        rows = connection.execute(
            f"SELECT DISTINCT {far}.pk FROM s_uri u CROSS JOIN s_uri c WHERE u.sp = ? AND c.sp = ? "
            f"AND {MEANS} AND {near}.pk IN ({', '.join('?' * len(batch))}) LIMIT ?",
            [url, parameter, version, *batch, MOST + 1],
        )
        for (key,) in rows:
            yield key


def _parameters(
    names: Names, lookup: Lookup, include: Include
) -> list[tuple[int, str, SearchParameter]]:
    """Key, type and definition of the reference parameters that an include follows."""
    found = (
        (names.find(f"{source}.{code}"), source, parameter)
        for source in (names.kinds() if include.source == "*" else [include.source])
        for code, parameter in lookup(source).items()
        if parameter.kind == "reference" and include.code in ("*", code)
    )
    return [(key, source, parameter) for key, source, parameter in found if key is not None]
