"""The ways in which a search may be run, forced, and its pages: what it finds must not depend on them."""

from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from adapters.store import SearchPage, Store
from profiles.search.request import understand

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


def pages(
    store: Store, kinds: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> Iterator[SearchPage]:
    """Every page of a search, each asked for where the one before ended."""
    after = None
    while True:
        page = store.run(understand(tuple(kinds), pairs, store.registry), after=after)
        yield page
        after = page.after
        if after is None:
            return
