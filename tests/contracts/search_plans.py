"""The ways in which a search may be run, forced: what it finds must not depend on them."""

from typing import Final

import pytest

BOUNDS: Final = {
    "listed": {"FEW": 1000, "PASSED": 40, "MANY": 5000},
    "walked": {"FEW": 0, "PASSED": 1, "MANY": 0},
    "listed after a walk": {"FEW": 0, "PASSED": 1, "MANY": 5000},
    "walked nearby": {"FEW": 0, "PASSED": 40, "MANY": 0},
}
PLANS: Final = tuple(BOUNDS)


def force(monkeypatch: pytest.MonkeyPatch, plan: str) -> None:
    """Run searches in one of the ways from here on."""
    for name, value in BOUNDS[plan].items():
        monkeypatch.setattr(f"adapters.sql.search.run.{name}", value)
