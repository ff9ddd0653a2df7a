"""Resources in any store: versions, searches and transactions that are true together."""

import threading

import pytest

from adapters.store import Span
from profiles.outcome import OperationOutcomeError
from profiles.search.request import understand
from profiles.strict_json import parse


def _patient(key: str, **elements: object) -> dict:
    return {"resourceType": "Patient", "id": key, **elements}


def _put(store, *resources: dict) -> None:
    store.transact(lambda tx: [tx.put(resource) for resource in resources])


def test_what_was_put_is_read_with_its_version(store):
    """Put gives version 1 with meta; read returns the same bytes."""
    stored = store.transact(lambda tx: tx.put(_patient("a", gender="other")))
    assert (1, stored.body) == (stored.version, store.read("Patient", "a").body)
    assert stored.json()["meta"]["versionId"] == "1"


def test_every_version_stays_readable(store):
    """Vread and history have old versions, the newest first."""
    for gender in ("female", "male", "other"):
        _put(store, _patient("a", gender=gender))
    assert [v.json()["gender"] for v in store.versions(Span(("Patient",), "a")).page(None, 9)] == [
        "other",
        "male",
        "female",
    ]
    assert store.vread("Patient", "a", 1).json()["gender"] == "female"


def test_deleted_is_not_absent(store):
    """A deleted resource is gone with its own error, its history stays."""
    _put(store, _patient("a"))
    store.transact(lambda tx: tx.delete("Patient", "a"))
    with pytest.raises(OperationOutcomeError) as gone:
        store.read("Patient", "a")
    with pytest.raises(OperationOutcomeError) as never:
        store.read("Patient", "b")
    assert (gone.value.kind.code, never.value.kind.code) == ("deleted", "not-found")
    assert len(store.versions(Span(("Patient",), "a")).page(None, 9)) == 2


def test_stale_version_is_not_overwritten(store):
    """if_match of an old version is a conflict and writes nothing."""
    _put(store, _patient("a"), _patient("a"))
    with pytest.raises(OperationOutcomeError):
        store.transact(lambda tx: tx.put(_patient("a", gender="male"), if_match=1))
    assert store.read("Patient", "a").version == 2


def test_a_version_may_be_amended_before_anybody_sees_it(store):
    """It keeps its number and time, and is found by its last values alone."""

    def work(tx) -> None:
        tx.put(_patient("b"))
        first = tx.put(_patient("a", gender="female", birthDate="1990"))
        again = tx.amend(_patient("a", gender="male", link=[{"other": {"reference": "Patient/b"}}]))
        assert (again.version, again.stamp, again.op) == (first.version, first.stamp, first.op)

    store.transact(work)
    assert store.read("Patient", "a").json()["meta"]["versionId"] == "1"
    assert [v.version for v in store.versions(Span(("Patient",), "a")).page(None, 9)] == [1]
    found = {
        query: store.search("Patient", [query]).total
        for query in (
            ("gender", "female"),
            ("gender", "male"),
            ("birthdate", "1990"),
            ("link", "Patient/b"),
        )
    }
    assert list(found.values()) == [0, 1, 0, 1]


def test_a_failed_transaction_leaves_nothing(store):
    """An exception rolls back all of its own work and is raised to its caller."""

    def work(tx) -> None:
        tx.put(_patient("a"))
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store.transact(work)
    assert store.search("Patient", []).total == 0


def test_a_failed_transaction_does_not_take_its_neighbours_along(store):
    """Grouped into one commit or not, other transactions are durable."""
    failures: list[Exception] = []

    def write(number: int) -> None:
        def work(tx) -> None:
            tx.put(_patient(f"p{number}"))
            if number % 3 == 0:
                raise ValueError(number)

        try:
            store.transact(work)
        except ValueError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(failures), store.search("Patient", []).total) == (10, 20)


def test_in_one_group_only_who_failed_has_written_nothing(store):
    """One that fails before it writes, one that fails after, and others before, between and behind them."""
    held, ended = threading.Event(), []
    left = threading.Semaphore(0)

    def fails(tx, *, after: bool) -> None:
        if after:
            tx.put(_patient("no"))
        raise ValueError

    def end(name: str):
        def note(result, error) -> None:
            ended.append((name, type(error).__name__))
            left.release()

        return note

    works = {
        "first": lambda tx: held.wait() and tx.put(_patient("a")),
        "early": lambda tx: fails(tx, after=False),
        "between": lambda tx: tx.put(_patient("b")),
        "late": lambda tx: fails(tx, after=True),
        "last": lambda tx: tx.put({**_patient("c"), "managingOrganization": {"reference": "x"}}),
    }
    for name, work in works.items():
        store.transact_soon(work, end(name))
    held.set()
    for _ in works:
        left.acquire()
    wrong = {name for name, error in ended if error == "ValueError"}
    assert wrong == {"early", "late"}
    assert sorted(m.id for m in store.search("Patient", []).matches) == ["a", "b", "c"]
    assert {store.read("Patient", key).version for key in "abc"} == {1}


def _two_groups(store, *behind) -> list[threading.Event]:
    """One transaction in a commit of its own, and others in the next; when each was told."""
    begun, held = threading.Event(), threading.Event()
    told = [threading.Event() for _ in range(1 + len(behind))]
    store.transact_soon(
        lambda tx: begun.set() or (held.wait() and tx.put(_patient("first"))),
        lambda result, error: told[0].set(),
    )
    begun.wait()
    for event, work in zip(told[1:], behind, strict=True):
        store.transact_soon(work, lambda result, error, event=event: event.set())
    held.set()
    return told


def test_who_was_committed_is_told_though_all_behind_fail(store):
    """An answer that waits for the next group's closures does not hang on their success."""

    def fails(tx) -> None:
        tx.put(_patient("no"))
        raise ValueError

    assert all(event.wait(20) for event in _two_groups(store, fails, fails))
    assert [m.id for m in store.search("Patient", []).matches] == ["first"]


def test_who_was_committed_does_not_wait_for_a_long_group_behind(store, monkeypatch):
    """After a moment of it they are told, long before it is committed."""
    monkeypatch.setattr("adapters.sql.writer.HELD_S", 0)
    ready, heard = threading.Event(), []
    told: list[threading.Event] = []

    def waits(tx) -> None:
        ready.wait()
        heard.append(told[0].wait(20))

    told += _two_groups(store, lambda tx: tx.put(_patient("next")), waits)
    ready.set()
    assert told[2].wait(30)
    assert heard == [True]


def test_a_fresh_id_takes_the_place_that_a_reference_has_kept(store):
    """What referred to it before it was there finds it."""
    link = [{"type": "refer", "other": {"reference": "Patient/new"}}]
    _put(store, _patient("a", link=link))
    stored = store.transact(lambda tx: tx.put(_patient("new"), op="POST", fresh=True))
    assert (stored.version, store.read("Patient", "new").op) == (1, "POST")
    found = store.search("Patient", [("link", "Patient/new")]).matches
    assert [match.id for match in found] == ["a"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ([("identifier", "https://h.example|1")], ["a"]),
        ([("identifier", "1")], ["a", "b"]),
        ([("identifier", "https://h.example|")], ["a"]),
        ([("family", "ex")], ["a"]),
        ([("family", "ex,other")], ["a", "b"]),
        ([("family", "ex"), ("gender", "female")], ["a"]),
        ([("family", "ex"), ("gender", "male")], []),
        ([("birthdate", "1970")], ["a"]),
        ([("birthdate", "ge1980-01-01")], ["b"]),
        ([("birthdate", "ne1970-05-05")], ["b"]),
        ([("_id", "a,b,c")], ["a", "b"]),
    ],
)
def test_search_finds_what_matches_every_parameter(store, query, found):
    """Tokens, strings and dates; commas are OR, repeated parameters are AND."""
    first = {"system": "https://h.example", "value": "1"}
    _put(
        store,
        _patient(
            "a",
            identifier=[first],
            name=[{"family": "Example"}],
            gender="female",
            birthDate="1970-05-05",
        ),
        _patient("b", identifier=[{"value": "1"}], name=[{"family": "Other"}], birthDate="1980-06"),
    )
    assert found == sorted(match.id for match in store.search("Patient", query).matches)


def test_references_are_found_by_their_target(store):
    """A reference parameter finds who points to a resource."""
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "subject": {"reference": "Patient/a"},
        "result": [{"reference": "Observation/o"}],
    }
    _put(store, report)
    assert store.search("DiagnosticReport", [("subject", "Patient/a")]).total == 1
    assert store.transact(lambda tx: tx.find("DiagnosticReport", "result", "Observation/o")) == [
        "r"
    ]


def test_pages_say_whether_there_is_more(store):
    """Pages of two out of five: total, more, and nothing twice."""
    _put(store, *(_patient(f"p{n}") for n in range(5)))
    pages = [store.search("Patient", [], count=2)]
    while pages[-1].after is not None:
        wanted = understand(("Patient",), [("_count", "2")], store.registry)
        pages.append(store.run(wanted, after=pages[-1].after))
    assert [len(page.matches) for page in pages] == [2, 2, 1]
    assert 5 == pages[0].total == len({m.id for page in pages for m in page.matches})


def test_unknown_parameters_are_handed_back(store):
    """What was not used is said, not swallowed."""
    page = store.search("Patient", [("colour", "red"), ("gender", "male")])
    assert (page.used, page.ignored) == ((("gender", "male"),), (("colour", "red"),))


def test_malformed_values_are_refused(store):
    """A date that is none is an error, not an empty result."""
    with pytest.raises(OperationOutcomeError):
        store.search("Patient", [("birthdate", "yesterday")])


@pytest.mark.parametrize(
    "members",
    [
        ("resourceType", "active", "meta", "id", "gender"),
        ("id", "gender", "resourceType", "meta", "active"),
    ],
)
def test_members_stay_in_the_order_of_the_client(store, members):
    """Even id and meta, whose version is ours, keep their places."""
    values = {"resourceType": "Patient", "id": "a", "active": True, "gender": "male"}
    values["meta"] = {"versionId": "7", "tag": [{"code": "x"}]}
    store.transact(lambda tx: tx.put({name: values[name] for name in members}))
    kept = store.read("Patient", "a").json()
    assert tuple(kept) == members
    assert list(kept["meta"]) == ["versionId", "tag", "lastUpdated"]


def test_bytes_stay_as_they_came(store):
    """The precision of a decimal and the order of members survive."""
    body = b'{"resourceType":"Patient","id":"a","extension":[{"valueDecimal":1.500,"url":"https://x.example"}]}'
    store.transact(lambda tx: tx.put(parse(body)))
    kept = store.read("Patient", "a").body
    assert b'{"valueDecimal":1.500,"url"' in kept


def test_threads_that_come_and_go_leave_no_connection_behind(store):
    """More of them than a database has connections, one after the other."""
    store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "a"}))
    found: list[int] = []
    for _ in range(80):
        thread = threading.Thread(target=lambda: found.append(store.read("Patient", "a").version))
        thread.start()
        thread.join()
    assert found == [1] * 80


def test_the_store_knows_each_label_that_anything_has(store):
    """Coded or only named; a name that a code goes with is no label of its own."""
    coded = {"system": "https://t", "code": "x", "display": "Named"}
    labels = [coded, {"display": "Named"}, {"display": "named"}, {"display": "Named"}]
    for at, tag in enumerate(labels):
        resource = {"resourceType": "Patient", "id": f"p{at}", "meta": {"tag": [tag]}}
        store.transact(lambda tx, one=resource: tx.put(one))
    found = [tag for meta in store.metas(["Patient"]) for tag in meta["tag"]]
    assert found == labels[:3]
