"""A store that an older program wrote is brought forward when it is opened."""

import apsw
import orjson
import pytest

from adapters.store import Span, open_store
from profiles.outcome import OperationOutcomeError

PATIENT = {"resourceType": "Patient", "id": "a"}
FIRST = """
CREATE TABLE res (pk INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, ver INTEGER NOT NULL,
    ts INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL, UNIQUE (type, id));
CREATE INDEX res_recent ON res (type, ts, pk);
CREATE TABLE hist (pk INTEGER NOT NULL, ver INTEGER NOT NULL, ts INTEGER NOT NULL, deleted INTEGER NOT NULL,
    body BLOB NOT NULL, PRIMARY KEY (pk, ver)) WITHOUT ROWID;
CREATE TABLE dict (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE s_tok (sp INTEGER, val TEXT, sys TEXT, pk INTEGER);
CREATE TABLE s_str (sp INTEGER, val TEXT, pk INTEGER);
CREATE TABLE s_ref (sp INTEGER, val TEXT, pk INTEGER);
CREATE TABLE s_dat (sp INTEGER, lo INTEGER, hi INTEGER, pk INTEGER);
CREATE TABLE study (pk INTEGER PRIMARY KEY);
CREATE TABLE instance (pk INTEGER PRIMARY KEY);
CREATE TABLE job (task_id TEXT PRIMARY KEY, owner TEXT);
PRAGMA user_version = 1;
"""


def _first_store(folder) -> None:
    folder.mkdir()
    connection = apsw.Connection(str(folder / "isthmus.sqlite"))
    connection.execute(FIRST)
    old = {"resourceType": "Patient", "id": "a", "gender": "male"}
    new = {**old, "gender": "female", "managingOrganization": {"reference": "Organization/o"}}
    connection.execute(
        "INSERT INTO res VALUES (1, 'Patient', 'a', 2, 2000, 0, ?)", (orjson.dumps(new),)
    )
    connection.execute("INSERT INTO hist VALUES (1, 1, 1000, 0, ?)", (orjson.dumps(old),))
    connection.close()


def test_resources_and_versions_of_the_first_schema_stay_and_are_indexed_anew(tmp_path):
    """Both versions are read, the current one is found by what it says, a link has its place."""
    _first_store(tmp_path / "store")
    store = open_store(tmp_path / "store")
    versions = [
        version.json()["gender"]
        for version in store.versions(Span(("Patient",), "a")).page(None, 9)
    ]
    assert versions == ["female", "male"]
    assert store.search("Patient", [("gender", "female")]).total == 1
    assert store.search("Patient", [("organization", "Organization/o")]).total == 1
    store.close()


def test_the_store_of_a_newer_program_is_left_alone(tmp_path):
    """It is refused instead of being written in an older way."""
    open_store(tmp_path).close()
    connection = apsw.Connection(str(tmp_path / "isthmus.sqlite"))
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(OperationOutcomeError):
        open_store(tmp_path)
