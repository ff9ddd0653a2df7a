"""Every implementation of a port goes through the same promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.store import Store, open_store

STORES = {"sqlite": open_store}


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = STORES[request.param](tmp_path / "store")
    yield opened
    opened.close()
