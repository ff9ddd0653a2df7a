"""Reads one note: from its problem mentions to billable codes with their evidence."""

from dataclasses import dataclass
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.found import Found, Span, cite
from ml.coding.history import history_code
from ml.coding.index import Index, Release
from ml.coding.match import DEFAULT, Matcher
from ml.coding.mentions import LEAD, LISTED, MANAGED, NARRATIVE, Mention, leads, managed
from ml.coding.problems import Problem, Reader
from ml.coding.resolve import Resolved, Resolver
from ml.coding.sections import Section, sections
from ml.coding.sides import side_for
from ml.coding.specific import specific
from ml.coding.support import block_text, confirmed, related
from profiles.coding_records import Note, RuleCitation

ROLE: Final = {LEAD: 0.9, MANAGED: 0.55, LISTED: 0.45, NARRATIVE: 0.4}
UNCERTAIN: Final = 0.3
QUALITY: Final = 0.5
READ: Final = 200_000
"""Characters of one note that are read; the remark says what was not."""
SECTIONS: Final = frozenset((kinds.ASSESSMENT, kinds.PLAN, kinds.PROBLEMS))
INPATIENT: Final = "inpatient"


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one note."""

    note: Note
    parts: list[Section]
    problems: list[Problem]


class NoteReader:
    """Reads notes with one release and its index."""

    def __init__(self, release: Release, index: Index, matcher: Matcher) -> None:
        self.release = release
        self.index = index
        self.reader = Reader(matcher)
        self.resolver = Resolver(index, release)

    def read(self, note: Note) -> Read:
        """The sections and problems of a note."""
        parts = sections(note.text, READ)
        mentions = [mention for part in parts if part.kind in SECTIONS for mention in self._mentions(note.text, part)]
        problems = [p for mention in mentions for p in self.reader.read(note.text, mention)]
        return Read(note, parts, [p for p in problems if p.candidate.quality >= QUALITY])

    def _mentions(self, text: str, part: Section) -> list[Mention]:
        return [*leads(text, part), *managed(text, part)]

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
        found: list[Found] = []
        places = {(p.mention.start, p.mention.end): 0 for p in read.problems}
        numbers = {place: first + at for at, place in enumerate(places)}
        for problem in read.problems:
            lead = numbers[problem.mention.start, problem.mention.end]
            found += self._problem(read, problem, setting, lead)
        return found

    def _problem(self, read: Read, problem: Problem, setting: str, lead: int) -> list[Found]:
        """The codes of one problem."""
        if problem.status in (context.NEGATED, context.FAMILY, context.OTHER_PERSON, context.HYPOTHETICAL):
            return []
        text = read.note.text
        sure = problem.status == context.UNCERTAIN and confirmed(text, read.parts, problem)
        uncertain = problem.status == context.UNCERTAIN and not sure and setting != INPATIENT
        score = ROLE[problem.mention.role] * min(1.0, problem.candidate.quality)
        if problem.mention.section == kinds.PLAN and problem.mention.role == LEAD:
            score *= 0.9
        if uncertain:
            score *= UNCERTAIN
        done = self._resolved(read, problem)
        if done is None:
            return []
        rules = [*self._rules(problem, setting, uncertain, sure), *done.rules]
        features = (
            ("role", ROLE[problem.mention.role]),
            ("quality", round(problem.candidate.quality, 4)),
            ("said", round(problem.candidate.said, 4)),
            ("supported", round(problem.candidate.supported, 4)),
            ("default", float(problem.candidate.kind == DEFAULT)),
            ("confirmed", float(sure)),
        )
        span = Span(read.note, problem.start, problem.end, problem.mention.section)
        also = problem.candidate.term.also if problem.candidate.term else ()
        return [
            Found(code, score, (span,), lead, problem.link, uncertain, tuple(rules), features)
            for code in (*done.codes, *also)
        ]

    def _resolved(self, read: Read, problem: Problem) -> Resolved | None:
        """The billable codes of a problem: history, side, encounter, what the text about it supports."""
        candidate = problem.candidate
        if "history" in problem.words and "history" not in candidate.words:
            code = history_code(candidate.code)
            said = "A condition of the past is coded as history."
            return None if code is None else self._billable(Resolved((code,), (cite("I.C.21.c.4", said),)))
        text = read.note.text
        known = self.release.get(candidate.code)
        side = side_for(text, read.parts, problem, known.display if known else "")
        about = [*_sentences(block_text(text, problem)), *related(text, read.parts, candidate.words)]
        done = self.resolver.resolve(candidate, side, " ".join(about))
        if done is None or len(done.codes) != 1:
            return self._billable(done)
        better = specific(done.codes[0], about)
        if better != done.codes[0] and self.release.billable(better):
            said = "As specific as the note documents it."
            return Resolved((better,), (*done.rules, cite("I.B.2", said)), done.side, done.sided)
        return self._billable(done)

    def _billable(self, done: Resolved | None) -> Resolved | None:
        """A resolution whose codes can all be reported."""
        if done is None or not all(self.release.billable(code) for code in done.codes):
            return None
        return done

    def _rules(self, problem: Problem, setting: str, uncertain: bool, sure: bool) -> list[RuleCitation]:
        """What chose the code of a problem."""
        rules = []
        if problem.candidate.term is not None:
            rules.append(RuleCitation("I.A.1", "The index gives this code for the term.", problem.candidate.term.source))
        if uncertain:
            rules.append(cite("IV.H", "An uncertain diagnosis is not coded for an outpatient."))
        elif problem.status == context.UNCERTAIN and setting == INPATIENT and not sure:
            rules.append(cite("II.H", "An uncertain diagnosis at discharge is coded as if it existed."))
        elif sure:
            rules.append(cite("IV.H", "The note reports the finding elsewhere, so it is no longer uncertain."))
        return rules


def _sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [text[start:end] for start, end in context.sentences(text)]
