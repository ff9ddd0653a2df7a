"""Full text and parts of texts in any store: what an expression finds, and that it is never behind."""

import threading

import pytest

from adapters.sql import words as following
from adapters.store import Store, open_store
from profiles.outcome import OperationOutcomeError
from tests.contracts.search_plans import PLANS, force
from tests.make_postgres import bare_database

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def _condition(key: str, said: str, note: str = "") -> dict:
    return {
        "resourceType": "Condition",
        "id": key,
        "subject": {"reference": "Patient/p"},
        "text": {"status": "generated", "div": f"<div {XHTML}>{said}</div>"},
        **({"note": [{"text": note}]} if note else {}),
    }


RECORD = [
    _condition("bone", "Bone <b>metastases</b>, left femur"),
    _condition("liver", "Metastases of the liver &amp; spleen", "seen by Dr. M\u00fcller"),
    _condition("lung", "Lung tumour; no metastases-free year"),
    _condition("none", "Healthy liver", 'the "liver" AND bone'),
    _condition("kanji", "\u809d\u81d3\u8ee2\u79fb"),
    {
        "resourceType": "Observation",
        "id": "note",
        "status": "final",
        "code": {"text": "Liver"},
        "valueQuantity": {"value": 7.25, "unit": "mg/dL"},
        "note": [{"text": "x" * 300}],
    },
]

FOUND = [
    # the example of R4 search.html
    ("_text", "(bone OR liver) and metastases", "bone liver"),
    ("_text", "metastases", "bone liver lung"),
    ("_text", "METASTASES liver", "liver"),
    ("_text", "metastases AND NOT liver", "bone lung"),
    ("_text", "metastases not (liver or lung)", "bone"),
    ("_text", "NOT metastases", "kanji none"),
    ("_text", "NOT NOT healthy", "none"),
    ("_text", "healthy OR NOT metastases", "kanji none"),
    ("_text", "bone,lung", "bone lung"),
    ("_text", '"bone metastases"', "bone"),
    ("_text", '"metastases bone"', ""),
    ("_text", '"left femur" OR "of the liver"', "bone liver"),
    ("_text", "metastases-free", "lung"),
    ("_text", "metastas*", "bone liver lung"),
    ("_text", "metastas", ""),
    ("_text", "amp", ""),
    ("_text", "b", ""),
    ("_text", "xhtml", ""),
    ("_text", "muller", ""),
    ("_text", "\u8ee2\u79fb", "kanji"),
    ("_text", "((((lung))))", "lung"),
    ("_content", "muller", "liver"),
    ("_content", "M\u00dcLLER", "liver"),
    ("_content", "bone", "bone none"),
    ("_content", "bone healthy", "none"),
    ("_content", "generated", ""),
    ("_content", "patient p", "bone kanji liver lung none"),
    ("_content", "'; DROP TABLE res; --", ""),
    ("_content", 'content : "bone"', ""),
    ("_content", "bone:*", "bone none"),
    ("_content", "NEAR(bone liver)", ""),
    ("_content", "^bone & ! | <-> \\\\ %", "bone none"),
]


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with a few narratives."""
    store.transact(lambda tx: [tx.put(resource) for resource in RECORD])
    return store


def _found(store: Store, kind: str, name: str, value: str) -> str:
    return " ".join(sorted(match.id for match in store.search(kind, [(name, value)]).matches))


def test_an_expression_finds_what_it_says(filled, monkeypatch):
    """Operators, quotations, beginnings and letters of any script, listed and walked; signs mean nothing."""
    for plan in PLANS:
        force(monkeypatch, plan)
        wrong = {}
        for name, value, wanted in FOUND:
            found = _found(filled, "Condition", name, value)
            if found != wanted:
                wrong[name, value] = found
        assert wrong == {}


def test_content_is_everything_with_numbers(filled):
    """A value, a unit; of another type nothing."""
    assert _found(filled, "Observation", "_content", "7.25 mg/dL") == "note"
    assert _found(filled, "Observation", "_content", "liver") == "note"
    assert _found(filled, "Observation", "_content", "x" * 300) == "note"
    assert _found(filled, "Patient", "_content", "liver") == ""


@pytest.mark.parametrize(
    "value",
    [
        "(bone",
        "bone)",
        '"bone',
        "bone AND",
        "OR bone",
        "NOT",
        "and",
        "()",
        "!!!",
        "a " * 65,
        "(" * 40 + "a",
    ],
)
def test_an_expression_without_sense_is_refused(filled, value):
    """With its name and without its words, not with an error of the database."""
    for name in ("_text", "_content"):
        with pytest.raises(OperationOutcomeError) as refused:
            filled.search("Condition", [(name, value)])
        assert refused.value.kind.http in (400, 413)
        assert "bone" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        "a\0b",
        "\0",
        "\ud7ff\uffff",
        "'",
        '"',
        "%",
        "_",
        "\\",
        "*",
        "a*b",
        "{",
        "}",
        "[a]",
        ":",
        "-a",
        "+a",
        "$$",
    ],
)
def test_no_text_brings_a_search_down(filled, value):
    """What a database has a meaning for is answered or refused."""
    named = {"name": [{"family": "Novak"}], "identifier": [{"system": "urn:x", "value": "1"}]}
    filled.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "p", **named}))
    filled.transact(
        lambda tx: tx.put(
            {"resourceType": "ValueSet", "id": "v", "status": "active", "url": "urn:v"}
        )
    )
    refused: set[int] = set()
    for kind, name in (
        ("Condition", "_text"),
        ("Condition", "_content"),
        ("Patient", "family:contains"),
        ("Patient", "family"),
        ("Patient", "identifier"),
        ("Patient", "identifier:of-type"),
        ("Patient", "_id"),
        ("Condition", "subject"),
        ("ValueSet", "url"),
        ("ValueSet", "url:below"),
        ("Observation", "code:text"),
        ("ValueSet", "url:contains"),
    ):
        try:
            filled.search(kind, [(name, value)])
        except OperationOutcomeError as error:
            refused.add(error.kind.http)
    assert refused <= {400}


def test_words_follow_each_version(filled):
    """Old words go with the old version and all of them with a deletion, also inside one transaction."""
    filled.transact(lambda tx: tx.put(_condition("bone", "Fracture")))
    assert _found(filled, "Condition", "_text", "femur") == ""
    assert _found(filled, "Condition", "_text", "fracture") == "bone"

    def work(tx) -> list[int]:
        tx.put(_condition("new", "Fracture of the hip"))
        tx.delete("Condition", "bone")
        return [match.id for match in tx.search("Condition", [("_text", "fracture")]).matches]

    assert filled.transact(work) == ["new"]
    assert _found(filled, "Condition", "_content", "fracture") == "new"


def test_what_was_rolled_back_is_written_when_it_comes_again(filled):
    """A text that was indexed in a transaction that failed is indexed by the next one."""
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Montgomery"}]}

    def failing(tx) -> None:
        tx.put(patient)
        assert tx.search("Patient", [("family:contains", "gomer")]).total == 1
        raise OperationOutcomeError("invalid", "on purpose")

    with pytest.raises(OperationOutcomeError):
        filled.transact(failing)
    assert _found(filled, "Patient", "family:contains", "gomer") == ""
    filled.transact(lambda tx: tx.put(patient))
    assert _found(filled, "Patient", "family:contains", "gomer") == "p"


def test_parts_of_texts_are_found_in_any_case(filled):
    """Of strings and addresses, of two letters or twenty, and not where the text has changed."""
    value_set = {"resourceType": "ValueSet", "id": "v", "status": "active"}
    filled.transact(lambda tx: tx.put({**value_set, "url": "https://Vs.example/A_b/50%"}))
    for part in ("VS.EXAMPLE", "a_B", "50%", "/5", "https://vs.example/a_b/50%"):
        assert _found(filled, "ValueSet", "url:contains", part) == "v", part
    for part in ("a%b", "a.b", "50_", "vs.example/ab"):
        assert _found(filled, "ValueSet", "url:contains", part) == "", part
    assert _found(filled, "Observation", "code:text", "IVE") == "note"
    filled.transact(lambda tx: tx.put({**value_set, "url": "https://other.example"}))
    assert _found(filled, "ValueSet", "url:contains", "VS.EXAMPLE") == ""


def test_many_resources_are_caught_up_in_pieces(store, monkeypatch):
    """More than one piece is due, several callers ask at once: each finds all."""
    monkeypatch.setattr("adapters.store.BATCH", 3)
    store.transact(lambda tx: [tx.put(_condition(f"c{n}", "one of many")) for n in range(20)])
    totals: list[int | None] = []

    def ask() -> None:
        totals.append(store.search("Condition", [("_text", "many")]).total)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [20] * 4


def test_a_search_does_not_wait_for_what_would_take_long(store, monkeypatch):
    """It says how much is not indexed yet and knows no total; a write that depends on it is refused."""
    for module in ("adapters.store", "adapters.sql.transaction"):
        monkeypatch.setattr(f"{module}.BATCH", 3)
        monkeypatch.setattr(f"{module}.MOST_AWAITED", 8)
    store.transact(lambda tx: [tx.put(_condition(f"c{n}", "one of many")) for n in range(15)])
    assert store.status()["words_waiting"] == 15
    asked = [("_text", "many")]
    with pytest.raises(OperationOutcomeError) as refused:
        store.transact(lambda tx: tx.search("Condition", asked))
    assert refused.value.kind.http == 503
    first = store.search("Condition", asked)
    assert (first.unindexed, first.total, len(first.matches)) == (12, None, 3)
    pages = [store.search("Condition", asked) for _ in range(3)]
    assert [(page.unindexed, page.total) for page in pages] == [(9, None), (6, None), (0, 15)]
    assert store.status()["words_waiting"] == 0
    assert store.transact(lambda tx: tx.search("Condition", asked)).total == 15


def test_a_store_that_is_written_all_the_time_catches_up_between(database, tmp_path, monkeypatch):
    """One write after the other, never an idle moment: what was due is indexed in small pieces."""
    monkeypatch.setattr("adapters.sql.writer.IDLE_S", 1000)
    monkeypatch.setattr("adapters.sql.writer.BETWEEN_S", 0)
    store = open_store(tmp_path / "store", database=database)
    store.transact(lambda tx: [tx.put(_condition(f"c{n}", "one")) for n in range(100)])
    for number in range(10):
        store.transact(lambda tx, at=number: tx.put(_condition(f"c{at}", "two")))
    store.transact(lambda tx: None)
    assert store.status()["words_waiting"] <= following.SMALL_PIECE
    store.close()


def test_an_idle_store_catches_up_on_its_own(database, tmp_path, monkeypatch):
    """Nobody asks, and yet nothing stays due."""
    monkeypatch.setattr("adapters.sql.writer.IDLE_S", 0.01)
    store = open_store(tmp_path / "store", database=database)
    store.transact(lambda tx: [tx.put(_condition(f"c{n}", "one")) for n in range(3)])
    connection = store._engine.connect()
    while following.is_due(connection):
        store.wait_for_change(0.05)
    connection.close()
    store.close()


def test_a_store_that_is_asked_all_the_time_catches_up_in_small_pieces(
    database, tmp_path, monkeypatch
):
    """Reads do not wait for a long piece, and still nothing stays due."""
    monkeypatch.setattr("adapters.sql.writer.IDLE_S", 0.5)
    monkeypatch.setattr("adapters.sql.writer.ASKED_BREATH_S", 0.01)
    sizes = []
    catch_up = following.WordIndex.catch_up
    monkeypatch.setattr(
        following.WordIndex,
        "catch_up",
        lambda self, most: sizes.append(most) or catch_up(self, most),
    )
    store = open_store(tmp_path / "store", database=database)
    assert store.search("Condition", []).matches == ()
    connection = store._engine.connect()
    store.transact(lambda tx: [tx.put(_condition(f"c{n}", "one")) for n in range(100)])
    while following.is_due(connection):
        assert store.read("Condition", "c0").version == 1
    connection.close()
    store.close()
    assert sizes[0] == following.SMALL_PIECE
    assert len(sizes) > 1


def test_a_lane_leaves_what_is_due_to_the_gateway(database, tmp_path, monkeypatch):
    """Its store does nothing of its own, and catches up when it is asked for words."""
    monkeypatch.setattr("adapters.sql.writer.IDLE_S", 0)
    store = open_store(tmp_path / "store", database=database, tends=False)
    for number in range(3):
        store.transact(lambda tx, n=number: tx.put(_condition(f"c{n}", "one")))
    connection = store._engine.connect()
    assert following.is_due(connection)
    connection.close()
    assert len(store.search("Condition", [("_content", "one")]).matches) == 3
    store.close()


def test_without_trigrams_parts_of_texts_are_found_all_the_same(
    postgres_server, tmp_path, monkeypatch, caplog
):
    """A server that has no pg_trgm: the log says that there is no index for it."""
    monkeypatch.setattr(
        "adapters.postgres.schema.TRIGRAMS", ("CREATE EXTENSION isthmus_has_no_such_extension",)
    )
    store = open_store(tmp_path / "store", database=bare_database(postgres_server))
    assert "pg_trgm is not available" in caplog.text
    store.transact(lambda tx: [tx.put(resource) for resource in RECORD])
    assert _found(store, "Observation", "code:text", "IVE") == "note"
    store.close()


def test_words_of_what_is_contained_are_found_where_it_is_met(filled):
    """By chains, not by a search for its type; they go when it is contained no more."""
    inner = {"resourceType": "Patient", "id": "in", "name": [{"family": "Montgomery"}]}
    outer = {
        "resourceType": "Condition",
        "id": "outer",
        "contained": [inner],
        "subject": {"reference": "#in"},
    }
    filled.transact(lambda tx: tx.put(outer))
    for name in ("subject:Patient._content", "patient.family:contains"):
        assert _found(filled, "Condition", name, "montgomery") == "outer"
    assert _found(filled, "Patient", "_content", "montgomery") == ""
    filled.transact(lambda tx: tx.put(_condition("outer", "nothing")))
    assert _found(filled, "Condition", "subject:Patient._content", "montgomery") == ""
