"""What a call or a form decides, before it is known whether it fits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from profiles.outcome import OperationOutcomeError


@dataclass(frozen=True, slots=True)
class Decision:
    """The parameters of ``Task/$decide``, however they came.

    Parameters
    ----------
    word : str
        ``accepted``, ``modified`` or ``rejected``; empty while only codes of a Claim or sections
        of a note are decided.
    performer : Reference
        Who decides.
    reason, version, override : str or None
        Why; the version that the person saw; why errors of the scrub do not count.
    resources : tuple of resources
        Edits of a report.
    codes : tuple of mappings
        Parts of each decision on a code, by name.
    sections : tuple of mappings
        Parts of each decision on a section of a note, by name.
    speakers : tuple of mappings
        Parts of each correction of who speaks in a visit, by name.
    """

    word: str
    performer: dict[str, Any]
    reason: str | None = None
    version: str | None = None
    override: str | None = None
    resources: tuple[dict[str, Any], ...] = ()
    codes: tuple[Mapping[str, list[Any]], ...] = ()
    sections: tuple[Mapping[str, list[Any]], ...] = ()
    speakers: tuple[Mapping[str, list[Any]], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a decision that nobody stands for (``required``)."""
        if not self.performer.get("display") and not self.performer.get("reference"):
            raise OperationOutcomeError(
                "required", "a decision needs a named person: the parameter performer", "performer"
            )
