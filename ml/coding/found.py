"""One code on its way from a mention to a suggestion."""

from dataclasses import dataclass
from typing import Final

from profiles.coding_records import Note, RuleCitation

GUIDELINES: Final = "ICD-10-CM Official Guidelines for Coding and Reporting, section "


def cite(rule: str, text: str) -> RuleCitation:
    """A rule of the Official Guidelines and what it did here."""
    return RuleCitation(rule, text, GUIDELINES + rule)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of one note."""

    note: Note
    start: int
    end: int
    section: str


@dataclass(frozen=True, slots=True)
class Found:
    """A billable code, why, and where.

    Parameters
    ----------
    code : str
        With its dot.
    score : float
    spans : tuple of Span
        Where it stands, the naming words first.
    lead : int
        Place of its lead line in the encounter; codes of one line share it.
    link : str
        How it hangs on the problem before it in its line: ``cause``, ``with``, ``and`` or empty.
    uncertain : bool
        Whether it is only suspected.
    rules : tuple of RuleCitation
    features : tuple of (str, float)
        What the score was made of.
    among : tuple of str
        Codes between which a side decides that the note does not say.
    term : str
        Term of the terminology that led to the code: a default term, or a description without its side.
    """

    code: str
    score: float
    spans: tuple[Span, ...]
    lead: int
    link: str = ""
    uncertain: bool = False
    rules: tuple[RuleCitation, ...] = ()
    features: tuple[tuple[str, float], ...] = ()
    among: tuple[str, ...] = ()
    term: str = ""


SURE: Final = 0.6
"""Score from which a code takes part in the rules between codes."""


def certain(found: list[Found]) -> list[Found]:
    """The codes that are believed and not only suspected."""
    return [one for one in found if not one.uncertain and one.score >= SURE]
