"""What the evaluation of an expression may cost, when somebody outside has written it.

Nested iterations multiply: three words ask for billions of nodes. Nodes are counted, because they are
memory, and processor time is looked at, because what happens between two nodes may be long.
"""

from time import thread_time
from typing import Final

from profiles.outcome import OperationOutcomeError

MOST_NODES: Final = 1_000_000
"""Nodes that all iterations of one evaluation go through."""
MOST_SECONDS: Final = 2.0
"""Processor time of one evaluation."""
LONGEST_TEXT: Final = 1 << 20
"""Characters of a text that an expression makes (R4 datatypes.html#string)."""


class Meter:
    """Counts what one evaluation has cost."""

    __slots__ = ("_left", "_until")

    def __init__(self, nodes: int = MOST_NODES, seconds: float = MOST_SECONDS) -> None:
        self._left = nodes
        self._until = thread_time() + seconds

    def spend(self, nodes: int) -> None:
        """Count nodes (``too-costly`` when there are too many, or when it takes too long)."""
        self._left -= nodes
        if self._left < 0 or thread_time() > self._until:
            raise OperationOutcomeError("too-costly", "FHIRPath: the expression asks for too much")


def require_short(length: int) -> None:
    """Refuse a text that an expression would make too long (``too-costly``)."""
    if length > LONGEST_TEXT:
        raise OperationOutcomeError("too-costly", "FHIRPath: a text becomes too long")
