"""A gateway of its own process for live clients."""

from collections.abc import Iterator

import pytest

from tests.make_gateway import GatewayProcess


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A running gateway without a recogniser."""
    folder = tmp_path_factory.mktemp("live")
    gateway = GatewayProcess(folder, light=False, lanes="speech,scribe", models=folder / "models")
    gateway.start()
    yield gateway
    gateway.stop()
