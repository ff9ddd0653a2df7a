"""The worker that codes diagnoses: notes of an encounter in, evidence-linked ICD-10-CM suggestions out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.combine import combined
from ml.coding.history import history_code
from ml.coding.index import Index, Release, build
from ml.coding.match import Matcher
from ml.coding.mentions import LEAD, LISTED, MANAGED, NARRATIVE, Mention, leads, managed
from ml.coding.narrative import narrative
from ml.coding.problems import CAUSE, Problem, Reader
from ml.coding.resolve import Resolved, Resolver, cite
from ml.coding.sections import Section, sections
from ml.coding.sides import side_for
from profiles.coding_records import (
    BELOW_THRESHOLD,
    SUGGESTED,
    CodeSuggestion,
    CodingRemark,
    CodingRequest,
    CodingResult,
    Evidence,
    Note,
    RuleCitation,
)

THRESHOLD: Final = 0.5
READ: Final = 200_000
ROLE: Final = {LEAD: 0.9, MANAGED: 0.55, LISTED: 0.45, NARRATIVE: 0.4}


@dataclass(frozen=True, slots=True)
class Found:
    """One code before it becomes a suggestion."""

    code: str
    score: float
    note: Note
    problem: Problem
    rules: tuple[RuleCitation, ...]
    features: tuple[tuple[str, float], ...]


class Coder:
    """Codes diagnoses with one release."""

    def __init__(self, release: Release, index: Index) -> None:
        self.release = release
        self.index = index
        self.reader = Reader(Matcher(index))
        self.resolver = Resolver(index, release)

    def code(self, request: CodingRequest) -> CodingResult:
        found: list[Found] = []
        for note in request.notes:
            found += self._note(note, request)
        merged = self._merge(found)
        merged = combined(merged, self.release)
        limit = request.threshold if request.threshold is not None else THRESHOLD
        suggestions = tuple(self._suggestion(one, limit) for one in merged)
        return CodingResult("isthmus-diagnosis-coder", "1", suggestions)

    def _note(self, note: Note, request: CodingRequest) -> list[Found]:
        parts = sections(note.text, READ)
        mentions = [
            mention
            for part in parts
            if part.kind in (kinds.ASSESSMENT, kinds.PLAN, kinds.PROBLEMS)
            for mention in (*leads(note.text, part), *managed(note.text, part))
        ]
        problems = [p for m in mentions for p in self.reader.read(note.text, m)]
        problems = [p for p in problems if p.candidate.quality >= 0.5]
        found = []
        for at, problem in enumerate(problems):
            found += self._problem(note, parts, problem, request)
        return found

    def _problem(self, note: Note, parts: list[Section], problem: Problem, request: CodingRequest) -> list[Found]:
        score = ROLE[problem.mention.role] * min(1.0, problem.candidate.quality)
        rules: list[RuleCitation] = []
        if problem.mention.section == kinds.PLAN and problem.mention.role == LEAD:
            score *= 0.9
        status = problem.status
        if status in (context.NEGATED, context.FAMILY, context.OTHER_PERSON, context.HYPOTHETICAL):
            return []
        if status == context.UNCERTAIN and request.setting == "outpatient":
            score *= 0.3
        if problem.candidate.kind == "default":
            rules.append(RuleCitation("index", "Default of the index term.", problem.candidate.term.source))
        block = note.text[problem.mention.block[0] : problem.mention.block[1]]
        side = side_for(note.text, parts, problem)
        history = "history" in problem.words and "history" not in problem.candidate.words
        if history:
            code = history_code(problem.candidate.code)
            if code is None:
                return []
            done = Resolved((code,), (cite("I.C.21.c.4", "History of a condition."),))
        else:
            done = self.resolver.resolve(problem.candidate, side, note.text[problem.start:problem.end] + " " + block)
        if done is None:
            return []
        features = (("quality", problem.candidate.quality), ("role", ROLE[problem.mention.role]))
        codes = list(done.codes)
        if problem.candidate.term:
            codes += list(problem.candidate.term.also)
        return [Found(c, score, note, problem, (*rules, *done.rules), features) for c in codes]

    def _merge(self, found: list[Found]) -> list[Found]:
        best: dict[str, Found] = {}
        for one in found:
            if one.code not in best or one.score > best[one.code].score:
                best[one.code] = one
        return list(best.values())

    def _suggestion(self, one: Found, limit: float) -> CodeSuggestion:
        known = self.release.get(one.code)
        p = one.problem
        ev = Evidence(one.note.document, p.start, p.end, one.note.text[p.start : p.end], p.mention.section)
        return CodeSuggestion(
            self.release.system, self.release.version, known.code, known.display, round(one.score, 4),
            SUGGESTED if one.score >= limit else BELOW_THRESHOLD, (ev,), one.rules, one.features,
        )
