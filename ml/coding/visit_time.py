"""Documented time: of the visit, of a discharge, of critical care, and beyond the highest level."""

import re
from typing import Final

from ml.coding.procedure_lines import Line
from ml.coding.visit_kind import DISCHARGE, Visit
from ml.coding.visit_table import cues_of, levels, source
from ml.coding.visit_text import Noted, sentence_around
from profiles.coding_records import CodingRemark, Evidence, RuleCitation

BY_TIME: Final = 0.9
SURE: Final = 0.75
CRITICAL_CARE: Final = "critical care"
READ: Final = 200_000
"""Characters of a note that are looked at."""
OTHER_TIME: Final = re.compile(
    r"smok|tobacco|cessation|critical care|procedure|advance(?:d)? (?:care|directive)|exercise|"
    r"walk|ago\b|every|wait",
    re.IGNORECASE,
)


def minutes_of(notes: Noted, element: str) -> tuple[int, Evidence | None]:
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


def discharge_line(notes: Noted) -> Line:
    """The discharge from a hospital, by its time."""
    table = levels()["discharge"]
    minutes, spoken = minutes_of(notes, "total-time")
    number = table["numbers"][minutes > table["more_than_minutes"]]
    text = f"discharge, {minutes} minutes" if spoken else "discharge, no time documented"
    evidence = (spoken,) if spoken else first_line(notes)
    rule = RuleCitation("visit.discharge", text, source())
    return Line(number, "", SURE, evidence, (rule,), name=DISCHARGE)


def prolonged_remarks(visit: Visit, notes: Noted) -> list[CodingRemark]:
    """Time beyond the highest level: whose number it has depends on the payer."""
    beyond = levels()["visits"].get(visit.kind, {}).get("prolonged", {})
    minutes, spoken = minutes_of(notes, "total-time")
    numbers = tuple(code for code, least in beyond.items() if minutes >= least)
    if spoken is None or not numbers:
        return []
    text = "The documented time is beyond the highest level: the payer decides which prolonged service."
    rule = RuleCitation("visit.prolonged", f"{minutes} minutes documented", source())
    return [CodingRemark("query", text, numbers, (spoken,), rule)]


def critical_lines(notes: Noted) -> list[Line]:
    """Critical care by its time; none below the least."""
    table = levels()["critical_care"]
    minutes, spoken = minutes_of(notes, "critical-time")
    if spoken is None or minutes < table["first_from"]:
        return []
    rule = RuleCitation("visit.critical-care", f"{minutes} minutes of critical care", source())
    first, further = table["numbers"]
    made = [Line(first, "", BY_TIME, (spoken,), (rule,), name=CRITICAL_CARE)]
    more = (minutes - table["further_from"]) // table["further_each"] + 1
    if minutes >= table["further_from"]:
        made.append(Line(further, "", BY_TIME, (spoken,), (rule,), (), more, CRITICAL_CARE))
    return made


def first_line(notes: Noted) -> tuple[Evidence, ...]:
    """The first line of the notes, which is evidence of a visit where nothing else is."""
    for note, parts in notes:
        for part in parts:
            for line in part.lines:
                text = note.text[line.start : line.end]
                return (Evidence(note.document, line.start, line.end, text, part.kind),)
    return ()
