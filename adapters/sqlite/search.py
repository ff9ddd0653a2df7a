"""FHIR search on the index tables (R4 search.html).

Each parameter is a set of resource keys; commas inside one value are OR, repeated parameters are AND.
The compiled search of every R4 parameter extends this seam: ``_CONDITIONS`` by kind.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import apsw

from adapters.sqlite.records import SearchPage, StoredVersion
from profiles.outcome import OperationOutcomeError
from profiles.searchparams import ALWAYS, PARAMETERS, date_range, folded

_RESULT: Final = frozenset({"_count", "_sort", "_total", "_format", "_pretty", "_offset"})
_PREFIXES: Final = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")


def search(
    connection: apsw.Connection,
    kind: str,
    parameters: Sequence[tuple[str, str]],
    count: int,
    offset: int,
) -> SearchPage:
    """One page of the resources of a type that match every parameter.

    Raises
    ------
    OperationOutcomeError
        ``value`` when a parameter's value is not one of its kind.
    """
    known = {**{name: (k, "") for name, k in ALWAYS.items()}, **PARAMETERS[kind]}
    used = tuple((n, v) for n, v in parameters if n in known)
    ignored = tuple((n, v) for n, v in parameters if n not in known and n not in _RESULT)
    where, bound = ["type = ?", "deleted = 0"], [kind]
    for name, text in used:
        clause, values = _clause(connection, kind, name, known[name][0], text)
        where.append(clause)
        bound.extend(values)
    condition = " AND ".join(where)
    order = _order(dict(parameters).get("_sort", "-_lastUpdated"))
    total = connection.execute(
        f"SELECT count(*) FROM res WHERE {condition}",  # noqa: S608 - clauses are ours, values are bound
        bound,
    ).get
    rows = connection.execute(
        f"SELECT id, ver, ts, body FROM res WHERE {condition} ORDER BY {order} "  # noqa: S608
        "LIMIT ? OFFSET ?",
        (*bound, count, offset),
    )
    matches = tuple(StoredVersion(kind, i, ver, ts, bytes(body)) for i, ver, ts, body in rows)
    return SearchPage(matches, int(total), offset + len(matches) < total, used, ignored)


def _order(sort: str) -> str:
    if sort.lstrip("-") not in ("_lastUpdated", "_id", "date", "issued"):
        raise OperationOutcomeError("value", "_sort knows _lastUpdated and _id here", "_sort")
    column = "id" if sort.lstrip("-") == "_id" else "ts"
    direction = "DESC" if sort.startswith("-") else "ASC"
    return f"{column} {direction}, pk {direction}"


def _clause(
    connection: apsw.Connection, kind: str, name: str, parameter_kind: str, text: str
) -> tuple[str, list[Any]]:
    alternatives = [part for part in text.split(",") if part]
    if not alternatives:
        raise OperationOutcomeError("value", f"the search parameter {name} has no value", name)
    if name == "_id":
        return f"id IN ({', '.join('?' * len(alternatives))})", list(alternatives)
    pairs = [_CONDITIONS[parameter_kind](part) for part in alternatives]
    clause = " OR ".join(pair[0] for pair in pairs)
    values = [value for pair in pairs for value in pair[1]]
    if name == "_lastUpdated":
        return "(" + clause.replace("lo", "ts").replace("hi", "(ts + 1)") + ")", values
    table = {"token": "s_tok", "string": "s_str", "reference": "s_ref", "date": "s_dat"}[
        parameter_kind
    ]
    key = parameter_key_of(connection, kind, name)
    return f"pk IN (SELECT pk FROM {table} WHERE sp = ? AND ({clause}))", [key, *values]  # noqa: S608


def parameter_key_of(connection: apsw.Connection, kind: str, name: str) -> int:
    """Integer of a search parameter for reading; 0 matches nothing when it was never indexed."""
    row = connection.execute("SELECT id FROM dict WHERE text = ?", (f"{kind}.{name}",)).fetchone()
    return 0 if row is None else int(row[0])


def _token(text: str) -> tuple[str, list[Any]]:
    system, bar, code = text.partition("|")
    if not bar:
        return "val = ?", [text]
    if not code:
        return "sys = ?", [system]
    return "(val = ? AND sys = ?)", [code, system]


def _string(text: str) -> tuple[str, list[Any]]:
    start = folded(text)
    return "(val >= ? AND val < ?)", [start, start + "\U0010ffff"]


def _reference(text: str) -> tuple[str, list[Any]]:
    if "/" in text:
        return "val = ?", [text]
    # An id alone: whatever type it has (R4 search.html#reference).
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return "val LIKE ? ESCAPE '\\'", [f"%/{escaped}"]


def _date(text: str) -> tuple[str, list[Any]]:
    prefix = text[:2] if text[:2] in _PREFIXES else "eq"
    low, high = date_range(text.removeprefix(prefix))
    return {
        "eq": ("(lo >= ? AND hi <= ?)", [low, high]),
        "ne": ("NOT (lo >= ? AND hi <= ?)", [low, high]),
        "gt": ("hi > ?", [high]),
        "lt": ("lo < ?", [low]),
        "ge": ("hi > ?", [low]),
        "le": ("lo < ?", [high]),
        "sa": ("lo >= ?", [high]),
        "eb": ("hi <= ?", [low]),
    }[prefix]


_CONDITIONS: Final[dict[str, Callable[[str], tuple[str, list[Any]]]]] = {
    "token": _token,
    "string": _string,
    "reference": _reference,
    "date": _date,
}
