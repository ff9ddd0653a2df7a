"""Histories in any store (R4 http.html#history): of one resource, of types, of everything; at a time."""

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.store import Span, Store, StoredVersion

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("Basic", "Group", "Patient")


@pytest.fixture
def busy(database: str, tmp_path: Path) -> Iterator[tuple[Store, list[tuple]]]:
    """A store with 200 versions of twelve resources, and (type, id, version, time, method) of each."""
    engine = None
    if database:
        from adapters.postgres.engine import PostgresEngine

        engine = PostgresEngine(database)
    seconds = [0]
    store = Store(
        tmp_path / "store",
        engine=engine,
        clock=lambda: BEGIN + timedelta(seconds=seconds[0]),
    )
    dice = random.Random(20261125)  # noqa: S311 - repeatable dice
    written: list[tuple] = []
    for _ in range(200):
        # Several versions of one moment are as likely as a pause between two.
        seconds[0] += dice.choice((0, 0, 1, 5))
        kind, key = dice.choice(KINDS), dice.choice("abcd")
        made = store.transact(
            lambda tx, kind=kind, key=key: (
                tx.delete(kind, key)
                if dice.random() < 0.2
                else tx.put({"resourceType": kind, "id": key})
            )
        )
        if made is not None:
            written.append((kind, key, made.version, made.stamp, made.op))
    yield store, written
    store.close()


def _seen(store: Store, span: Span, count: int) -> list[StoredVersion]:
    """Every version of a span, page by page."""
    history = store.versions(span)
    found: list[StoredVersion] = []
    while page := history.page(history.place(found[-1]) if found else None, count):
        found += page
    return found


def _expected(written: list[tuple], span: Span) -> set[tuple]:
    """What a history is about, said as plainly as R4 says it."""
    ends: dict[tuple, int] = {
        (kind, key, version - 1): stamp for kind, key, version, stamp, _ in written
    }
    low, high = span.at or (0, 1 << 62)
    return {
        (kind, key, version, stamp, op)
        for kind, key, version, stamp, op in written
        if (not span.kinds or kind in span.kinds)
        and (not span.id or key == span.id)
        and stamp >= span.since
        and stamp < high
        and (stamp >= low or ends.get((kind, key, version), 1 << 62) > low)
    }


def test_a_history_is_every_version_of_its_span_once_and_newest_first(busy):
    """Levels, _since and _at in every combination, in pages of one, of seven and of all."""
    store, written = busy
    zero = round(BEGIN.timestamp() * 1000)
    levels = [((), ""), (("Patient",), ""), (("Patient", "Group"), ""), (("Patient",), "a")]
    ranges = [None, (zero, zero + 1), (zero + 40_000, zero + 40_001), (zero + 90_000, 1 << 61)]
    ranges += [(zero + 30_000, zero + 60_000), (zero - 9, zero - 1)]
    for (kinds, key), at, since in itertools.product(levels, ranges, (0, zero + 50_000)):
        span = Span(kinds, key, since, at)
        expected = _expected(written, span)
        for count in (1, 7, 1000):
            found = _seen(store, span, count)
            listed = [(v.type, v.id, v.version, v.stamp, v.op) for v in found]
            assert len(listed) == len(set(listed))
            assert set(listed) == expected, span
            assert [v.stamp for v in found] == sorted((v.stamp for v in found), reverse=True)
        assert store.versions(span).total(1000) == len(expected)
        assert store.versions(span).total(3) == min(3, len(expected))


def test_a_version_knows_whether_it_made_its_resource(busy):
    """The first one, and the one after a deletion."""
    store, written = busy
    deleted = {(kind, key, version) for kind, key, version, _, op in written if op == "DELETE"}
    for found in _seen(store, Span(), 50):
        after = (found.type, found.id, found.version - 1) in deleted
        assert found.new == (found.version == 1 or after)


def test_what_is_written_while_somebody_pages_moves_nothing(store):
    """The next page begins after the version that the last one ended with, changed meanwhile or not."""
    for number in range(6):
        store.transact(
            lambda tx, number=number: tx.put({"resourceType": "Patient", "id": f"p{number}"})
        )
    history = store.versions(Span(("Patient",)))
    first = history.page(None, 3)
    for number in range(6):
        store.transact(
            lambda tx, number=number: tx.put({"resourceType": "Patient", "id": f"p{number}"})
        )
    second = history.page(history.place(first[-1]), 3)
    assert [(v.id, v.version) for v in (*first, *second)] == [
        (f"p{n}", 1) for n in range(5, -1, -1)
    ]


def test_what_a_resource_contains_has_no_history_of_its_own(store):
    """What is contained, or only referred to so far, is no version in the history of everything."""
    inner = {"resourceType": "Endpoint", "id": "e", "name": "Archive"}
    outer = {
        "resourceType": "Basic",
        "id": "outer",
        "contained": [inner],
        "subject": {"reference": "Patient/awaited"},
    }
    store.transact(lambda tx: tx.put(outer))
    everything = store.versions(Span())
    assert [(one.type, one.id) for one in everything.page(None, 10)] == [("Basic", "outer")]
    assert everything.total(10) == 1
