"""Sets of resource keys as SQL: as a list that can drive a query, and as a test of one key.

Every condition can be asked both ways; the planner decides which one drives. ``key`` in a test is the SQL of
the tested key, such as ``t.pk``. Values are always bound; only names of our own stand in the text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from adapters.sql.schema import LONG_MS

Sql = tuple[str, list[Any]]

PROBED: Final = "LIMIT 1 OFFSET 0"
"""Ends a test, so that a planner tests key by key, instead of joining all rows that pass before the first."""
MOST_UNITED: Final = 100
"""Parts whose lists one statement unites; a union of more can only test."""
_WRITTEN: Final = "x.raw || '' IN ('', ?) AND x.val = ?"
RANGED: Final = frozenset({"s_dat", "s_num", "s_qty"})
"""Tables of ranges, which have an index by parameter and key."""
ENDS_AFTER: Final = "x.sp = ? AND x.hi > ?"
"""Begins the condition on a range that ends after a moment, which is the second of the values."""
_COMPARED: Final = (" x.val = ?", " x.id = ?")


class Condition(Protocol):
    """A set of resource keys."""

    @property
    def ordered(self) -> bool:
        """Whether ``members`` can be walked in key order."""
        ...

    @property
    def lists(self) -> bool:
        """Whether ``members`` may be asked for; a negation can only test."""
        ...

    def members(self) -> Sql:
        """``SELECT … AS pk`` of the set; a key may come twice."""
        ...

    def holds(self, key: str) -> Sql:
        """Boolean SQL that tells whether ``key`` is in the set."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """Resources with an index row of one parameter that satisfies ``where``.

    ``ordered`` says that ``where`` fixes the columns before ``pk`` in the table's key, ``once`` that no
    resource has two such rows.
    """

    table: str
    where: str
    values: tuple[Any, ...]
    ordered: bool = False
    lists: bool = True
    once: bool = False

    def members(self) -> Sql:
        """Keys of the rows; the table is ``t`` here and ``x`` in a test, which may stand inside."""
        where = self.where.replace("x.", "t.")
        text = f"SELECT t.pk AS pk FROM {self.table} t WHERE {where}"
        if self.table != "s_dat" or not self.where.startswith(ENDS_AFTER):
            return text, list(self.values)
        # No index has dates by their end: nearly all begin soon before it, long ones have an index.
        near, values = self.values[1] - LONG_MS, self.values
        long = f"{text} AND t.hi - t.lo > {LONG_MS} AND t.lo + 0 < ?"
        # One part for who unites: the parts of a union are limited (SQLite limits.html, 6).
        whole = f"SELECT u.pk AS pk FROM ({text} AND t.lo >= ? UNION ALL {long}) AS u"
        return whole, [*values, near, *values, near]

    def holds(self, key: str) -> Sql:
        """Whether such a row of the key exists."""
        where = self.where
        if self.table in RANGED:
            # The index by key is the one to take: a sign keeps planners from an index by an end of the range.
            where = where.replace("x.lo", "+x.lo").replace("x.hi", "+x.hi")
        return (
            f"EXISTS (SELECT 1 FROM {self.table} x WHERE {where} AND x.pk = {key} {PROBED})",
            list(self.values),
        )


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The union of sets."""

    parts: tuple[Condition, ...]

    @property
    def ordered(self) -> bool:
        """Only when there is one part."""
        return len(self.parts) == 1 and self.parts[0].ordered

    @property
    def lists(self) -> bool:
        """When every part does, and they are not too many for one statement."""
        return len(self.parts) <= MOST_UNITED and all(part.lists for part in self.parts)

    def members(self) -> Sql:
        """Keys of all parts."""
        if not self.parts:
            return "SELECT 0 AS pk WHERE 1 = 0", []
        return _joined(" UNION ALL ", [part.members() for part in self.parts])

    def holds(self, key: str) -> Sql:
        """Whether one part holds."""
        if not self.parts:
            return "1 = 0", []
        return _either([part.holds(key) for part in self.parts])


@dataclass(frozen=True, slots=True)
class AllOf:
    """The intersection of sets; one of them is listed and the others test."""

    parts: tuple[Condition, ...]
    ordered: bool = False

    @property
    def lists(self) -> bool:
        """When one part does."""
        return any(part.lists for part in self.parts)

    def members(self) -> Sql:
        """Keys of the first part that lists, tested by the others."""
        first = next(part for part in self.parts if part.lists)
        text, values = first.members()
        tests = [part.holds("m.pk") for part in self.parts if part is not first]
        where, bound = _joined(" AND ", tests) if tests else ("1 = 1", [])
        return f"SELECT m.pk AS pk FROM ({text}) m WHERE {where}", [*values, *bound]

    def holds(self, key: str) -> Sql:
        """Whether every part holds."""
        text, values = _joined(" AND ", [part.holds(key) for part in self.parts])
        return f"({text})", values


@dataclass(frozen=True, slots=True)
class NoneOf:
    """Everything but a set; it can only test."""

    inner: Condition
    ordered: bool = False
    lists: bool = False

    def members(self) -> Sql:
        """Cannot be listed.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("a negation has no list")

    def holds(self, key: str) -> Sql:
        """Whether the inner set does not hold the key."""
        text, values = self.inner.holds(key)
        return f"NOT {text}", values


@dataclass(frozen=True, slots=True)
class Leading:
    """Resources from which a reference leads into a set."""

    parameter: int
    inner: Condition
    ordered: bool = False

    @property
    def lists(self) -> bool:
        """When the set that is led into does."""
        return self.inner.lists

    def members(self) -> Sql:
        """Owners of the references, the inner set first."""
        text, values = self.inner.members()
        return (
            f"SELECT r.pk AS pk FROM ({text}) i CROSS JOIN s_ref r WHERE r.sp = ? AND r.tpk = i.pk",
            [*values, self.parameter],
        )

    def holds(self, key: str) -> Sql:
        """Whether a reference of the key leads into the set."""
        link = _link(key)
        text, values = self.inner.holds(f"{link}.tpk")
        return (
            f"EXISTS (SELECT 1 FROM s_ref {link} WHERE {link}.sp = ? AND {link}.pk = {key} "
            f"AND {text} {PROBED})",
            [self.parameter, *values],
        )


@dataclass(frozen=True, slots=True)
class LedTo:
    """Resources of a type to which a reference out of a set leads."""

    parameter: int
    kind: int
    inner: Condition
    ordered: bool = False

    @property
    def lists(self) -> bool:
        """When the set that leads does."""
        return self.inner.lists

    def members(self) -> Sql:
        """Targets of the references that are there."""
        text, values = self.inner.members()
        return (
            f"SELECT r.tpk AS pk FROM ({text}) i CROSS JOIN s_ref r CROSS JOIN res e "
            "WHERE r.sp = ? AND r.pk = i.pk AND e.pk = r.tpk AND e.rt = ? AND e.deleted = 0",
            [*values, self.parameter, self.kind],
        )

    def holds(self, key: str) -> Sql:
        """Whether a reference out of the set leads to the key."""
        link = _link(key)
        text, values = self.inner.holds(f"{link}.pk")
        return (
            f"EXISTS (SELECT 1 FROM s_ref {link} WHERE {link}.sp = ? AND {link}.tpk = {key} "
            f"AND {text} {PROBED})",
            [self.parameter, *values],
        )


def only_rows(condition: Condition) -> Rows | None:
    """The rows that a condition is about, where it is about those of one table alone."""
    while isinstance(condition, AnyOf) and len(condition.parts) == 1:
        condition = condition.parts[0]
    return condition if isinstance(condition, Rows) else None


def fans_out(condition: Condition) -> bool:
    """Whether the test of one key may have to look at many resources that refer to it."""
    if isinstance(condition, AnyOf | AllOf):
        return any(map(fans_out, condition.parts))
    if isinstance(condition, NoneOf | Leading):
        return fans_out(condition.inner)
    return isinstance(condition, LedTo)


def _either(parts: list[Sql]) -> Sql:
    """One of many, as a balanced tree: SQLite bounds the depth of an expression."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = _either(parts[:half]), _either(parts[half:])
    return f"({left[0]} OR {right[0]})", [*left[1], *right[1]]


def any_of(parts: Iterable[Condition]) -> AnyOf:
    """The union of sets; rows that differ in one compared value become one condition."""
    kept: list[Condition] = []
    groups: dict[tuple[str, str, tuple[Any, ...]], list[Rows]] = {}
    for part in parts:
        if isinstance(part, Rows) and part.where.endswith(_COMPARED):
            size = 2 if part.where.endswith(_WRITTEN) else 1
            groups.setdefault((part.table, part.where, part.values[:-size]), []).append(part)
        else:
            kept.append(part)
    united = (alike[0] if len(alike) == 1 else _united(alike) for alike in groups.values())
    return AnyOf((*kept, *united))


def _united(alike: list[Rows]) -> Rows:
    """Rows that one condition finds, of several that differ in their last values alone."""
    table, where, values = alike[0].table, alike[0].where, alike[0].values
    marks = ", ".join("?" * len(alike))
    last = tuple(one.values[-1] for one in alike)
    if not where.endswith(_WRITTEN):
        column = where.rpartition(" ")[0].removesuffix(" =")
        return Rows(table, f"{column} IN ({marks})", (*values[:-1], *last))
    pairs = ", ".join(["(?, ?)"] * len(alike))
    return Rows(
        table,
        f"{where.removesuffix(_WRITTEN)}x.val IN ({marks}) "
        f"AND (x.raw = '' OR (x.raw, x.val) IN (VALUES {pairs}))",
        (*values[:-2], *last, *(value for one in alike for value in one.values[-2:])),
    )


def _link(key: str) -> str:
    """Alias of the next link of a chain; a link inside another must not hide it."""
    outer = key.partition(".")[0]
    return f"r{int(outer[1:]) + 1}" if outer[:1] == "r" else "r1"


def _joined(word: str, parts: list[Sql]) -> Sql:
    return word.join(text for text, _ in parts), [value for _, values in parts for value in values]
