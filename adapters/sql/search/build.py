"""From the tree of a search to sets of keys."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from adapters.sql.names import Names
from adapters.sql.schema import CONTAINED, LIVE
from adapters.sql.search.canonical import LeadingByUrl, LedToByUrl, address
from adapters.sql.search.composite import composite
from adapters.sql.search.condition import (
    AllOf,
    AnyOf,
    Condition,
    Leading,
    LedTo,
    NoneOf,
    Rows,
    any_of,
)
from adapters.sql.search.hierarchy import Hierarchy, hierarchy_of
from adapters.sql.search.values import Values
from adapters.sql.words import Words
from profiles.outcome import OperationOutcomeError
from profiles.search.canonical import names_canonical, versions_of
from profiles.search.contained import MARK, contained_type, own_type
from profiles.search.parameters import parameters_of
from profiles.search.query import Chain, Has, InCompartment, Leaf, Node, in_contained
from profiles.search.ranges import date_range, milliseconds
from profiles.search.single import is_single
from profiles.search.syntax import plain, prefixed
from profiles.search.tokens import LONGEST
from profiles.search.values import folded, literal
from profiles.search.words import parse

_NEGATIVE: Final = frozenset({"not", "not-in", "missing"})

Codes = list[tuple[str, str]]
"""System and code; an empty system stands for any."""

NOTHING: Final = AnyOf(())


@dataclass(frozen=True, slots=True)
class Terminology:
    """What ``:in``, ``:above`` and ``:below`` ask; each answer is a list of codes.

    Raises ``not-supported`` where a value set or code system is not known.
    """

    in_value_set: Callable[[str], Codes]
    subsumed: Callable[[str, bool], Codes]


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds conditions; ``base`` is the address under which absolute references are our own."""

    names: Names
    terminology: Terminology
    words: Words
    base: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    values: Values = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", Values(self.names, self.now, self.base))

    def condition(self, node: Node) -> Condition:
        """The set of a tree."""
        match node:
            case Leaf():
                return self._leaf(node)
            case Chain():
                return self._chain(node)
            case Has():
                return self._has(node)
            case InCompartment():
                return self._in_compartment(node)

    def _in_compartment(self, node: InCompartment) -> Condition:
        found: list[Condition | None] = [
            self._target(node.kind, parameter.code, node.target, node.target_id)
            for parameter in node.parameters
        ]
        if node.kind == node.target:
            # The resource whose compartment it is (R4 compartmentdefinition.html: "{def}").
            where = f"{_live(node.kind)} AND x.id = ?"
            kind = self.names.find(node.kind)
            found.append(Rows("res", where, (kind, node.target_id), True))
        return AnyOf(tuple(part for part in found if part is not None))

    def of_kind(self, node: Node) -> Condition:
        """The set of a tree beside those of other types; its test must not hold for one of theirs."""
        condition = self.condition(node)
        negative = isinstance(node, Leaf) and node.modifier in _NEGATIVE
        if not negative and not isinstance(node, Has):
            return condition
        kind = self.names.find(node.kind)
        live = Rows("res", _live(node.kind), (kind,), True, lists=False)
        return NOTHING if kind is None else AllOf((live, condition))

    def _has(self, node: Has) -> Condition:
        kind, keys = self.names.find(node.kind), None
        if kind is not None and names_canonical(node.source, node.parameter.expression):
            keys = address(self.names, node.kind)
        found: list[Condition] = []
        # What is contained refers to others too (R4 search.html#contained).
        inside = contained_type(node.source), in_contained(node.inner)
        for source, tree in ((node.source, node.inner), inside):
            parameter = self._parameter(source, node.parameter.code)
            if kind is None or parameter is None or tree is None:
                continue
            inner = self.condition(tree)
            found.append(LedTo(parameter, kind, inner))
            if keys is not None:
                found.append(LedToByUrl(parameter, *keys, inner))
        return found[0] if len(found) == 1 else AnyOf(tuple(found))

    def _chain(self, node: Chain) -> Condition:
        parameter = self._parameter(node.kind, node.parameter.code)
        if parameter is None:
            return NOTHING
        branches = [(branch.kind, self.of_kind(branch)) for branch in self._branches(node)]
        linked = Leading(parameter, AnyOf(tuple(inner for _, inner in branches)))
        if not names_canonical(own_type(node.kind), node.parameter.expression):
            return linked
        named = ((address(self.names, kind), inner) for kind, inner in branches)
        over = (LeadingByUrl(parameter, *keys, inner) for keys, inner in named if keys is not None)
        return AnyOf((linked, *over))

    def _branches(self, node: Chain) -> Iterator[Node]:
        """A chain is evaluated inside contained resources too (R4 search.html#contained)."""
        for branch in node.branches:
            yield branch
            if self.names.find(contained_type(branch.kind)) is not None:
                inside = in_contained(branch)
                if inside is not None:
                    yield inside

    def _parameter(self, kind: str, code: str) -> int | None:
        return self.names.find(f"{kind}.{code}")

    def _leaf(self, leaf: Leaf) -> Condition:
        code = leaf.parameter.code
        if code in ("_id", "_lastUpdated"):
            return self._of_row(leaf)
        if code in ("_text", "_content"):
            return self._of_text(leaf)
        if leaf.modifier == "missing":
            return self._missing(leaf)
        if leaf.parameter.sources:
            return self._of_sources(leaf)
        if leaf.modifier in ("not", "not-in"):
            inner = "in" if leaf.modifier == "not-in" else ""
            return NoneOf(self._leaf(Leaf(leaf.kind, leaf.parameter, inner, leaf.values)))
        suffix = leaf.modifier if leaf.modifier in ("of-type", "identifier", "text") else ""
        if leaf.modifier == "text" and leaf.parameter.kind == "string":
            suffix = ""
        name = f"{code}:{suffix}" if suffix else code
        return any_of(
            part for value in leaf.values for part in _parts(self._value(leaf, name, value))
        )

    def _of_sources(self, leaf: Leaf) -> Condition:
        """What one of the parameters finds that it consists of; none of them for a negation."""
        known = parameters_of(own_type(leaf.kind))
        sources = [replace(leaf, parameter=known[code]) for code in leaf.parameter.sources]
        if leaf.modifier in ("not", "not-in"):
            return AllOf(tuple(self._leaf(source) for source in sources))
        return any_of(part for source in sources for part in _parts(self._leaf(source)))

    def _value(self, leaf: Leaf, name: str, value: str) -> Condition:
        kind, modifier = leaf.parameter.kind, leaf.modifier
        if kind == "composite":
            return composite(self.names, self.values, leaf, value)
        if kind == "reference" and modifier not in ("identifier", "text"):
            return self._reference(leaf, value)
        if kind == "token" and modifier in ("in", "above", "below"):
            return self._codes(leaf, value)
        parameter = self._parameter(leaf.kind, name)
        if modifier in ("contains", "text"):
            return self._containing(kind, parameter, plain(value))
        if modifier == "identifier":
            kind = "token"
        tests = self.values.tests(kind, value, modifier)
        if parameter is None:
            return NOTHING
        # With a modifier a value may have several rows, as an identifier has for each coding of its type.
        once = not modifier and is_single(own_type(leaf.kind), leaf.parameter)
        return any_of(
            Rows(table, f"x.sp = ? AND {where}", (parameter, *bound), ordered, once=once)
            for table, where, bound, ordered in tests
        )

    def _containing(self, kind: str, parameter: int | None, text: str) -> Condition:
        """Texts with a part; an address is compared as it is, any other text folded."""
        if parameter is None or not text.isprintable():
            return NOTHING
        if kind == "uri":
            return self.words.containing("s_uri", parameter, text[:LONGEST])
        return self.words.containing("s_str", parameter, folded(text)[:LONGEST])

    def _codes(self, leaf: Leaf, value: str) -> Condition:
        """Codes of a value set, or above or below a code (R4 search.html#modifiers)."""
        text = plain(value)
        codes = (
            self.terminology.in_value_set(text)
            if leaf.modifier == "in"
            else self.terminology.subsumed(text, leaf.modifier == "above")
        )
        parameter = self._parameter(leaf.kind, leaf.parameter.code)
        if parameter is None:
            return NOTHING
        parts = []
        for system, code in codes:
            where, bound = self.values.token(code, system or None)
            parts.append(Rows("s_tok", f"x.sp = ? AND {where}", (parameter, *bound), True))
        return any_of(parts)

    def _reference(self, leaf: Leaf, value: str) -> Condition:
        text, code = plain(value), leaf.parameter.code
        if leaf.modifier in ("above", "below"):
            if "|" in text:
                return self._versions(leaf, text)
            return self._hierarchy(leaf, text)
        found = literal(text, self.base) or literal(text)
        if found is not None:
            target = self._target(leaf.kind, code, *found)
            return NOTHING if target is None else target
        parts: list[Condition] = []
        if "/" not in text and ":" not in text:
            kinds = leaf.parameter.targets or tuple(self._kinds())
            targets = [self._target(leaf.kind, code, kind, text) for kind in kinds]
            parts.extend(target for target in targets if target is not None)
        parameter = self._parameter(leaf.kind, code)
        if parameter is not None:
            _, where, bound, ordered = self.values.test("uri", value, "")
            parts.append(Rows("s_uri", f"x.sp = ? AND {where}", (parameter, *bound), ordered))
        return AnyOf(tuple(parts))

    def _versions(self, leaf: Leaf, text: str) -> Condition:
        """Canonical references to a version, and to those that it holds (or that hold it)."""
        parameter = self._parameter(leaf.kind, leaf.parameter.code)
        if parameter is None:
            return NOTHING
        if leaf.modifier == "above":
            url, _, version = text.partition("|")
            wanted = [f"{url}|{one}" for one in versions_of(version)]
            marks = ", ".join("?" * len(wanted))
            return Rows("s_uri", f"x.sp = ? AND x.val IN ({marks})", (parameter, *wanted))
        later = "x.sp = ? AND x.val > ? AND x.val < ?"
        return any_of(
            (
                Rows("s_uri", "x.sp = ? AND x.val = ?", (parameter, text)),
                Rows("s_uri", later, (parameter, f"{text}.", f"{text}/")),
            )
        )

    def _hierarchy(self, leaf: Leaf, text: str) -> Condition:
        """What refers to a resource or to one below (or above) it."""
        found = literal(text, self.base) or literal(text)
        kinds = (found[0],) if found else leaf.parameter.targets
        parts: list[Condition] = []
        known = False
        for kind in kinds:
            code = hierarchy_of(kind, leaf.parameter, leaf.kind, parameters_of(kind))
            known = known or code is not None
            by, type_key = self._parameter(kind, code or ""), self.names.find(kind)
            parameter = self._parameter(leaf.kind, leaf.parameter.code)
            if code is not None and type_key is not None and parameter is not None:
                wanted = found[1] if found else text
                # Without any link of this hierarchy there is the resource alone.
                inner = Hierarchy(by or -1, type_key, wanted, leaf.modifier == "above")
                parts.append(Leading(parameter, inner))
        if not known:
            raise OperationOutcomeError("invalid", "what is referred to has no hierarchy")
        return AnyOf(tuple(parts))

    def _target(self, kind: str, code: str, target: str, target_id: str) -> Condition | None:
        parameter, type_key = self._parameter(kind, code), self.names.find(target)
        if parameter is None or type_key is None:
            return None
        return Rows(
            "s_ref",
            "x.sp = ? AND x.tpk = (SELECT pk FROM res WHERE rt = ? AND id = ?)",
            (parameter, type_key, target_id),
            True,
        )

    def _kinds(self) -> Sequence[str]:
        return self.names.kinds()

    def _of_row(self, leaf: Leaf) -> Condition:
        kind = self.names.find(leaf.kind)
        if kind is None:
            return NOTHING
        live = _live(leaf.kind)
        if leaf.modifier == "missing":
            return NOTHING if leaf.values == ("true",) else Rows("res", live, (kind,), True)
        if leaf.parameter.code == "_id":
            found: list[Condition] = []
            for value in leaf.values:
                named, _, text = plain(value).rpartition("/")
                if leaf.kind != own_type(leaf.kind):
                    end = f"{MARK}{text}"
                    where = f"{live} AND substr(x.id, length(x.id) - ? + 1) = ?"
                    found.append(Rows("res", where, (kind, len(end), end)))
                elif named.rpartition("/")[2] in ("", leaf.kind):
                    found.append(Rows("res", f"{live} AND x.id = ?", (kind, text), True))
            inner: Condition = any_of(found)
            return NoneOf(inner) if leaf.modifier == "not" else inner
        parts = [_updated(value) for value in leaf.values]
        rows = [Rows("res", f"{live} AND {where}", (kind, *bound)) for where, bound in parts]
        return AnyOf(tuple(rows))

    def _of_text(self, leaf: Leaf) -> Condition:
        """Resources whose narrative, or anything in them, says something (R4 search.html#text)."""
        kind, code = self.names.find(leaf.kind), leaf.parameter.code
        wanted = [parse(plain(value), code) for value in leaf.values]
        if kind is None:
            return NOTHING
        narrative = code == "_text"
        return AnyOf(tuple(self.words.saying(kind, one, narrative=narrative) for one in wanted))

    def _missing(self, leaf: Leaf) -> Condition:
        kind, name = leaf.kind, leaf.parameter.code
        type_key = self.names.find(kind)
        keys = [
            self._parameter(kind, f"{code}{end}")
            for code in leaf.parameter.sources or (name,)
            for end in ("", ":identifier", ":text")
        ]
        tests = [Rows("res", "x.has LIKE ?", (f"%,{key},%",)) for key in keys if key is not None]
        present: Condition = AnyOf(tuple(tests))
        if type_key is None:
            return NOTHING
        if leaf.values == ("true",):
            return NoneOf(present)
        live = Rows("res", _live(kind), (type_key,), True)
        return AllOf((live, present))


def _live(kind: str) -> str:
    """Rows of what is there of a type."""
    return f"x.rt = ? AND x.deleted = {LIVE if kind == own_type(kind) else CONTAINED}"


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, AnyOf) else (condition,)


def _updated(value: str) -> tuple[str, list[Any]]:
    prefix, rest = prefixed(plain(value))
    low, high = date_range(rest.replace(" ", "+"))
    if prefix == "ap":
        gap = abs(milliseconds(datetime.now(UTC)) - low) // 10
        return "x.ts >= ? AND x.ts < ?", [low - gap, high + gap]
    known: dict[str, tuple[str, list[Any]]] = {
        "eq": ("x.ts >= ? AND x.ts < ?", [low, high]),
        "ne": ("NOT (x.ts >= ? AND x.ts < ?)", [low, high]),
        "gt": ("x.ts >= ?", [high]),
        "sa": ("x.ts >= ?", [high]),
        "lt": ("x.ts < ?", [low]),
        "eb": ("x.ts < ?", [low]),
        "ge": ("x.ts >= ?", [low]),
        "le": ("x.ts < ?", [high]),
    }
    if prefix not in known:
        raise OperationOutcomeError("invalid", "not a prefix of a date", "_lastUpdated")
    return known[prefix]
