"""What kind of visit the notes are of: where it took place, and whether the patient was new."""

from dataclasses import dataclass
from typing import Final

from ml.coding.visit_table import cues_of, levels, source
from ml.coding.visit_text import Noted
from profiles.coding_records import CodingRemark, CodingRequest, Evidence, RuleCitation

OFFICE: Final = ("office-new", "office-established")
NURSE: Final = "nurse"
DISCHARGE: Final = "discharge"
TELEHEALTH: Final = "CMS MLN901705 (Telehealth and Remote Monitoring)"
GLOBAL: Final = "CMS Claims Processing Manual, chapter 12, section 40 (global surgery)"
POSTOPERATIVE: Final = "99024"
WITHIN: Final = (
    "Is the visit within the global period of an operation by the same group, and about it? Then it is "
    "part of that operation and not billed."
)
HEAD: Final = 1000
"""Characters in which a note says how the visit took place."""
TITLED: Final = 200
"""Characters at the head of a note that say what kind of note it is."""


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


def after_surgery(notes: Noted) -> list[CodingRemark]:
    """A visit after an operation: within its global period it is part of the operation."""
    for note, _ in notes:
        for cue in cues_of("after-surgery"):
            found = cue.pattern.search(note.text, 0, HEAD)
            if found:
                place = Evidence(note.document, *found.span(), found[0])
                rule = RuleCitation("visit.global-period", "After an operation.", GLOBAL)
                return [CodingRemark("query", WITHIN, (POSTOPERATIVE,), (place,), rule)]
    return []


def telehealth(notes: Noted) -> list[CodingRemark]:
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
