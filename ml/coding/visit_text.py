"""The notes of a visit as its levels read them: sentences by section, cues, an element with its evidence."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.sections import Section
from profiles.coding_records import Evidence, Note

Noted = Sequence[tuple[Note, Sequence[Section]]]
"""The notes of a visit, each with its sections."""

MANAGED: Final = frozenset({kinds.ASSESSMENT, kinds.PLAN, kinds.INSTRUCTIONS, kinds.PROCEDURE})
TOLD: Final = frozenset({*MANAGED, kinds.PRESENT, kinds.RESULTS, kinds.OTHER, kinds.COMPLAINT})
LONGEST_SENTENCE: Final = 500
ENDS: Final = (". ", "\n")


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its level, why, and where that stands."""

    level: int
    reason: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a note, and the kind of its section."""

    note: Note
    start: int
    end: int
    section: str

    @property
    def text(self) -> str:
        """As written."""
        return self.note.text[self.start : self.end]

    @property
    def evidence(self) -> Evidence:
        """Its span."""
        return Evidence(self.note.document, self.start, self.end, self.text, self.section)


def sentences(notes: Noted, wanted: Collection[str]) -> Iterator[Sentence]:
    """The sentences of the sections wanted, in order."""
    for note, parts in notes:
        for part in parts:
            if part.kind in wanted:
                for start, end in context.sentences(note.text, part.start, part.end):
                    yield Sentence(note, start, end, part.kind)


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the sentence, or the line, that holds a place."""
    low, high = max(0, start - LONGEST_SENTENCE), min(len(text), end + LONGEST_SENTENCE)
    begins = [place + len(mark) for mark in ENDS if (place := text.rfind(mark, low, start)) >= 0]
    ends = [place for mark in ENDS if (place := text.find(mark, end, high)) >= 0]
    return max(begins, default=low), min(ends, default=high)
