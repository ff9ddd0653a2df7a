"""What a person decides on the sections of a note, and what is kept of it for later learning.

A ``SectionRecord`` holds counts of words and codes of sections, never text: that stands in the versions of
the Composition.
"""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

ACCEPTED: Final = "accepted"
MODIFIED: Final = "modified"
REJECTED: Final = "rejected"
DECISIONS: Final = (ACCEPTED, MODIFIED, REJECTED)


@dataclass(frozen=True, slots=True)
class SectionDecision:
    """A decision on one section, by its LOINC code or its title; ``text`` is the edited section."""

    decision: str
    code: str = ""
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class WordChanges:
    """Words of a text before and after, and how many were kept, put in and taken out."""

    before: int
    after: int
    kept: int
    inserted: int
    deleted: int


@dataclass(frozen=True, slots=True)
class SectionRecord:
    """What is kept of a decision on a section.

    Parameters
    ----------
    section, title : str
        LOINC code and title.
    decision : str
    whole : bool
        Whether the note was decided on as a whole, and the section with it.
    changes : WordChanges
    sentences : int
        Sentences that the scribe had written.
    sentences_kept : int
        Those that stand word for word.
    scribe, scribe_version : str
        Device that had written it: its name and version.
    performer, recorded : str
    """

    section: str
    title: str
    decision: str
    whole: bool
    changes: WordChanges
    sentences: int
    sentences_kept: int
    scribe: str
    scribe_version: str
    performer: str
    recorded: str


def word_changes(before: str, after: str) -> WordChanges:
    """Word-level difference of two texts, by the longest runs of words that they share."""
    old, new = before.split(), after.split()
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    kept = sum(block.size for block in matcher.get_matching_blocks())
    return WordChanges(len(old), len(new), kept, len(new) - kept, len(old) - kept)
