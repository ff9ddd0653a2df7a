"""One gateway with the shipped model, and one with the light worker, for all journeys."""

from collections.abc import Iterator

import pytest

from tests.make_gateway import GatewayProcess


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A running gateway with the shipped CNN."""
    # Its first start makes the code systems itself.
    yield from _running(
        GatewayProcess(tmp_path_factory.mktemp("hospital"), light=False, compiled=False)
    )


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A running gateway whose worker needs no network model: for tests about the way of a study."""
    yield from _running(
        GatewayProcess(tmp_path_factory.mktemp("clinic"), light=True, lanes="imaging")
    )


def _running(gateway: GatewayProcess) -> Iterator[GatewayProcess]:
    gateway.start()
    yield gateway
    gateway.stop()
