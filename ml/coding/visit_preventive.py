"""A preventive visit, by age and whether the patient is new."""

from typing import Final

from ml.coding import sections as kinds
from ml.coding.procedure_lines import Line
from ml.coding.visit_table import cues_of, levels, source
from ml.coding.visit_text import Noted
from profiles.coding_records import CodingRequest, Evidence, RuleCitation

SCORE: Final = 0.65
PREVENTIVE: Final = "preventive"
YEAR_OF_BIRTH: Final = 4


def preventive_lines(request: CodingRequest, notes: Noted) -> list[Line]:
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
                    return [Line(number, "", SCORE, (place,), (rule,), name=PREVENTIVE)]
    return []


def age_on(born: str, day: str) -> int:
    """Full years between two ISO dates; -1 when one is unknown or only a part."""
    whole = len("2000-01-01")
    if len(born) < YEAR_OF_BIRTH or len(day) < whole or not born[:YEAR_OF_BIRTH].isdigit():
        return -1
    passed = day[5:whole] >= born[5:whole]
    years = int(day[:4]) - int(born[:4])
    return max(-1, years if passed else years - 1)
