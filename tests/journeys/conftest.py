"""One gateway with the shipped model, and one with the light worker, for all journeys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.make_gateway import GatewayProcess


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A running gateway with the shipped CNN."""
    yield from _running(tmp_path_factory.mktemp("hospital"), light=False)


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A running gateway whose worker needs no network model: for tests about the way of a study."""
    yield from _running(tmp_path_factory.mktemp("clinic"), light=True)


def _running(folder: Path, *, light: bool) -> Iterator[GatewayProcess]:
    gateway = GatewayProcess(folder, light=light)
    gateway.start()
    yield gateway
    gateway.stop()
