"""``_sort``: the value by which a resource is ordered, as a sub-select or as a walk along an index.

R4 search.html#sort. A resource with several values is ordered by its smallest when ascending and its largest
when descending; one without a value comes last. A range of times or numbers is ordered by where it begins,
both ways.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

import orjson

from adapters.sql.names import Names
from adapters.sql.search.condition import Sql
from profiles.definitions.r4 import definitions
from profiles.search.contained import contained_type, own_type
from profiles.search.extract import Extractor
from profiles.search.parameters import parameters_of
from profiles.search.single import is_single

_COLUMNS: Final = {
    "token": ("s_tok", "val"),
    "string": ("s_str", "val"),
    "uri": ("s_uri", "val"),
    "date": ("s_dat", "lo"),
    "number": ("s_num", "lo"),
    "quantity": ("s_qty", "lo"),
    "special": ("s_num", "lo"),
}
OWN: Final = {"_lastUpdated": "ts", "_id": "id"}
"""Parameters whose value stands in the resource's own row, with an index by type."""
_WALKABLE: Final = frozenset({"s_str", "s_dat", "s_num", "s_qty"})
"""Tables with an index by resource, so that other values of the same resource are found at once."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """One parameter of ``_sort``: its code, its kind, and the direction."""

    code: str
    kind: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Walk:
    """An index that is read in order: table, column of the value, key of the parameter."""

    table: str
    column: str
    parameter: int
    values: Callable[[bytes], set[Any]] | None = None
    """All values of a resource out of its body, where the table has no index by resource."""
    targets: tuple[int, ...] = ()
    """Types that a reference may lead to: it is ordered by the id of what it leads to."""
    single: bool = False
    """Whether a resource has one value at most, which no other has to be compared with."""


def walk(names: Names, kinds: tuple[str, ...], keys: tuple[SortKey, ...]) -> Walk | None:
    """The index that gives this order; None when the rows have to be sorted."""
    if len(keys) != 1 or len(kinds) != 1:
        return None
    table, column = _COLUMNS.get(keys[0].kind, ("", ""))
    code, *more = _codes(kinds[0], keys[0].code)
    if more:
        return None
    found = names.find(f"{kinds[0]}.{code}")
    parameter = -1 if found is None else found  # nothing has a value: every one comes last
    known = parameters_of(own_type(kinds[0])).get(code)
    single = known is not None and is_single(own_type(kinds[0]), known)
    if keys[0].kind == "reference":
        return Walk(
            "s_ref", "id", parameter, targets=_targets(names, kinds[0], code), single=single
        )
    if not table:
        return None
    if table in _WALKABLE or single:
        return Walk(table, column, parameter, single=single)
    values = said(kinds, keys[0])
    return None if values is None else Walk(table, column, parameter, values)


def is_at_hand(kinds: tuple[str, ...], keys: tuple[SortKey, ...]) -> bool:
    """Whether an index gives the values of each resource of one type, so that some thousand are read fast."""
    read = [key.kind for key in keys if key.code not in OWN and key.kind != "reference"]
    return len(kinds) == 1 and all(_COLUMNS.get(kind, ("",))[0] in _WALKABLE for kind in read)


def said(kinds: tuple[str, ...], key: SortKey) -> Callable[[bytes], set[Any]] | None:
    """What finds all values of a resource in its body, for a table that has no index by resource."""
    table = "" if key.code in OWN else _COLUMNS.get(key.kind, ("",))[0]
    if not table or table in _WALKABLE or len(kinds) != 1 or kinds[0] != own_type(kinds[0]):
        return None
    code, *more = _codes(kinds[0], key.code)
    if more or code not in parameters_of(kinds[0]):
        return None
    return partial(_values, kinds[0], (table.removeprefix("s_"), code))


def _targets(names: Names, kind: str, code: str) -> tuple[int, ...]:
    """The types of which there is anything that a reference may lead to, contained or not."""
    known = parameters_of(own_type(kind)).get(code)
    kinds = (known.targets if known is not None else ()) or tuple(sorted(definitions().resources))
    found = [names.find(one) for kind in kinds for one in (kind, contained_type(kind))]
    return tuple(key for key in found if key is not None) or (-1,)


def _values(kind: str, wanted: tuple[str, str], body: bytes) -> set[Any]:
    rows = _extractor(kind, wanted[1]).rows(orjson.loads(body))
    return {row[2] for row in rows if row[:2] == wanted}


@lru_cache(maxsize=256)
def _extractor(kind: str, code: str) -> Extractor:
    return Extractor(kind, {code: parameters_of(kind)[code]})


def value(names: Names, kinds: tuple[str, ...], key: SortKey, at: int) -> tuple[str, Sql]:
    """SQL of the value by which the resource ``m.pk`` is ordered, and the join ``j{at}`` it needs."""
    if key.code in OWN:
        return f"j{at}.{OWN[key.code]}", (f"JOIN res j{at} ON j{at}.pk = m.pk", [])
    found = [names.find(f"{kind}.{code}") for kind in kinds for code in _codes(kind, key.code)]
    parameters: list[Any] = [parameter for parameter in found if parameter is not None] or [-1]
    marks = ", ".join("?" * len(parameters))
    word = "max" if key.descending else "min"
    if key.kind == "reference":
        inner = (
            f"SELECT {word}(e.id) FROM s_ref x JOIN res e ON e.pk = x.tpk "
            f"WHERE x.sp IN ({marks}) AND x.pk = m.pk"
        )
        return f"({inner})", ("", parameters)
    table, column = _COLUMNS[key.kind]
    if table in _WALKABLE:
        # An expression keeps SQLite from walking the index by value to find the extreme one.
        extreme = f"x.{column} || ''" if column == "val" else f"x.{column} + 0"
        inner = f"SELECT {word}({extreme}) FROM {table} x WHERE x.sp IN ({marks}) AND x.pk = m.pk"
        return f"({inner})", ("", parameters)
    # No index by resource: all values once, then joined.
    join = (
        f"LEFT JOIN (SELECT x.pk AS pk, {word}(x.{column}) AS v FROM {table} x "
        f"WHERE x.sp IN ({marks}) GROUP BY x.pk) j{at} ON j{at}.pk = m.pk"
    )
    return f"j{at}.v", (join, parameters)


def _codes(kind: str, code: str) -> tuple[str, ...]:
    """The parameters that have index rows for one."""
    parameter = parameters_of(own_type(kind)).get(code)
    return (parameter.sources if parameter is not None else ()) or (code,)
