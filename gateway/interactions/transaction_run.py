"""A transaction inside one of the store: all of its entries or none (R4 http.html#trules).

The order is DELETE, POST, PUT and PATCH, conditional references, GET and HEAD. Entries that read come last,
so that they see what will be stored. No two entries may write one resource, whichever way they name it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from adapters.store import Transaction
from gateway.interactions.admission import admit
from gateway.interactions.conditions import Conditions
from gateway.interactions.entry import Entry
from gateway.interactions.entry_answer import Outcome
from gateway.interactions.full_urls import follow
from gateway.interactions.links import REFERENCE, Place, places
from gateway.interactions.perform import find, perform
from gateway.interactions.transaction import Prepared, at_entry
from gateway.interactions.write import Writes
from gateway.literal_references import CONDITIONAL
from profiles.outcome import KINDS, OperationOutcomeError
from profiles.strict_json import parse_resource


class Run:
    """One run of a transaction; another one begins anew when another process was in the way.

    Parameters
    ----------
    prepared : Prepared
    writes : Writes
        Into the open transaction.
    read : callable
        Answers an entry that asks.
    """

    def __init__(
        self, prepared: Prepared, writes: Writes, read: Callable[[Entry], Outcome]
    ) -> None:
        self._prepared = prepared
        self._writes = writes
        self._read = read
        self._done: dict[int, Outcome] = {}
        self._late: dict[int, set[str]] = {}
        self._targets: dict[str, str] = {}
        self._searched: dict[int, str] = {}
        self._conditions = Conditions(prepared.urls, writes.tx.registry)
        self._created: Counter[str] = Counter()
        self._arrived: list[dict[str, Any]] = []

    def outcomes(self) -> list[Outcome]:
        """Do everything; the outcomes in the order of the entries."""
        deletes, posts = self._prepared.of("DELETE"), self._prepared.of("POST")
        changes = self._prepared.of("PUT", "PATCH")
        self._delete(deletes, changes)
        self._find(posts, changes)
        self._link(posts, changes)
        self._write(posts)
        self._require_conditions(posts, changes)
        self._write(changes)
        self._link_late(posts + changes)
        # What an arrival starts may need the other entries, whatever their order.
        for resource in self._arrived:
            self._writes.on_created(self._writes.tx, resource)
        for entry in self._prepared.entries:
            if not entry.writes:
                self._done[entry.at] = self._asked(entry)
        return [self._done[entry.at] for entry in self._prepared.entries]

    def _delete(self, deletes: list[Entry], changes: list[Entry]) -> None:
        for entry in deletes:
            at_entry(entry, find, self._writes, entry, entry.condition)
        _require_once(deletes + [entry for entry in changes if entry.id])
        gone = {(entry.kind, entry.target) for entry in deletes}
        for entry in changes:
            if not entry.id and any(kind == entry.kind for kind, _ in gone):
                self._require_other(entry, gone)
        self._write(deletes)

    def _require_other(self, entry: Entry, gone: set[tuple[str, str]]) -> None:
        """A condition must not lead to what the transaction deletes."""
        try:
            existing = self._writes.match(entry.kind, entry.query, "the condition")
        except OperationOutcomeError:
            # Several, or none that can be searched: it is asked again after the deletes.
            return
        if existing is not None and (existing.type, existing.id) in gone:
            raise _overlap(entry)

    def _find(self, posts: list[Entry], changes: list[Entry]) -> None:
        """Resolve every condition, as of after the deletes and before the other writes."""
        firsts: dict[Any, Entry] = {}
        for entry in posts:
            entry.twin = None
        for entry in self._conditions.in_turn([e for e in posts + changes if e.condition]):
            condition = self._searched[entry.at] = self._conditions.text(entry)
            at_entry(entry, find, self._writes, entry, condition)
            if entry.existing is None and entry.method != "PATCH":
                _pair(entry, condition, firsts)
        for entry in posts:
            self._created[entry.kind] += entry.existing is None and entry.twin is None
        _require_once(self._prepared.of("DELETE") + changes)

    def _link(self, posts: list[Entry], changes: list[Entry]) -> None:
        """Replace the links that had to wait; a search that other entries may answer waits on."""
        written = {kind for kind, count in self._created.items() if count}
        written |= {entry.kind for entry in changes}
        for entry in posts + changes:
            if not entry.links:
                continue
            for place in entry.links:
                at_entry(entry, follow, place, entry, self._prepared.urls, self._address)
                self._refer(place, entry, written)
            if entry.method != "PATCH":
                at_entry(entry, admit, entry.resource, entry.kind)

    def _refer(self, place: Place, entry: Entry, written: set[str]) -> None:
        """Resolve a conditional reference, now or later."""
        condition = CONDITIONAL.fullmatch(place.text)
        if condition is None or self._prepared.urls.entry(place.text, entry.base):
            return
        kind, query = condition.groups()
        if kind in written or _is_chained(query):
            place.holder[place.key] = place.text
            self._late.setdefault(entry.at, set()).add(place.text)
        else:
            place.holder[place.key] = at_entry(entry, self._target, place.text)

    def _target(self, text: str) -> str:
        """Address of the one resource that a conditional reference finds (R4 http.html#trules)."""
        found = self._targets.get(text)
        if found is None:
            kind, _, query = text.partition("?")
            existing = self._writes.match(kind, query, "a conditional reference")
            if existing is None:
                raise OperationOutcomeError(
                    "precondition", f"a conditional reference to {kind} matches nothing"
                )
            found = self._targets[text] = f"{existing.type}/{existing.id}"
        return found

    def _address(self, entry: Entry, versioned: bool) -> str | None:
        """Address of what an entry writes or has found, with the version that it will have."""
        address = f"{entry.kind}/{entry.target}"
        return f"{address}/_history/{self._version(entry)}" if versioned else address

    def _version(self, entry: Entry) -> int:
        if entry.method == "POST":
            existing = (entry.twin or entry).existing
            return existing.version if existing is not None else 1
        current = self._writes.tx.current(entry.kind, entry.target)
        return 1 if current is None else current.version + 1

    def _write(self, entries: list[Entry]) -> None:
        silent = replace(self._writes, on_created=_nothing)
        noting = replace(self._writes, on_created=lambda tx, one: self._arrived.append(one))
        for entry in entries:
            if entry.twin is not None:
                self._done[entry.at] = Outcome(200, self._done[entry.twin.at].stored)
                continue
            writes = silent if entry.at in self._late else noting
            written = at_entry(entry, perform, writes, entry)
            self._done[entry.at] = Outcome(written.status, written.stored)

    def _require_conditions(self, posts: list[Entry], changes: list[Entry]) -> None:
        """What was created must not meet the condition of another entry: the order would decide."""
        for entry in posts:
            if entry.condition and not (entry.existing or entry.twin):
                self._require_same(entry, others=1)
        for entry in changes:
            if entry.condition:
                self._require_same(entry, others=0)

    def _require_same(self, entry: Entry, others: int) -> None:
        if self._created[entry.kind] <= others:
            return
        condition = self._searched[entry.at]
        found = at_entry(entry, self._writes.match, entry.kind, condition, "the condition")
        if found is not None and found.id != entry.target:
            raise _overlap(entry)

    def _link_late(self, entries: list[Entry]) -> None:
        """Conditional references that what the transaction has written may answer."""
        for entry in entries:
            found = entry.method == "POST" and (entry.existing or entry.twin)
            if entry.at in self._late and not found:
                at_entry(entry, self._amend, entry)
        for entry in entries:
            if entry.twin is not None:
                self._done[entry.at].stored = self._done[entry.twin.at].stored

    def _amend(self, entry: Entry) -> None:
        """Complete what was written, before anybody sees it."""
        stored = self._done[entry.at].stored
        if stored is None:
            return
        resource = parse_resource(stored.body)
        for place in places(resource):
            if place.leaf == REFERENCE and place.text in self._late[entry.at]:
                place.holder[place.key] = self._target(place.text)
        admit(resource, entry.kind)
        self._done[entry.at].stored = self._writes.tx.amend(resource)
        self._arrived.append(resource)

    def _asked(self, entry: Entry) -> Outcome:
        return at_entry(entry, lambda: _answered(self._read(entry)))


def _answered(found: Outcome) -> Outcome:
    """What was asked for; an answer that refuses is an error of the whole transaction."""
    if found.outcome is None:
        return found
    kind = next((name for name, one in KINDS.items() if one.http == found.status), "exception")
    raise OperationOutcomeError(kind, found.outcome["issue"][0]["diagnostics"])


def _nothing(tx: Transaction, resource: dict[str, Any]) -> None:
    """A resource whose references are not complete yet starts nothing."""


def _pair(entry: Entry, condition: str, firsts: dict[Any, Entry]) -> None:
    """Equal creates under one condition are one; other writes under one contradict each other."""
    first = firsts.setdefault((entry.kind, _condition(condition)), entry)
    if first is entry:
        return
    if (first.method, entry.method) != ("POST", "POST") or first.resource != entry.resource:
        raise _overlap(entry)
    entry.twin, entry.new_id = first, ""


def _condition(query: str) -> tuple[tuple[str, str], ...]:
    """A condition for comparison: its parameters in any order."""
    return tuple(sorted(parse_qsl(query.lstrip("?"), keep_blank_values=True)))


def _is_chained(query: str) -> bool:
    """Whether a search depends on resources of other types."""
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    return any("." in name or name.startswith("_has:") for name in names)


def _require_once(entries: list[Entry]) -> None:
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        key = (entry.kind, entry.target)
        if entry.target and key in seen:
            raise _overlap(entry)
        seen.add(key)


def _overlap(entry: Entry) -> OperationOutcomeError:
    return OperationOutcomeError(
        "invalid",
        f"entry {entry.at}: another entry of the transaction writes the same resource",
        f"Bundle.entry[{entry.at}].request.url",
    )
