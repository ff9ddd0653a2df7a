"""What the embedded store promises of writes that go in together."""

import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sqlite.checkpoint import WritingConnection
from adapters.sqlite.intake import LARGE
from adapters.store import Store, open_store

_ENDLESS = st.floats(allow_nan=False)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _patient(key, **elements):
    return {"resourceType": "Patient", "id": key, **elements}


def _fresh(tx, key, **elements):
    return tx.put(_patient(key, **elements), op="POST", fresh=True)


def _in_one_commit(store, *closures):
    """Result and error of each closure, in their order."""
    entered, go, done = threading.Event(), threading.Event(), threading.Event()
    ended: dict[int, tuple[Any, BaseException | None]] = {}

    def end(at, result, error):
        ended[at] = (result, error)
        if len(ended) == len(closures):
            done.set()

    first = threading.Thread(target=store.transact, args=(lambda tx: (entered.set(), go.wait()),))
    first.start()
    entered.wait()
    for at, work in enumerate(closures):
        store.transact_soon(work, partial(end, at))
    go.set()
    first.join()
    done.wait()
    return [ended[at] for at in range(len(closures))]


@pytest.fixture
def two_stores(tmp_path):
    """The same store, opened twice as by two processes."""
    opened = [open_store(tmp_path / "store"), open_store(tmp_path / "store", tends=False)]
    yield opened
    for store in opened:
        store.close()


@pytest.fixture(scope="module")
def prepared_connection(tmp_path_factory):
    """A connection to an empty store."""
    folder = tmp_path_factory.mktemp("intake")
    open_store(folder).close()
    connection = WritingConnection(folder / "isthmus.sqlite")
    connection.share_out()
    yield connection
    connection.close()


@settings(max_examples=300, deadline=None)
@given(low=_ENDLESS, high=_ENDLESS, code=_TEXT, unit=_TEXT, key=st.integers(-(2**63), 2**63 - 1))
def test_every_value_of_an_index_row_is_kept_exactly(
    prepared_connection, low, high, code, unit, key
):
    """Every digit of a number, every character of a text, and the ends of what has none."""
    row = (1, code, 2, unit, low, high, key)
    prepared_connection.begin(waits=True)
    prepared_connection.commit({"qty": [row]})
    rows = prepared_connection.execute("SELECT sp, code, sys, unit, lo, hi, pk FROM s_qty")
    found = rows.fetchall()
    prepared_connection.execute("DELETE FROM s_qty")
    assert found == [row]


def test_a_version_is_never_earlier_than_one_that_another_process_wrote_meanwhile(tmp_path):
    """Who polls by the time of the last change misses nothing."""
    times: list[datetime] = []
    here = Store(tmp_path, clock=lambda: datetime.now(UTC) - timedelta(0 if times else 1))
    there = open_store(tmp_path, tends=False)

    def work(tx):
        times.append(tx.moment)
        if len(times) == 1:
            there.transact(lambda other: _fresh(other, "there"))
        return _fresh(tx, "here")

    stored = here.transact(work)
    assert len(times) == 2
    assert stored.stamp >= here.read("Patient", "there").stamp
    found = {match.id for match in here.search("Patient", []).matches}
    assert found == {"here", "there"}
    here.close()
    there.close()


_ADDED = {
    "resourceType": "SearchParameter",
    "id": "language",
    "url": "https://h.example/SearchParameter/language",
    "name": "Language",
    "status": "active",
    "description": "x",
    "code": "tongue",
    "base": ["Patient"],
    "type": "token",
    "expression": "Patient.language",
}


@pytest.mark.parametrize("stored", [False, True])
def test_a_parameter_that_another_process_adds_meanwhile_finds_what_is_written(two_stores, stored):
    """A resource is indexed by the parameters that there are when it is committed."""
    here, there = two_stores
    tries = []
    if stored:
        here.transact(lambda tx: _fresh(tx, "here"))

    def work(tx):
        if not tries:
            there.transact(lambda other: (other.put(_ADDED), other.served("language")))
        tries.append(1)
        if not stored:
            return _fresh(tx, "here", language="de")
        tx.put(_patient("here", language="de"))
        return tx.search("Patient", [("_id", "here")])

    here.transact(work)
    assert len(tries) == 2
    there.refresh()
    assert [m.id for m in there.search("Patient", [("tongue", "de")]).matches] == ["here"]


def test_what_another_process_changes_is_not_blamed_on_a_closure_that_asks(two_stores):
    """Its question brings to light that rows of another closure are of yesterday: all run again."""
    here, there = two_stores
    tries = []

    def change(tx):
        if not tries:
            there.transact(lambda other: (other.put(_ADDED), other.served("language")))
        tries.append(1)
        # Too large to be put aside: only its rows wait.
        return _fresh(tx, "here", language="de", name=[{"text": "x" * LARGE}])

    ended = _in_one_commit(here, change, lambda tx: tx.search("Patient", [("tongue", "de")]))
    assert [error for _, error in ended] == [None, None]
    assert [match.id for match in ended[1][0].matches] == ["here"]


def test_stores_that_write_at_once_lose_nothing_and_keep_keys_apart(two_stores):
    """Each of two processes writes without asking the other for keys."""

    def write(store, name):
        for number in range(60):
            store.transact(lambda tx, key=f"{name}{number}": _fresh(tx, key, gender="male"))

    threads = [
        threading.Thread(target=write, args=(store, name))
        for store, name in zip(two_stores, "ab", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    page = two_stores[0].search("Patient", [("gender", "male")], count=500)
    assert sorted(match.id for match in page.matches) == sorted(
        f"{name}{number}" for name in "ab" for number in range(60)
    )


def test_an_id_that_was_said_to_be_free_and_is_not_gets_its_next_version(tmp_path):
    """Nothing of the group is lost by it."""
    store = open_store(tmp_path)
    store.transact(lambda tx: _fresh(tx, "a"))
    stored = store.transact(lambda tx: (_fresh(tx, "b"), _fresh(tx, "a")))
    assert [(one.id, one.version) for one in stored] == [("b", 1), ("a", 2)]
    assert store.vread("Patient", "a", 1).version == 1
    store.close()


def test_a_closure_that_fails_after_it_has_put_something_aside_leaves_nothing(tmp_path):
    """The closures of the same commit stand."""
    store = open_store(tmp_path)

    def fails(tx):
        _fresh(tx, "gone", link=[{"type": "refer", "other": {"reference": "Patient/far"}}])
        raise ValueError("no")

    ended = _in_one_commit(
        store, lambda tx: _fresh(tx, "one"), fails, lambda tx: _fresh(tx, "two"), fails
    )
    assert [type(error) for _, error in ended] == [type(None), ValueError, type(None), ValueError]
    assert {match.id for match in store.search("Patient", []).matches} == {"one", "two"}
    store.close()


def test_a_transaction_finds_what_it_has_put_aside(tmp_path):
    """By id, by search and by a reference from what it writes later."""
    store = open_store(tmp_path)

    def work(tx):
        _fresh(tx, "a", gender="male")
        read = tx.read("Patient", "a")
        _fresh(tx, "b", link=[{"type": "refer", "other": {"reference": "Patient/a"}}])
        found = tx.search("Patient", [("link", "Patient/a")])
        return read.version, [match.id for match in found.matches]

    assert store.transact(work) == (1, ["b"])
    store.close()


def test_a_large_resource_is_written_as_a_small_one(tmp_path):
    """Only how it goes in differs."""
    store = open_store(tmp_path)
    text = "x" * (LARGE + 1)
    stored = store.transact(lambda tx: (_fresh(tx, "small"), _fresh(tx, "large", language=text)))
    assert store.read("Patient", "large").body == stored[1].body
    assert store.read("Patient", "small").version == 1
    store.close()


def test_rows_that_do_not_fit_are_refused_and_nothing_is_kept(prepared_connection):
    """A group is one statement: all of it or none."""
    prepared_connection.begin(waits=True)
    prepared_connection.put_aside(1, "x", 1, 1, "POST", "", b"{}")
    prepared_connection.put_aside(1, "x", 1, 1, "POST", "", b"{}")
    with pytest.raises(apsw.ConstraintError):
        prepared_connection.commit({"due": [(1,)]})
    prepared_connection.roll_back()
    for query in ("SELECT count(*) FROM res", "SELECT count(*) FROM s_due"):
        assert prepared_connection.execute(query).fetchone() == (0,)


def test_nobody_is_told_that_a_transaction_stands_which_the_database_has_taken_back(tmp_path):
    """An error of the disk ends it without a word: every caller of the commit gets an error."""
    store = open_store(tmp_path)
    store.transact(lambda tx: _fresh(tx, "a", gender="male"))
    writing = store._writing

    def breaks(tx):
        del tx
        writing.set_progress_handler(lambda: True, 1)
        try:
            writing.execute("UPDATE note SET value = value")
        finally:
            writing.set_progress_handler(None)

    ended = _in_one_commit(
        store,
        lambda tx: tx.put(_patient("a", gender="female")),
        breaks,
        lambda tx: _fresh(tx, "b"),
    )
    assert all(error is not None for _, error in ended)
    assert store.read("Patient", "a").version == 1
    for gender, found in (("male", ["a"]), ("female", [])):
        assert [one.id for one in store.search("Patient", [("gender", gender)]).matches] == found
    assert store.transact(lambda tx: _fresh(tx, "b")).version == 1
    store.close()


def test_a_group_that_cannot_get_the_lock_writes_nothing_at_all(tmp_path):
    """A closure that was refused it, then one that would write: both are told that the store is busy."""
    store = open_store(tmp_path)
    store.transact(lambda tx: _fresh(tx, "a"))
    other = WritingConnection(tmp_path / "isthmus.sqlite")
    store._writing.set_busy_timeout(0)
    other.execute("BEGIN IMMEDIATE")

    def would_write(tx):
        # By now the lock is free again: what is written would stand alone.
        other.roll_back()
        return tx.put(_patient("a", gender="male"))

    ended = _in_one_commit(store, lambda tx: tx.read("Patient", "a"), would_write)
    other.roll_back()
    other.close()
    assert [error.kind.code for _, error in ended] == ["transient", "transient"]
    assert store.read("Patient", "a").version == 1
    assert store.transact(lambda tx: tx.put(_patient("a", gender="male"))).version == 2
    store.close()


def test_a_place_for_a_target_does_not_take_the_key_of_the_next_resource(tmp_path):
    """Each create with a reference to what is not there runs once."""
    store = open_store(tmp_path)
    runs = []

    def refer(number):
        def work(tx):
            runs.append(number)
            other = {"reference": f"Patient/far{number}"}
            return _fresh(tx, f"p{number}", link=[{"type": "refer", "other": other}])

        return work

    for number in range(4):
        store.transact(refer(number))
    assert runs == [0, 1, 2, 3]
    store.close()
