"""The level of a visit: by medical decision making, two of three elements, or by documented time.

Source: CMS MLN006764 and the E/M guidelines of 2021 (office) and 2023 (hospital, emergency), in our own
words; the tables are ``visit_levels.json``.
"""

from collections.abc import Collection, Sequence
from typing import Final

from ml.coding.procedure_codes import ProcedureCodes
from ml.coding.procedure_lines import Line
from ml.coding.visit_data import data
from ml.coding.visit_kind import DISCHARGE, NURSE, Visit, after_surgery, telehealth, visit_of
from ml.coding.visit_preventive import preventive_lines
from ml.coding.visit_problems import problems
from ml.coding.visit_risk import risk
from ml.coding.visit_table import level_name, levels, source
from ml.coding.visit_text import Element, Noted
from ml.coding.visit_time import (
    BY_TIME,
    SURE,
    critical_lines,
    discharge_line,
    first_line,
    minutes_of,
    prolonged_remarks,
)
from profiles.coding_records import CodeSuggestion, CodingRemark, CodingRequest, RuleCitation

REPORTED: Final = 0.5
"""From this score on a test counts as a line of its own, and not as data of the visit."""


def visit_lines(
    request: CodingRequest,
    notes: Noted,
    diagnoses: Sequence[CodeSuggestion],
    codes: ProcedureCodes,
    lines: Sequence[Line],
) -> tuple[list[Line], list[CodingRemark]]:
    """The line of the visit, and remarks about it.

    Parameters
    ----------
    request : CodingRequest
    notes : sequence
        The notes with their sections.
    diagnoses : sequence of CodeSuggestion
        Most important first.
    codes : ProcedureCodes
    lines : sequence of Line
        Lines of procedures that were found already.
    """
    visit = visit_of(request, notes)
    if not visit.kind:
        return [], []
    remarks = [visit.asked] if visit.asked else []
    found = [*critical_lines(notes), *preventive_lines(request, notes)]
    element = problems(notes, diagnoses)
    remarks += [*prolonged_remarks(visit, notes), *telehealth(notes), *after_surgery(notes)]
    if visit.kind == DISCHARGE:
        found.append(discharge_line(notes))
    elif visit.kind == NURSE:
        rule = RuleCitation("visit.nurse", "visit of a nurse", source())
        found.append(Line(levels()[NURSE], "", SURE, first_line(notes), (rule,), name=NURSE))
    elif element is not None:
        found.append(_leveled(visit, notes, element, lines))
    elif not found:
        remarks.append(CodingRemark("query", "No problem is assessed: the visit has no level."))
    return _allowed(found, codes, remarks), remarks


def _leveled(visit: Visit, notes: Noted, problem: Element, lines: Sequence[Line]) -> Line:
    """The level that two of three elements reach, or that the documented time reaches."""
    reported = {line.name for line in lines if line.score >= REPORTED}
    elements = {
        "problems": problem,
        "data": data(notes, reported),
        "risk": risk(notes, minor_procedure=any(line.minor for line in lines)),
    }
    level = sorted(element.level for element in elements.values())[1]
    table = levels()["visits"][visit.kind]
    rules = [
        RuleCitation(f"visit.{name}", f"{level_name(one.level)}: {one.reason}", source())
        for name, one in elements.items()
    ]
    evidence = [place for one in elements.values() for place in one.evidence]
    minutes, spoken = minutes_of(notes, "total-time")
    timed = sum(minutes >= floor for floor in table["minutes"]) - 1 if spoken else -1
    score = SURE
    if timed >= level and spoken:
        level, score = timed, BY_TIME
        evidence.insert(0, spoken)
        text = f"{minutes} minutes documented: {table['numbers'][timed]}"
        rules.insert(0, RuleCitation("visit.time", text, source()))
    else:
        text = f"two of three elements reach {level_name(level)}"
        rules.insert(0, RuleCitation("visit.decision-making", text, source()))
    features = tuple((name, float(one.level)) for name, one in elements.items())
    return Line(
        table["numbers"][level],
        "",
        score,
        tuple(dict.fromkeys(evidence)),
        tuple(rules),
        name=visit.kind,
        features=(*features, ("minutes", float(minutes))),
    )


def _allowed(
    found: Collection[Line], codes: ProcedureCodes, remarks: list[CodingRemark]
) -> list[Line]:
    kept = []
    for line in found:
        if codes.get(line.code) is None:
            text = f"{line.code} is not in the site's list for this day."
            remarks.append(
                CodingRemark("omission", text, (line.code,), line.evidence, line.rules[0])
            )
        elif line.evidence:
            kept.append(line)
    return kept
