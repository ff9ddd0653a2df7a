"""One constraint, a resource that breaks it and a near twin that does not."""

from dataclasses import dataclass
from typing import Any

Members = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What a constraint is shown with.

    Parameters
    ----------
    key : str
        As in the definitions of R4, ``per-1``.
    place : str
        FHIRPath of the element that breaks it.
    base : dict
        What both resources have.
    broken, twin : dict
        Members that the resource has beside these when it breaks the constraint, and when it does not.
    """

    key: str
    place: str
    base: Members
    broken: Members
    twin: Members

    @property
    def breaks(self) -> Members:
        """The resource that has to be refused."""
        return {**self.base, **self.broken}

    @property
    def passes(self) -> Members:
        """The resource that has to be taken."""
        return {**self.base, **self.twin}


def of(kind: str, /, **members: Any) -> Members:
    """A resource."""
    return {"resourceType": kind, **members}
