"""Every implementation of a port goes through the same promises."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.store import Store, open_store
from tests.make_postgres import binaries, lent_database, running_server

STORES = ("postgres", "sqlite")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server for the session; skipped, and said so, where none is installed."""
    if binaries() is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("PostgreSQL is not installed")
    with running_server() as address:
        yield address


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of an empty database of each kind; empty for the embedded one."""
    if request.param == "sqlite":
        yield ""
        return
    with lent_database(request.getfixturevalue("postgres_server")) as address:
        yield address


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = open_store(tmp_path / "store", database=database)
    yield opened
    opened.close()
