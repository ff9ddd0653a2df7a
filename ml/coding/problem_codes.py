"""From one problem of a note to billable codes, with what chose them."""

import re
from dataclasses import dataclass, replace
from typing import Final

from ml.coding import context
from ml.coding.found import Found, Span, cite
from ml.coding.history import history_code
from ml.coding.index import Index, Release
from ml.coding.match import DEFAULT, Candidate
from ml.coding.problems import Problem, gone
from ml.coding.resolve import Resolved, Resolver
from ml.coding.sections import Section
from ml.coding.sides import Sides
from ml.coding.specific import specific
from ml.coding.support import Sentences, confirmed, says
from profiles.coding_records import Note, RuleCitation
from terminology.icd10cm.codes import with_seventh

UNCERTAIN: Final = 0.3
"""What is left of the score of a diagnosis that is only suspected."""
GONE: Final = 0.6
"""What is left of the score of a problem that has resolved (guideline IV.J)."""
INPATIENT: Final = "inpatient"
FRACTURE: Final = "fracture"
NONDISPLACED: Final = re.compile(r"\b(?:non-? ?|minimally |not )displaced\b", re.IGNORECASE)
BARRED: Final = frozenset(
    (context.NEGATED, context.FAMILY, context.OTHER_PERSON, context.HYPOTHETICAL)
)


@dataclass(frozen=True, slots=True)
class NoteText:
    """A note and what is looked up in it for each of its problems."""

    note: Note
    parts: list[Section]
    sentences: Sentences
    sides: Sides


class ProblemCoder:
    """Codes problems with one release.

    Parameters
    ----------
    release : Release
    index : Index
    """

    def __init__(self, release: Release, index: Index) -> None:
        self._release = release
        self._index = index
        self._resolver = Resolver(index, release)

    def codes(
        self, read: NoteText, problem: Problem, setting: str, lead: int, place: float
    ) -> list[Found]:
        """The codes of one problem.

        Parameters
        ----------
        read : NoteText
        problem : Problem
        setting : str
            ``outpatient`` or ``inpatient``.
        lead : int
            Number of its line in the encounter.
        place : float
            What the place where it stands is worth.
        """
        if problem.status in BARRED:
            return []
        about = read.sentences.about(problem.candidate.words)
        doubtful = problem.status == context.UNCERTAIN
        sure = doubtful and confirmed(about, problem.candidate.words)
        uncertain = doubtful and not sure and setting != INPATIENT
        done = self._resolved(read, problem, about)
        if done is None:
            return []
        score = place * min(1.0, problem.candidate.quality) * (UNCERTAIN if uncertain else 1.0)
        if setting != INPATIENT and gone(read.note.text, problem):
            score *= GONE
        rules = (*_rules(problem, doubtful, uncertain, sure), *done.rules)
        features = (
            ("place", round(place, 4)),
            ("quality", round(problem.candidate.quality, 4)),
            ("said", round(problem.candidate.said, 4)),
            ("supported", round(problem.candidate.supported, 4)),
            ("default", float(problem.candidate.kind == DEFAULT)),
            ("confirmed", float(sure)),
        )
        span = Span(read.note, problem.start, problem.end, problem.mention.section)
        also = problem.candidate.term.also if problem.candidate.term else ()
        return [
            Found(
                code,
                score,
                (span,),
                lead,
                problem.link,
                uncertain,
                rules,
                features,
                done.among,
                self._term(problem.candidate),
            )
            for code in (*done.codes, *also)
        ]

    def _term(self, candidate: Candidate) -> str:
        """The term of the terminology that a candidate stands for; decisions are learned from by it."""
        if candidate.term is not None:
            return candidate.term.term
        concepts = self._index.concepts
        return concepts[candidate.concept].display if candidate.concept >= 0 else ""

    def _resolved(self, read: NoteText, problem: Problem, about: list[str]) -> Resolved | None:
        """The billable codes of a problem: history, side, encounter, what the text about it supports."""
        candidate = problem.candidate
        if "history" in problem.words and "history" not in candidate.words:
            code = history_code(candidate.code)
            said = "A condition of the past is coded as history."
            done = None if code is None else Resolved((code,), (cite("I.C.21.c.4", said),))
            return self._billable(done)
        start, end = problem.mention.block
        block = [read.note.text[a:b] for a, b in context.sentences(read.note.text, start, end)]
        known = self._release.get(candidate.code)
        side = read.sides.of(problem, known.display if known else "")
        done = self._resolver.resolve(candidate, side, " ".join([*block, *about]))
        if done is not None and len(done.codes) == 1:
            done = self._specific(done, block, about)
            if FRACTURE in candidate.words:
                done = self._displaced(done, [*block, *read.sentences.about({FRACTURE})])
        return self._billable(done)

    def _displaced(self, done: Resolved, about: list[str]) -> Resolved:
        """A fracture counts as displaced unless the note says that it is not (I.C.19.c)."""
        known = self._release.get(done.codes[0])
        if not known.display.startswith("Displaced") or not says(about, NONDISPLACED):
            return done
        wanted = known.display.replace("Displaced", "Nondisplaced", 1).partition(", initial")[0]
        for place in self._index.by_category[known.code[:3]]:
            for base in self._index.concepts[place].sides.values():
                found = self._release.get(base)
                if found.display.lower() == wanted.partition(", ")[0].lower():
                    code = with_seventh(base, known.code[-1])
                    said = "Documented as not displaced."
                    return replace(done, codes=(code,), rules=(*done.rules, cite("I.C.19.c", said)))
        return done

    def _specific(self, done: Resolved, block: list[str], about: list[str]) -> Resolved:
        """A resolution as specific as the problem's block, or else its other sentences, document it."""
        code = done.codes[0]
        better = specific(code, block)
        if better == code:
            better = specific(code, about)
        if better == code or not self._release.billable(better):
            return done
        said = "As specific as the note documents it."
        return Resolved((better,), (*done.rules, cite("I.B.2", said)))

    def _billable(self, done: Resolved | None) -> Resolved | None:
        """A resolution whose codes can all be reported."""
        if done is None or not all(self._release.billable(code) for code in done.codes):
            return None
        return done


def _rules(problem: Problem, doubtful: bool, uncertain: bool, sure: bool) -> list[RuleCitation]:
    """What chose the code of a problem."""
    rules = []
    if problem.candidate.term is not None:
        said = "The index gives this code for the term."
        rules.append(RuleCitation("I.B.1", said, problem.candidate.term.source))
    if uncertain:
        rules.append(cite("IV.H", "An uncertain diagnosis is not coded for an outpatient."))
    elif sure:
        said = "The note reports it as a finding elsewhere, so it is not uncertain."
        rules.append(cite("IV.H", said))
    elif doubtful:
        said = "An uncertain diagnosis at discharge is coded as if it existed."
        rules.append(cite("II.H", said))
    return rules
