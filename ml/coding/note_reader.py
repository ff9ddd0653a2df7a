"""Reads one note: from its problem mentions to billable codes with their evidence."""

import re
from dataclasses import dataclass, replace
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.found import SURE, Found, Span, cite
from ml.coding.history import history_code
from ml.coding.index import Index, Release
from ml.coding.match import DEFAULT, Candidate, Matcher
from ml.coding.meant import meant
from ml.coding.mentions import LEAD, LISTED, MANAGED, NARRATIVE, Mention, leads, managed
from ml.coding.narrative import RANK, narrative
from ml.coding.problems import AND, WITH, Problem, Reader
from ml.coding.resolve import Resolved, Resolver
from ml.coding.sections import Section, sections
from ml.coding.sides import side_for
from ml.coding.specific import specific
from ml.coding.support import block_text, confirmed, related
from profiles.coding_records import Note, RuleCitation

ROLE: Final = {LEAD: 0.9, MANAGED: 0.66, LISTED: 0.5, NARRATIVE: 0.45}
ALONE: Final = 0.8
"""Score of a problem that running text names, where the note has no list of problems."""
UNCERTAIN: Final = 0.3
QUALITY: Final = 0.5
LEXICAL_QUALITY: Final = 0.55
LATER_PART: Final = 0.8
READ: Final = 200_000
"""Characters of one note that are read; the remark says what was not."""
SECTIONS: Final = frozenset((kinds.ASSESSMENT, kinds.PLAN, kinds.PROBLEMS))
UNLISTED: Final = frozenset((kinds.OTHER, kinds.PRESENT, kinds.COMPLAINT))
"""Sections whose short lines are taken for problems where the note has no assessment."""
MENTIONS: Final = 300
TOLD: Final = frozenset((kinds.COMPLAINT, kinds.PRESENT, kinds.OTHER))
FACTOR: Final = re.compile(r"Z[0-9]")
PLANNED: Final = 0.9

INPATIENT: Final = "inpatient"


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one note."""

    note: Note
    parts: list[Section]
    problems: list[Problem]
    told: list[Problem]
    """Problems that only running text names."""


class NoteReader:
    """Reads notes with one release and its index."""

    def __init__(self, release: Release, index: Index, matcher: Matcher) -> None:
        self.release = release
        self.index = index
        self.reader = Reader(matcher)
        self._matcher = matcher
        self.resolver = Resolver(index, release)

    def read(self, note: Note) -> Read:
        """The sections and problems of a note."""
        text = note.text
        parts = sections(text, READ)
        listing = [part for part in parts if part.kind in SECTIONS]
        named = [one for part in listing for one in (*leads(text, part), *managed(text, part))]
        if not named:
            named = [one for part in parts if part.kind in UNLISTED for one in leads(text, part)]
        problems = [p for mention in named[:MENTIONS] for p in self._problems(text, mention)]
        told = [p for part in parts if part.kind in RANK for p in narrative(text, part)]
        return Read(note, parts, problems, told)

    def _problems(self, text: str, mention: Mention) -> list[Problem]:
        """The problems of a mention that are believed; by meaning when its words find none."""
        found = [p for p in self.reader.read(text, mention) if p.candidate.quality >= _needed(p)]
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
        found: list[Found] = []
        leads_of = dict.fromkeys((p.mention.start, p.mention.end) for p in read.problems)
        numbers = {place: first + at for at, place in enumerate(leads_of)}
        for problem in read.problems:
            lead = numbers[problem.mention.start, problem.mention.end]
            base = ROLE[problem.mention.role]
            if problem.mention.section == kinds.PLAN and problem.mention.role == LEAD:
                base *= PLANNED
            found += self._problem(read, problem, setting, lead, base)
        listed = any(one.score >= SURE for one in found)
        coded = {one.code[:3] for one in found}
        told = []
        for at, problem in enumerate(read.told):
            base = ROLE[NARRATIVE] * RANK[problem.mention.section]
            if problem.candidate.code[:3] not in coded:
                told += self._problem(read, problem, setting, first + len(numbers) + at, base)
        return found + (told if listed else _promoted(told))

    def _problem(
        self, read: Read, problem: Problem, setting: str, lead: int, base: float
    ) -> list[Found]:
        """The codes of one problem, ``base`` being what its place is worth."""
        if problem.status in (
            context.NEGATED,
            context.FAMILY,
            context.OTHER_PERSON,
            context.HYPOTHETICAL,
        ):
            return []
        text = read.note.text
        sure = problem.status == context.UNCERTAIN and confirmed(text, read.parts, problem)
        uncertain = problem.status == context.UNCERTAIN and not sure and setting != INPATIENT
        score = base * min(1.0, problem.candidate.quality)
        if uncertain:
            score *= UNCERTAIN
        done = self._resolved(read, problem)
        if done is None:
            return []
        rules = [*self._rules(problem, setting, uncertain, sure), *done.rules]
        features = (
            ("place", round(base, 4)),
            ("quality", round(problem.candidate.quality, 4)),
            ("said", round(problem.candidate.said, 4)),
            ("supported", round(problem.candidate.supported, 4)),
            ("default", float(problem.candidate.kind == DEFAULT)),
            ("confirmed", float(sure)),
        )
        span = Span(read.note, problem.start, problem.end, problem.mention.section)
        also = problem.candidate.term.also if problem.candidate.term else ()
        found = Found("", score, (span,), lead, problem.link, uncertain, tuple(rules), features)
        found = replace(found, term=self._term(problem.candidate))
        return [replace(found, code=code) for code in (*done.codes, *also)]

    def _term(self, candidate: Candidate) -> str:
        """The term of the terminology that a candidate stands for; decisions are learned from by it."""
        if candidate.term is not None:
            return candidate.term.term
        return self.index.concepts[candidate.concept].display if candidate.concept >= 0 else ""

    def _resolved(self, read: Read, problem: Problem) -> Resolved | None:
        """The billable codes of a problem: history, side, encounter, what the text about it supports."""
        candidate = problem.candidate
        if "history" in problem.words and "history" not in candidate.words:
            code = history_code(candidate.code)
            said = "A condition of the past is coded as history."
            return (
                None
                if code is None
                else self._billable(Resolved((code,), (cite("I.C.21.c.4", said),)))
            )
        text = read.note.text
        known = self.release.get(candidate.code)
        side = side_for(text, read.parts, problem, known.display if known else "")
        block = _sentences(block_text(text, problem))
        about = related(text, read.parts, candidate.words)
        done = self.resolver.resolve(candidate, side, " ".join([*block, *about]))
        if done is None or len(done.codes) != 1:
            return self._billable(done)
        better = specific(done.codes[0], block)
        if better == done.codes[0]:
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

    def _rules(
        self, problem: Problem, setting: str, uncertain: bool, sure: bool
    ) -> list[RuleCitation]:
        """What chose the code of a problem."""
        rules = []
        if problem.candidate.term is not None:
            rules.append(
                RuleCitation(
                    "I.A.1",
                    "The index gives this code for the term.",
                    problem.candidate.term.source,
                )
            )
        if uncertain:
            rules.append(cite("IV.H", "An uncertain diagnosis is not coded for an outpatient."))
        elif problem.status == context.UNCERTAIN and setting == INPATIENT and not sure:
            rules.append(
                cite("II.H", "An uncertain diagnosis at discharge is coded as if it existed.")
            )
        elif sure:
            rules.append(
                cite(
                    "IV.H", "The note reports the finding elsewhere, so it is no longer uncertain."
                )
            )
        return rules


def _promoted(told: list[Found]) -> list[Found]:
    """What running text names, where no list gave a code: the assessment's first, else all of it."""
    plan = [one for one in told if one.spans[0].section in SECTIONS and not one.uncertain]
    kept = [one for one in plan if not FACTOR.match(one.code)] or plan
    chosen = kept or [one for one in told if one.spans[0].section in TOLD and not one.uncertain]
    strength = ALONE / ROLE[NARRATIVE]
    return [replace(one, score=one.score * strength) if one in chosen else one for one in told]


def _needed(problem: Problem) -> float:
    """The quality from which a match is believed: words alone need more than a default term."""
    if problem.candidate.kind == DEFAULT:
        return QUALITY
    return LATER_PART if problem.link in (WITH, AND) else LEXICAL_QUALITY


def _sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [text[start:end] for start, end in context.sentences(text)]
