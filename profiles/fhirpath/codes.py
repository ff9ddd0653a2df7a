"""What an expression may ask about codes (R4 fhirpath.html#functions: memberOf, subsumes, subsumedBy)."""

from typing import Protocol


class Codes(Protocol):
    """Value sets and code systems that can be asked; the definitions that ship are asked first."""

    def contains(self, value_set: str, system: str, code: str) -> bool | None:
        """Whether a code is in a value set, an empty system fits any; None where the set is not known."""
        ...

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        """Whether a code is above another of its system; None where the system is not known."""
        ...
