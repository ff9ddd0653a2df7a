"""Rows of an order by an index: those with a value in its order, then the others (R4 search.html#sort)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final, TypeGuard

from adapters.sql.search import order
from adapters.sql.search.condition import PROBED, Condition
from adapters.sql.search.live import Live, by_type
from adapters.sql.search.wanted import ALL, Wanted, tested
from adapters.sql.search.windows import Window, stretches

_BATCH: Final = 500


def with_value(
    connection: Any, wanted: Wanted, walk: order.Walk, after: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """Keys with the value that orders each, from a position on: one more than the page takes."""
    if walk.table == "s_ref":
        return _referring(connection, wanted, walk, after)
    valued = _valued if walk.values is None else _checked
    return valued(connection, wanted, walk, after)


def _referring(
    connection: Any, wanted: Wanted, walk: order.Walk, after: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """As ``_valued``, along the ids of what is referred to, type by type, put together."""
    word, sign, best = ("DESC", "<", ">") if wanted.sort[0].descending else ("ASC", ">", "<")
    where, bound = tested(wanted.conditions, None, "t.pk")
    limit = f"AND (e.id, t.pk) {sign} (?, ?) " if after else ""
    others = (
        "" if walk.single else f"AND NOT EXISTS ({target_of(walk)} AND z.id {best} e.id {PROBED}) "
    )
    one = (
        "SELECT * FROM (SELECT t.pk AS pk, e.id AS id FROM res e CROSS JOIN s_ref t "
        f"WHERE e.rt = ? AND t.sp = ? AND t.tpk = e.pk {limit}{others}AND {where} "
        f"ORDER BY e.id {word}, t.pk {word} LIMIT ?) AS a"
    )
    values = [
        *(walk.parameter, *((after[1], after[0]) if after else ())),
        *(() if walk.single else (walk.parameter, *walk.targets)),
        *(*bound, wanted.count + 1),
    ]
    rows = connection.execute(
        f"SELECT DISTINCT pk, id FROM ({' UNION ALL '.join([one] * len(walk.targets))}) AS b "
        f"ORDER BY id {word}, pk {word} LIMIT ?",
        [*(v for target in walk.targets for v in (target, *values)), wanted.count + 1],
    )
    return [tuple(row) for row in rows]


def target_of(walk: order.Walk, key: str = "t.pk") -> str:
    """What the resource of a key refers to, of the types by which it is ordered."""
    marks = ", ".join("?" * len(walk.targets))
    return (
        "SELECT 1 FROM s_ref y JOIN res z ON z.pk = y.tpk "
        f"WHERE y.sp = ? AND y.pk = {key} AND z.rt IN ({marks})"
    )


def _valued(
    connection: Any, wanted: Wanted, walk: order.Walk, after: Sequence[Any]
) -> list[tuple[Any, ...]]:
    best = ">" if wanted.sort[0].descending else "<"
    # A resource is met once, at the value that orders it.
    others = (
        ""
        if walk.single
        else f"AND NOT EXISTS (SELECT 1 FROM {walk.table} y WHERE y.sp = ? AND y.pk = t.pk "
        f"AND y.{walk.column} {best} t.{walk.column} {PROBED}) "
    )
    found: list[tuple[Any, ...]] = []
    for rows in _pieces(connection, wanted, walk, after, others):
        found += rows
        if len(found) > wanted.count:
            break
    return found[: wanted.count + 1]


def _checked(
    connection: Any, wanted: Wanted, walk: order.Walk, after: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """As ``_valued``; the body of each resource says whether a value is the one that orders it."""
    found: list[tuple[Any, ...]] = []
    for rows in _pieces(connection, wanted, walk, after, ""):
        keys = [row[0] for row in rows]
        first = firsts(connection, walk.values, keys, wanted.sort[0].descending)
        found += [row for row in rows if first.get(row[0]) == row[1]]
        if len(found) > wanted.count:
            break
    return found[: wanted.count + 1]


def _pieces(
    connection: Any, wanted: Wanted, walk: order.Walk, after: Sequence[Any], others: str
) -> Iterator[list[tuple[Any, ...]]]:
    """Keys with their values along an index, each pair once.

    Pairs that are equal stand together, so they are told apart here: a planner that is asked for distinct
    ones would rather collect and sort everything.
    """
    down = wanted.sort[0].descending
    column = f"t.{walk.column}"
    window = next((c for c in wanted.conditions if _is_of(c, walk)), None)
    first, *rest = stretches(window, down) or [("", [], column)]
    # What is passed over is bounded in the last stretch alone: the one before has long ranges, which are few.
    yield from _stretch(
        connection, replace(wanted, most=ALL) if rest else wanted, walk, after, (others, *first)
    )
    for stretch in rest:
        yield from _stretch(connection, wanted, walk, after, (others, *stretch))


def _is_of(condition: Condition, walk: order.Walk) -> TypeGuard[Window]:
    """Whether a condition bounds the values of a walk."""
    return isinstance(condition, Window) and condition.parameter == walk.parameter


def _stretch(
    connection: Any,
    wanted: Wanted,
    walk: order.Walk,
    after: Sequence[Any],
    narrowed: tuple[str, str, list[int], str],
) -> Iterator[list[tuple[Any, ...]]]:
    word, sign = ("DESC", "<") if wanted.sort[0].descending else ("ASC", ">")
    where, bound = tested(wanted.conditions, None, "t.pk")
    others, stretch, ends, column = narrowed
    at, size = tuple(after), wanted.count + 1 if walk.single else 2 * wanted.count + 10
    while True:
        limit = f"AND ({column}, t.pk) {sign} (?, ?) " if at else ""
        by = f"ORDER BY {column} {word}, t.pk {word} LIMIT ?"
        rows_of = f"{walk.table} t WHERE t.sp = ? {stretch}{limit}"
        inner = [walk.parameter, *ends, *((at[1], at[0]) if at else ())]
        if wanted.most < ALL:
            rows_of, inner = (
                f"(SELECT t.* FROM {rows_of}{by}) AS t WHERE 1 = 1 ",
                [*inner, wanted.most],
            )
        rows = connection.execute(
            f"SELECT t.pk, t.{walk.column} FROM {rows_of}{others}AND {where} {by}",
            [*inner, *((walk.parameter,) if others else ()), *bound, size],
        ).fetchall()
        yield [tuple(row) for row, _ in groupby(rows)]
        if len(rows) < size or wanted.most < ALL:
            return
        at = tuple(rows[-1])


def firsts(
    connection: Any,
    values: Callable[[bytes], set[Any]] | None,
    keys: Sequence[int],
    descending: bool,
) -> dict[int, Any]:
    """The value that orders each of some resources, as their bodies say; only for those that have one."""
    found: dict[int, Any] = {}
    for start in range(0, len(keys) if values else 0, _BATCH):
        batch = keys[start : start + _BATCH]
        marks = ", ".join("?" * len(batch))
        rows = connection.execute(f"SELECT pk, body FROM res WHERE pk IN ({marks})", batch)
        for key, body in rows:
            said = values(body) if values else ()
            if said:
                found[key] = (max if descending else min)(said)
    return found


def along_own(connection: Any, wanted: Wanted, live: Live) -> list[tuple[Any, ...]]:
    """Keys in the order of a column of their own row, which has an index by type."""
    column = order.OWN[wanted.sort[0].code]
    word, sign = ("DESC", "<") if wanted.sort[0].descending else ("ASC", ">")
    where, bound = tested(wanted.conditions, None, "t.pk")
    at = [wanted.after[1], wanted.after[0]] if wanted.after else []
    limit = f"AND (t.{column}, t.pk) {sign} (?, ?) " if at else ""
    by = f"ORDER BY t.{column} {word}, t.pk {word} LIMIT ?"
    columns, size = f"t.pk, t.{column}", wanted.count + 1
    if wanted.most < ALL:
        text, values = by_type(live, columns, f"{limit}{by}", [*at, wanted.most])
        text, values = f"SELECT {columns} FROM ({text}) AS t WHERE {where}", [*values, *bound]
    else:
        text, values = by_type(live, columns, f"AND {where} {limit}{by}", [*bound, *at, size])
        text = f"SELECT {columns} FROM ({text}) AS t"
    # A sign keeps planners from the index of what is live, which has another order.
    text = text.replace("t.deleted", "+t.deleted")
    return [tuple(row) for row in connection.execute(f"{text} {by}", [*values, size])]


def valueless(
    connection: Any,
    wanted: Wanted,
    live: Condition,
    walk: order.Walk,
    started: int | None,
    left: int,
) -> list[tuple[Any, ...]]:
    """Keys without a value, which come last, the newest first."""
    text, values = live.members()
    where, bound = tested(wanted.conditions, None, "t.pk")
    limit = "" if started is None else "AND t.pk < ? "
    what: list[Any]
    none, what = "t.has NOT LIKE ?", [f"%,{walk.parameter},%"]
    if walk.targets:
        # What refers to another server alone has a value, and no resource to be ordered by.
        none, what = f"NOT EXISTS ({target_of(walk)})", [walk.parameter, *walk.targets]
    rows = connection.execute(
        f"{text} AND {none} AND {where} {limit}ORDER BY t.pk DESC LIMIT ?",
        [*values, *what, *bound, *([] if started is None else [started]), left],
    )
    return [(row[0], None) for row in rows]
