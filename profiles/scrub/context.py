"""What a scrub is given beside the Claim: the edit tables of the site, and what is known around the Claim."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class EditTables:
    """The tables of a site; every rule whose table is absent stays silent."""


@dataclass(frozen=True, slots=True)
class ScrubContext:
    """What is known around a Claim.

    Parameters
    ----------
    today : str
        ISO date of the scrub.
    resources : mapping of str to mapping
        Patient, Coverages, Conditions and other resources that the Claim refers to, by reference
        (``Patient/1``).
    complete : bool
        Whether ``resources`` holds whatever of them exists here: what is absent then does not exist.
    earlier : tuple of mapping
        Other Claims of the same patient that were sent or received, for the search of duplicates.
    """

    today: str
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    complete: bool = False
    earlier: tuple[Mapping[str, Any], ...] = ()
