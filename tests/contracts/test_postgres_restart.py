"""A database server that was restarted is used again, without a restart of the gateway."""

import importlib.util

import pytest

from adapters.store import open_store
from tests.make_postgres import binaries, new_database, restarted, running_server


def test_reads_and_writes_go_on_after_a_restart_of_the_server(tmp_path):
    """The first write after it may fail and says so; nothing acknowledged is lost."""
    if binaries() is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("PostgreSQL is not installed")
    with running_server() as server:
        store = open_store(tmp_path / "store", database=new_database(server))
        store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "a"}))
        assert store.read("Patient", "a").version == 1
        restarted(server)
        assert store.read("Patient", "a").version == 1
        store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "a"}))
        assert store.read("Patient", "a").version == 2
        store.close()
