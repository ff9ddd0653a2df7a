"""What a coder promises of every suggestion, counted: evidence, billability, conflicts that are said.

The evidence is compared with the note itself, never with what the coder says of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from profiles.coding_records import (
    SUGGESTED,
    CodeSuggestion,
    CodingRequest,
    CodingResult,
    Evidence,
)

CONFLICT: Final = "conflict"

Billable = Callable[[str], bool]
"""Whether a code is billable on the date; False also for a code that the release does not have."""

Excludes = Callable[[str, str], object]
"""The Excludes1 note between two codes, or nothing."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Counts over the suggested codes of a run.

    Parameters
    ----------
    codes, billable : int
        Suggested codes and how many of them are billable on the date.
    spans, verbatim : int
        Spans of evidence and how many of them are what the note says at that place.
    without_evidence : int
        Suggested codes without any span.
    conflicts, reported : int
        Pairs of suggested codes of one encounter between which an Excludes1 note stands, and how many
        of them a remark of kind ``conflict`` names.
    """

    codes: int = 0
    billable: int = 0
    spans: int = 0
    verbatim: int = 0
    without_evidence: int = 0
    conflicts: int = 0
    reported: int = 0

    def __add__(self, other: "Quality") -> "Quality":
        """Counts of both."""
        return Quality(
            self.codes + other.codes,
            self.billable + other.billable,
            self.spans + other.spans,
            self.verbatim + other.verbatim,
            self.without_evidence + other.without_evidence,
            self.conflicts + other.conflicts,
            self.reported + other.reported,
        )


def suggested(result: CodingResult, system: str) -> list[CodeSuggestion]:
    """Codes of a system that the coder suggests, in its order."""
    return [s for s in result.suggestions if s.status == SUGGESTED and s.system == system]


def quality(
    request: CodingRequest,
    result: CodingResult,
    system: str,
    billable: Billable,
    excludes1: Excludes,
) -> Quality:
    """Counts of one encounter."""
    chosen = suggested(result, system)
    spans = [span for suggestion in chosen for span in suggestion.evidence]
    pairs = list(_conflicts((s.code for s in chosen), excludes1))
    said = [frozenset(r.codes) for r in result.remarks if r.kind == CONFLICT]
    return Quality(
        codes=len(chosen),
        billable=sum(billable(suggestion.code) for suggestion in chosen),
        spans=len(spans),
        verbatim=sum(is_verbatim(request, span) for span in spans),
        without_evidence=sum(not suggestion.evidence for suggestion in chosen),
        conflicts=len(pairs),
        reported=sum(any(pair <= codes for codes in said) for pair in pairs),
    )


def is_verbatim(request: CodingRequest, span: Evidence) -> bool:
    """Whether a note of the request says exactly this at exactly this place."""
    return any(
        note.document == span.document
        and 0 <= span.start < span.end <= len(note.text)
        and note.text[span.start : span.end] == span.text
        for note in request.notes
    )


def _conflicts(codes: Iterable[str], excludes1: Excludes) -> Iterable[frozenset[str]]:
    for one, other in combinations(dict.fromkeys(codes), 2):
        if excludes1(one, other) or excludes1(other, one):
            yield frozenset((one, other))
