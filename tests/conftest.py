"""How patient the suite is, and how it is shared out where several processes run it (``pytest -n``).

What starts gateways of its own, kills them or measures runs in one process, first and one after the other:
it asks for the whole machine, and it is what takes longest. What needs a PostgreSQL server shares one.
Everything else goes by file to whoever is free.
"""

import importlib
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

GROUPS = {
    "tests/journeys": "gateways",
    "tests/live": "gateways",
    "tests/conformance/test_bench": "gateways",
    "tests/contracts": "stores",
    "tests/payer": "stores",
}


# A machine that is busy makes no test fail: an example that is slow is not a fault.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def _group(nodeid: str) -> str:
    found = (group for start, group in GROUPS.items() if nodeid.startswith(start))
    return next(found, nodeid.partition("::")[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first where others can run beside it."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        order = list(dict.fromkeys(GROUPS.values()))
        items.sort(key=lambda item: (*order, _group(item.nodeid)).index(_group(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole groups, in the order of the tests."""
    scope = importlib.import_module("xdist.scheduler").LoadScopeScheduling

    class Groups(scope):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    config.option.loadscopereorder = False
    return Groups(config, log)
