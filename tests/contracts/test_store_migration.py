"""A store of the second schema is brought forward, in either database."""

import logging

import pytest

from adapters.store import open_store
from profiles.outcome import OperationOutcomeError
from tests.contracts.conftest import STORES
from tests.make_postgres import new_database

SECOND = (
    "DROP INDEX hist_recent",
    "ALTER TABLE hist DROP COLUMN until",
    "CREATE INDEX hist_recent ON hist (ts, pk, ver)",
    "DROP TABLE s_tok",
    "DROP INDEX s_num_range",
    "DROP INDEX s_qty_range",
    *(f"DROP TABLE {name}" for name in ("s_sys", "s_due", "s_part", "s_words")),
    "CREATE TABLE s_tok (sp BIGINT NOT NULL, val TEXT NOT NULL, pk BIGINT NOT NULL, sys BIGINT NOT NULL, "
    "PRIMARY KEY (sp, val, pk, sys))",
    "UPDATE note SET value = 'of the second schema' WHERE name = 'index'",
)


PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "identifier": [{"system": "https://h.example", "value": "Ab"}],
    "text": {"status": "generated", "div": "<div>likes chess</div>"},
    "name": [{"family": "Novak"}],
}


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest) -> str:
    """As for every contract, but of its own: here the schema itself is changed."""
    if request.param == "sqlite":
        return ""
    return new_database(request.getfixturevalue("postgres_server"))


def _made_second(folder, database: str) -> list[tuple[int, int]]:
    """A store of the second schema; until when each old version was current."""
    store = open_store(folder, database=database)
    for gender in ("male", "female", "other"):
        store.transact(lambda tx, g=gender: tx.put({**PATIENT, "gender": g}))
    connection = store._engine.connect()
    current = connection.execute("SELECT ver, until FROM hist ORDER BY ver").fetchall()
    for statement in SECOND:
        connection.execute(statement)
    if database:
        connection.execute("UPDATE note SET value = '2' WHERE name = 'schema'")
    else:
        connection.execute("DROP TABLE s_grams")
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    store.close()
    return list(current)


def test_the_versions_of_the_second_schema_know_until_when_they_were_current(database, tmp_path):
    """Each until the next one was written; the last until the current one."""
    expected = _made_second(tmp_path / "store", database)
    store = open_store(tmp_path / "store", database=database)
    connection = store._engine.connect()
    found = connection.execute("SELECT ver, until FROM hist ORDER BY ver").fetchall()
    connection.close()
    store.close()
    assert list(found) == expected
    assert len(expected) == 2


def test_a_store_of_the_second_schema_finds_what_it_has_by_the_new_index(
    database, tmp_path, caplog
):
    """Tokens without case, systems, words and parts of names; the log says how far it is, by counts."""
    _made_second(tmp_path / "store", database)
    with caplog.at_level(logging.INFO, logger="isthmus.store"):
        store = open_store(tmp_path / "store", database=database)
    for name, value in (
        ("identifier", "https://h.example|aB"),
        ("identifier", "https://h.example|"),
        ("_text", "chess"),
        ("_content", "chess"),
        ("family:contains", "ova"),
    ):
        assert store.search("Patient", [(name, value)]).total == 1, name
    assert "indexed 1 of 1 resources anew" in caplog.text
    assert "Novak" not in caplog.text
    store.close()


def test_a_store_that_was_brought_forward_is_opened_as_it_is(database, tmp_path, caplog):
    """The second start has nothing to do."""
    _made_second(tmp_path / "store", database)
    open_store(tmp_path / "store", database=database).close()
    with caplog.at_level(logging.INFO, logger="isthmus.store"):
        open_store(tmp_path / "store", database=database).close()
    assert caplog.text == ""


def test_the_store_of_a_newer_program_is_refused(database, tmp_path):
    """Neither database is written in an older way."""
    store = open_store(tmp_path / "store", database=database)
    connection = store._engine.connect()
    if database:
        connection.execute("UPDATE note SET value = '999' WHERE name = 'schema'")
    else:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    store.close()
    with pytest.raises(OperationOutcomeError) as refused:
        open_store(tmp_path / "store", database=database)
    assert refused.value.kind.code == "not-supported"


def test_a_store_of_this_schema_gets_the_indexes_that_it_should_have(database, tmp_path):
    """One that it lacked, and not one that it had; opening it again changes nothing more."""
    store = open_store(tmp_path / "store", database=database)
    dated = {"resourceType": "Encounter", "id": "e", "period": {"start": "2020", "end": "2023"}}
    store.transact(lambda tx: tx.put(dated))
    connection = store._engine.connect()
    connection.execute("DROP INDEX s_dat_long")
    connection.execute("CREATE INDEX s_dat_hi ON s_dat (sp, hi, pk)")
    connection.close()
    store.close()
    asked = [("date", "ge2021-01-01"), ("date", "lt2021-02-01")]
    for _ in range(2):
        store = open_store(tmp_path / "store", database=database)
        assert [match.id for match in store.search("Encounter", asked).matches] == ["e"]
        connection = store._engine.connect()
        # A name that is taken cannot be made again.
        with pytest.raises(store._engine.error):
            connection.execute("CREATE INDEX s_dat_long ON s_dat (hi)")
        with pytest.raises(store._engine.error):
            connection.execute("DROP INDEX s_dat_hi")
        connection.close()
        store.close()
