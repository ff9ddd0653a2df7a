"""Lines of a claim out of notes: procedures and the visit, with modifiers and pointers to the diagnoses.

Nothing is suggested that the site's list of CPT numbers does not have. Modifier 25 is set where the
visit has a problem of its own beside a minor procedure (CMS NCCI Policy Manual, chapter 1, section D);
59 and X{EPSU} never.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ml.coding.documented import Setting
from ml.coding.note_checks import READ, unusable
from ml.coding.pointers import IMMUNIZATION, pointers_of
from ml.coding.procedure_codes import ProcedureCodes
from ml.coding.procedure_lines import Line, lines_of
from ml.coding.procedures import performed
from ml.coding.sections import Section, sections
from ml.coding.separate import separate_services
from ml.coding.visit_kind import visit_of
from ml.coding.visit_level import visit_lines
from ml.coding.visit_preventive import PREVENTIVE
from ml.coding.visit_text import Noted
from ml.coding.visit_time import CRITICAL_CARE
from profiles.coding_records import (
    BELOW_THRESHOLD,
    SUGGESTED,
    CodeSuggestion,
    CodingRemark,
    CodingRequest,
    CodingResult,
    RuleCitation,
)
from terminology.systems import CPT, HCPCS

THRESHOLD: Final = 0.5
OWN_VISIT: Final = "25"
OWN_KIND: Final = (PREVENTIVE, CRITICAL_CARE)
"""Visits beside which another one of the day has modifier 25."""
FIRST_NO_PROBLEM: Final = "V"
"""From this letter on: external causes, and reasons of a contact that are no problem."""
WITHOUT_LIST: Final = CodingRemark(
    "omission",
    "The site has supplied no list of CPT numbers for this day: no procedure and no visit is coded by one "
    "(`isthmus terminology import cpt --help`).",
)
SEPARATE: Final = RuleCitation(
    "procedure.separate-visit",
    "The visit has a problem of its own beside the procedure: modifier 25.",
    "CMS NCCI Policy Manual, chapter 1, section D",
)
SAME: Final = CodingRemark(
    "query",
    "Was a visit furnished beyond the procedure? It is coded with modifier 25 only when its work "
    "was significant and separate.",
    (),
    (),
    SEPARATE,
)
WITHOUT_REASON: Final = RuleCitation(
    "I.C.21.c.2",
    "A vaccination is coded with the encounter for immunization.",
    "ICD-10-CM Official Guidelines FY 2026",
)


def with_lines(result: CodingResult, request: CodingRequest, codes: ProcedureCodes) -> CodingResult:
    """A result with the lines of its notes, and with the systems that were asked for alone.

    Parameters
    ----------
    result : CodingResult
        Its diagnoses, most important first.
    request : CodingRequest
        No system means all.
    codes : ProcedureCodes
    """
    wanted = frozenset(request.systems)
    if wanted and not wanted & {CPT, HCPCS}:
        return result
    usable = tuple(note for note in request.notes if unusable(note) is None)
    if not usable:
        return result
    parts = [sections(note.text, READ) for note in usable]
    lines, remarks = suggest_lines(replace(request, notes=usable), parts, result.suggestions, codes)
    found = [one for one in (*result.suggestions, *lines) if not wanted or one.system in wanted]
    return replace(result, suggestions=tuple(found), remarks=(*result.remarks, *remarks))


def suggest_lines(
    request: CodingRequest,
    parts: Sequence[Sequence[Section]],
    diagnoses: Sequence[CodeSuggestion],
    codes: ProcedureCodes,
) -> tuple[tuple[CodeSuggestion, ...], tuple[CodingRemark, ...]]:
    """Procedures and the visit as suggested codes, and what a person must know about them.

    Parameters
    ----------
    request : CodingRequest
    parts : sequence of sequence of Section
        The sections of each note of the request.
    diagnoses : sequence of CodeSuggestion
        Diagnoses of the same notes, most important first.
    codes : ProcedureCodes
        What may be used on the date of service.
    """
    notes: Noted = tuple(zip(request.notes, parts, strict=True))
    kind = visit_of(request, notes).kind
    hospital = request.setting == "inpatient" or kind == "emergency"
    setting = Setting(request.service_date, hospital)
    done = [one for note, read in notes for one in performed(note, read, setting)]
    found = lines_of(done, codes, hospital=hospital)
    if not codes.has_cpt:
        drugs = [
            _suggestion(one, request, codes, pointers_of(one, diagnoses, visit=False))
            for one in found.lines
        ]
        return tuple(drugs), (WITHOUT_LIST,)
    visits, remarks = visit_lines(request, notes, diagnoses, codes, found.lines)
    visits, beside = _beside(visits, found.lines, diagnoses)
    suggestions = [
        _suggestion(line, request, codes, pointers_of(line, diagnoses, visit=line in visits))
        for line in (*visits, *found.lines)
    ]
    missing = [*_immunization(suggestions), *separate_services(suggestions, codes)]
    return tuple(suggestions), (*found.remarks, *remarks, *beside, *missing)


def _immunization(suggestions: Sequence[CodeSuggestion]) -> list[CodingRemark]:
    """The diagnosis that vaccines point to, where the notes gave none."""
    alone = [one for one in suggestions if not one.pointers and one.status == SUGGESTED]
    vaccines = [one for one in alone if any("vaccine" in rule.rule for rule in one.rules)]
    if not vaccines:
        return []
    text = "A vaccine is given, and its diagnosis is not among the suggested ones."
    return [CodingRemark("omission", text, (IMMUNIZATION,), vaccines[0].evidence, WITHOUT_REASON)]


def _beside(
    visits: Sequence[Line], lines: Sequence[Line], diagnoses: Sequence[CodeSuggestion]
) -> tuple[list[Line], list[CodingRemark]]:
    """Visits with modifier 25 beside a minor procedure, when they have a problem of their own."""
    minor = [line for line in lines if line.minor and line.score >= THRESHOLD]
    beside = any(line.name in OWN_KIND for line in visits)
    pointed = {code for line in minor for code in pointers_of(line, diagnoses, visit=False)}
    own = any(
        one.status == SUGGESTED and one.code not in pointed and one.code < FIRST_NO_PROBLEM
        for one in diagnoses
    )
    made = []
    for line in visits:
        if (minor and own) or (beside and line.name not in OWN_KIND):
            rules = (*line.rules, SEPARATE)
            made.append(replace(line, modifiers=(*line.modifiers, OWN_VISIT), rules=rules))
        elif minor:
            made.append(replace(line, score=min(line.score, THRESHOLD - 0.05)))
        else:
            made.append(line)
    return made, [SAME] if minor and visits and not own else []


def _suggestion(
    line: Line, request: CodingRequest, codes: ProcedureCodes, pointers: tuple[str, ...]
) -> CodeSuggestion:
    system, version = codes.release_of(line.code)
    limit = THRESHOLD if request.threshold is None else request.threshold
    return CodeSuggestion(
        system,
        version,
        line.code,
        line.display,
        line.score,
        SUGGESTED if line.score >= limit else BELOW_THRESHOLD,
        line.evidence,
        line.rules,
        line.features,
        line.modifiers,
        line.units,
        pointers,
    )
