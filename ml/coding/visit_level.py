"""The level of a visit: by medical decision making, two of three elements, or by documented time.

Source: CMS MLN006764 and the E/M guidelines of 2021 (office) and 2023 (hospital, emergency), in our own
words; the tables are ``visit_levels.json``.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from ml.coding import sections as kinds
from ml.coding.procedure_codes import ProcedureCodes
from ml.coding.procedure_lines import Line
from ml.coding.visit_elements import Element, Noted, data, problems, risk, sentence_around
from ml.coding.visit_table import cues_of, level_name, levels, source
from profiles.coding_records import (
    CodeSuggestion,
    CodingRemark,
    CodingRequest,
    Evidence,
    RuleCitation,
)

SURE: Final = 0.75
BY_TIME: Final = 0.9
PREVENTIVE: Final = 0.65
REPORTED: Final = 0.5
"""From this score on a test counts as a line of its own, and not as data of the visit."""
OFFICE: Final = ("office-new", "office-established")
READ: Final = 200_000
"""Characters of a note that are looked at."""
TELEHEALTH: Final = "CMS MLN901705 (Telehealth and Remote Monitoring)"
NURSE: Final = "nurse"
DISCHARGE: Final = "discharge"
HEAD: Final = 1000
"""Characters in which a note says how the visit took place."""
TITLED: Final = 200
"""Characters at the head of a note that say what kind of note it is."""
OTHER_TIME: Final = re.compile(
    r"smok|tobacco|cessation|critical care|procedure|advance(?:d)? (?:care|directive)|exercise|"
    r"walk|ago\b|every|wait",
    re.IGNORECASE,
)
YEAR_OF_BIRTH: Final = 4


@dataclass(frozen=True, slots=True)
class Visit:
    """What kind of visit it was.

    Parameters
    ----------
    kind : str
        A key of ``visits``, ``discharge`` or ``nurse``; empty when the notes are of no visit.
    asked : CodingRemark or None
        The question that decides when the kind is not certain.
    """

    kind: str
    asked: CodingRemark | None = None


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
    found = [*_critical(notes), *_preventive(request, notes)]
    element = problems(notes, diagnoses)
    remarks += [*_prolonged(visit, notes), *_telehealth(notes)]
    if visit.kind == DISCHARGE:
        found.append(_discharge(notes))
    elif visit.kind == NURSE:
        rule = RuleCitation("visit.nurse", "visit of a nurse", source())
        found.append(Line(levels()[NURSE], "", SURE, _first_line(notes), (rule,), name=NURSE))
    elif element is not None:
        found.append(_leveled(visit, notes, element, lines))
    elif not found:
        remarks.append(CodingRemark("query", "No problem is assessed: the visit has no level."))
    return _allowed(found, codes, remarks), remarks


def visit_of(request: CodingRequest, notes: Noted) -> Visit:
    """What kind of visit the notes are of."""
    heads = [f"{note.title}\n{note.text[:TITLED]}" for note, _ in notes]
    if heads and all(_heads("no-visit", head) for head in heads):
        return Visit("")
    titles = [part.title for _, parts in notes for part in parts]
    said = "\n".join([*heads, *titles])
    if _heads("emergency", said):
        return Visit("emergency")
    if request.setting == "inpatient":
        if _heads("discharge", "\n".join(heads)):
            return Visit(DISCHARGE)
        return Visit("hospital-initial" if _heads("admission", said) else "hospital-subsequent")
    if _heads(NURSE, "\n".join(heads)):
        return Visit(NURSE)
    if request.new_patient is None:
        numbers = [code for name in OFFICE for code in levels()["visits"][name]["numbers"]]
        text = (
            "Is the patient new (not seen in this group and specialty for three years)? "
            "The visit is coded as established."
        )
        rule = RuleCitation("visit.new-patient", "Taken as established.", source())
        return Visit(OFFICE[1], CodingRemark("query", text, tuple(numbers), (), rule))
    return Visit(OFFICE[0] if request.new_patient else OFFICE[1])


def _heads(element: str, text: str) -> bool:
    return any(cue.pattern.search(text) for cue in cues_of(element))


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
    minutes, spoken = _minutes(notes, "total-time")
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


def _minutes(notes: Noted, element: str) -> tuple[int, Evidence | None]:
    """The most minutes that a sentence states, and the sentence."""
    best: tuple[int, Evidence | None] = (0, None)
    for note, _ in notes:
        for cue in cues_of(element):
            for found in cue.pattern.finditer(note.text, 0, READ):
                start, end = sentence_around(note.text, *found.span())
                minutes = next((int(group) for group in found.groups() if group), 0)
                if element == "total-time" and OTHER_TIME.search(note.text, start, end):
                    continue
                if minutes > best[0]:
                    place = Evidence(note.document, start, end, note.text[start:end])
                    best = (minutes, place)
    return best


def _discharge(notes: Noted) -> Line:
    table = levels()["discharge"]
    minutes, spoken = _minutes(notes, "total-time")
    number = table["numbers"][minutes > table["more_than_minutes"]]
    text = f"discharge, {minutes} minutes" if spoken else "discharge, no time documented"
    evidence = (spoken,) if spoken else _first_line(notes)
    rule = RuleCitation("visit.discharge", text, source())
    return Line(number, "", SURE, evidence, (rule,), name=DISCHARGE)


def _prolonged(visit: Visit, notes: Noted) -> list[CodingRemark]:
    """Time beyond the highest level: whose number it has depends on the payer."""
    beyond = levels()["visits"].get(visit.kind, {}).get("prolonged", {})
    minutes, spoken = _minutes(notes, "total-time")
    numbers = tuple(code for code, least in beyond.items() if minutes >= least)
    if spoken is None or not numbers:
        return []
    text = "The documented time is beyond the highest level: the payer decides which prolonged service."
    rule = RuleCitation("visit.prolonged", f"{minutes} minutes documented", source())
    return [CodingRemark("query", text, numbers, (spoken,), rule)]


def _telehealth(notes: Noted) -> list[CodingRemark]:
    """A visit by video or telephone: place of service and modifier are the payer's to say."""
    for note, _ in notes:
        for cue in cues_of("telehealth"):
            found = cue.pattern.search(note.text, 0, HEAD)
            if found:
                place = Evidence(note.document, *found.span(), found[0])
                text = (
                    "The visit is named as telehealth: place of service 02 or 10, and modifier 95, "
                    "or 93 for sound alone, where the payer asks for it."
                )
                rule = RuleCitation("visit.telehealth", "Not in person.", TELEHEALTH)
                return [CodingRemark("query", text, (), (place,), rule)]
    return []


def _critical(notes: Noted) -> list[Line]:
    table = levels()["critical_care"]
    minutes, spoken = _minutes(notes, "critical-time")
    if spoken is None or minutes < table["first_from"]:
        return []
    rule = RuleCitation("visit.critical-care", f"{minutes} minutes of critical care", source())
    first, further = table["numbers"]
    made = [Line(first, "", BY_TIME, (spoken,), (rule,), name="critical care")]
    more = (minutes - table["further_from"]) // table["further_each"] + 1
    if minutes >= table["further_from"]:
        made.append(Line(further, "", BY_TIME, (spoken,), (rule,), (), more, "critical care"))
    return made


def _preventive(request: CodingRequest, notes: Noted) -> list[Line]:
    """A preventive visit when that is its reason, by age and whether the patient is new."""
    age = age_on(request.patient_birth_date, request.service_date)
    if request.setting == "inpatient" or age < 0:
        return []
    for note, parts in notes:
        for part in parts:
            if part.kind != kinds.COMPLAINT:
                continue
            for cue in cues_of("preventive"):
                found = cue.pattern.search(note.text, part.start, part.end)
                if found:
                    name = "new" if request.new_patient else "established"
                    table = levels()["preventive"][name]
                    number = [code for begins, code in table if begins <= age][-1]
                    place = Evidence(note.document, *found.span(), found[0], part.kind)
                    text = f"preventive visit at the age of {age}"
                    rule = RuleCitation("visit.preventive", text, source())
                    return [Line(number, "", PREVENTIVE, (place,), (rule,), name="preventive")]
    return []


def age_on(born: str, day: str) -> int:
    """Full years between two ISO dates; -1 when one is unknown or only a part."""
    whole = len("2000-01-01")
    if len(born) < YEAR_OF_BIRTH or len(day) < whole or not born[:YEAR_OF_BIRTH].isdigit():
        return -1
    passed = day[5:whole] >= born[5:whole]
    years = int(day[:4]) - int(born[:4])
    return max(-1, years if passed else years - 1)


def _first_line(notes: Noted) -> tuple[Evidence, ...]:
    for note, parts in notes:
        for part in parts:
            for line in part.lines:
                text = note.text[line.start : line.end]
                return (Evidence(note.document, line.start, line.end, text, part.kind),)
    return ()


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
