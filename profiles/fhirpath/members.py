"""The members of a collection, to ask whether one equals a value (FHIRPath N1 5.3, 6.4)."""

from collections.abc import Callable, Iterable
from typing import Any

from profiles.fhirpath.nodes import Node, unwrapped
from profiles.fhirpath.operators import equal_values, number
from profiles.fhirpath.quantities import Quantity
from profiles.fhirpath.temporal import Temporal

Spend = Callable[[int], None]
_COMPARISONS = 16
"""Comparisons that cost as much as a node."""


def _free(nodes: int) -> None:
    del nodes


class Members:
    """Values that were added; texts, numbers and elements are found by their hash.

    Dates and quantities are compared one by one, since a hash knows nothing of zones, precision and units.

    Parameters
    ----------
    nodes : iterable of Node
        What is added first.
    spend : callable
        Told what the comparisons cost.
    """

    def __init__(self, nodes: Iterable[Node] = (), spend: Spend | None = None) -> None:
        self._keys: set[Any] = set()
        self._compared: list[Any] = []
        self._numbers: list[Any] = []
        self._spend = spend or _free
        for node in nodes:
            self.add(unwrapped(node))

    def __contains__(self, value: Any) -> bool:
        if isinstance(value, Temporal):
            return self._equals_one_of(value, self._compared)
        if isinstance(value, Quantity):
            return self._equals_one_of(value, [*self._compared, *self._numbers])
        if key_of(value) in self._keys:
            return True
        return number(value) and self._equals_one_of(value, self._compared)

    def _equals_one_of(self, value: Any, others: list[Any]) -> bool:
        self._spend(len(others) // _COMPARISONS)
        return any(equal_values(value, one) is True for one in others)

    def add(self, value: Any) -> None:
        """Add a value."""
        if isinstance(value, Temporal | Quantity):
            self._compared.append(value)
            return
        self._keys.add(key_of(value))
        if number(value):
            self._numbers.append(value)


def distinct(nodes: Iterable[Node], spend: Spend | None = None) -> list[Node]:
    """The members without those that equal an earlier one."""
    seen = Members((), spend)
    kept: list[Node] = []
    for node in nodes:
        value = unwrapped(node)
        if value not in seen:
            kept.append(node)
            seen.add(value)
    return kept


def key_of(value: Any) -> Any:
    """A key that equal texts, numbers, truth values and elements have in common."""
    if isinstance(value, dict):
        return tuple(sorted((name, key_of(inner)) for name, inner in value.items()))
    if isinstance(value, list):
        return tuple(map(key_of, value))
    return (isinstance(value, bool), isinstance(value, str), value)
