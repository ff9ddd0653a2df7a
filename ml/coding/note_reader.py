"""Reads one note: its sections, its problems, and the codes of each."""

import re
from dataclasses import dataclass, replace
from typing import Final

from ml.coding import sections as kinds
from ml.coding.damage import as_read
from ml.coding.found import SURE, Found
from ml.coding.index import Index, Release
from ml.coding.match import Matcher
from ml.coding.meant import meant
from ml.coding.mentions import ASIDE, LEAD, LISTED, MANAGED, NARRATIVE, Mention, leads, managed
from ml.coding.narrative import RANK, narrative
from ml.coding.note_checks import READ
from ml.coding.problem_codes import NoteText, ProblemCoder
from ml.coding.problems import Problem, Reader
from ml.coding.sections import Section, sections
from ml.coding.sides import Sides
from ml.coding.support import Sentences
from profiles.coding_records import Note

ROLE: Final = {LEAD: 0.9, ASIDE: 0.8, MANAGED: 0.66, LISTED: 0.5, NARRATIVE: 0.45}
"""What the place of a mention is worth."""
PLANNED: Final = 0.9
"""A line of a plan names a problem less surely than one of an assessment."""
ALONE: Final = 0.8
"""Worth of a problem that running text names, where the note has no list of problems."""
SAID: Final = 0.95
"""Quality that an aside needs: a term that is there as it stands."""
LISTING: Final = frozenset((kinds.ASSESSMENT, kinds.PLAN, kinds.PROBLEMS))
UNLISTED: Final = frozenset((kinds.OTHER, kinds.PRESENT, kinds.COMPLAINT))
"""Sections whose short lines and text are asked where the note has no assessment."""
MENTIONS: Final = 300
COPIES: Final = 3
"""Places of one and the same line that are read; a note copied into itself has many."""
FACTOR: Final = re.compile(r"Z[0-9]")


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one note.

    Parameters
    ----------
    text : NoteText
    problems : list of Problem
        Those that lines of a list name.
    told : list of Problem
        Those that running text names.
    """

    text: NoteText
    problems: list[Problem]
    told: list[Problem]

    @property
    def parts(self) -> list[Section]:
        """The sections of the note."""
        return self.text.parts


class NoteReader:
    """Reads notes with one release and its index."""

    def __init__(self, release: Release, index: Index, matcher: Matcher) -> None:
        self._matcher = matcher
        self._reader = Reader(matcher)
        self._coder = ProblemCoder(release, index)

    def read(self, note: Note) -> Read:
        """The sections and problems of a note."""
        text = as_read(note.text)
        parts = sections(text, READ)
        listing = [part for part in parts if part.kind in LISTING]
        named = [one for part in listing for one in (*leads(text, part), *managed(text, part))]
        if not named:
            named = [one for part in parts if part.kind in UNLISTED for one in leads(text, part)]
        named = _few(text, named)
        problems = [p for mention in named for p in self._problems(text, mention)]
        told = [p for part in parts if part.kind in RANK for p in narrative(text, part)]
        read = NoteText(note, parts, Sentences(text, parts), Sides(text, parts))
        return Read(read, problems, _distinct(told))

    def _problems(self, text: str, mention: Mention) -> list[Problem]:
        """The problems of a mention that are believed; by meaning when its words find none."""
        least = SAID if mention.role == ASIDE else 0.0
        found = [p for p in self._reader.read(text, mention) if p.candidate.quality >= least]
        if found:
            return found
        other = meant(text, mention, self._matcher)
        return [other] if other else []

    def codes(self, read: Read, setting: str, first: int = 0) -> list[Found]:
        """The codes of a note that was read.

        Parameters
        ----------
        read : Read
        setting : str
            ``outpatient`` or ``inpatient``.
        first : int
            Number of its first lead line in the encounter.
        """
        lines = dict.fromkeys((p.mention.start, p.mention.end) for p in read.problems)
        numbers = {place: first + at for at, place in enumerate(lines)}
        found: list[Found] = []
        for problem in read.problems:
            mention = problem.mention
            worth = ROLE[mention.role]
            if mention.section == kinds.PLAN and mention.role == LEAD:
                worth *= PLANNED
            lead = numbers[mention.start, mention.end]
            found += self._coder.codes(read.text, problem, setting, lead, worth)
        told = self._told(read, setting, first + len(numbers), {one.code[:3] for one in found})
        listed = any(one.score >= SURE for one in found)
        return found + (told if listed else _promoted(told, read, found))

    def _told(self, read: Read, setting: str, first: int, coded: set[str]) -> list[Found]:
        """The codes of problems that only running text names."""
        return [
            one
            for at, problem in enumerate(read.told)
            if problem.candidate.code[:3] not in coded
            for one in self._coder.codes(
                read.text,
                problem,
                setting,
                first + at,
                ROLE[NARRATIVE] * RANK[problem.mention.section],
            )
        ]


def _few(text: str, named: list[Mention]) -> list[Mention]:
    """The first mentions, and of the same line no more than a few."""
    seen: dict[str, int] = {}
    kept = []
    for mention in named:
        line = text[mention.start : mention.end].lower()
        seen[line] = seen.get(line, 0) + 1
        if seen[line] <= COPIES:
            kept.append(mention)
    return kept[:MENTIONS]


def _distinct(told: list[Problem]) -> list[Problem]:
    """The first mention of each problem with each status, the assessment's before others."""
    ranked = sorted(told, key=lambda one: -RANK[one.mention.section])
    first: dict[tuple[str, str], Problem] = {}
    for one in ranked:
        first.setdefault((one.candidate.code, one.status), one)
    return sorted(first.values(), key=lambda one: one.start)[:MENTIONS]


def _promoted(told: list[Found], read: Read, found: list[Found]) -> list[Found]:
    """What running text names, where no list gave a code.

    The assessment's text counts first. A note without an assessment is read whole. Where an
    assessment only
    suspects, the complaint says what is certain (guideline IV.H).
    """
    named = [one for one in told if not one.uncertain]
    plan = [one for one in named if one.spans[0].section in LISTING]
    chosen = [one for one in plan if not FACTOR.match(one.code)] or plan
    if not chosen and not any(part.kind in LISTING for part in read.parts):
        chosen = [one for one in named if one.spans[0].section in UNLISTED]
    if not chosen and any(one.uncertain for one in found):
        chosen = [one for one in named if one.spans[0].section == kinds.COMPLAINT]
    strength = ALONE / ROLE[NARRATIVE]
    return [replace(one, score=one.score * strength) if one in chosen else one for one in told]
