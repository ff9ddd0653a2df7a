"""Facts out of what was said: medicines, vital signs, allergies, problems, findings, results, plans.

A fact keeps the words in which it was said and the segments; whether it is denied comes from the answer to
its question or from ConText (``ml/coding/context.py``).
"""

import re
from collections.abc import Sequence
from typing import Final

from ml.coding.context import FAMILY, HYPOTHETICAL, NEGATED, status
from ml.scribe.allergens import allergens, is_vague
from ml.scribe.candidates import Candidate
from ml.scribe.clauses import dose_alone
from ml.scribe.drugs import drug_names, found, medications
from ml.scribe.symptoms import Symptom
from ml.scribe.units import Unit
from profiles.speech_records import ClinicalFact

ACTIONS: Final = (
    ("stopped", re.compile(r"\b(?:stop|stopped|discontinue|come off|hold off|quit|avoid)\b")),
    ("started", re.compile(r"\b(?:start|prescri\w+|give you|put you on|try you on|order)\b")),
    ("changed", re.compile(r"\b(?:increase|decrease|change|lower|raise|double)\b")),
    ("continued", re.compile(r"\b(?:continue|keep|stay on|refill)\b")),
)
VITALS: Final = (
    ("blood pressure", re.compile(r"\bblood pressure\b[^.;]{0,40}?(\d{2,3}/\d{2,3})")),
    ("heart rate", re.compile(r"\b(?:heart rate|pulse)\b[^.;\d]{0,30}(\d{2,3})\b")),
    ("temperature", re.compile(r"\btemp(?:erature)?\b[^.;\d]{0,30}(\d{2,3}(?:\.\d)?)\b")),
    (
        "oxygen saturation",
        re.compile(r"\b(?:o2|oxygen|sat\w*|pulse ox)\b[^.;\d]{0,30}(\d{2,3})\s?%"),
    ),
    ("respiratory rate", re.compile(r"\brespirat\w+\b[^.;\d]{0,30}(\d{1,2})\b")),
)
KINDS: Final = {
    "physical-examination": "finding",
    "results": "result",
    "plan": "plan",
    "follow-up": "follow-up",
}
Placed = tuple[str, Candidate]


def _said(unit: Unit, start: int, end: int) -> str:
    """``denied``, ``family`` or ``possible`` where a mention is that; else empty."""
    if unit.answer in ("yes", "no"):
        return "denied" if unit.answer == "no" else ""
    names = {NEGATED: "denied", FAMILY: "family", HYPOTHETICAL: "possible"}
    return names.get(status(unit.text, start, end), "")


def _with_its_drug(unit: Unit) -> str:
    """What was said, with the medicine of the question where the answer is its dose."""
    asked = set(drug_names(unit.question))
    if unit.answer == "said" and len(asked) == 1 and dose_alone(unit.text):
        return f"{asked.pop()} {unit.text}"
    return unit.text


def medication_facts(units: Sequence[Unit]) -> list[ClinicalFact]:
    """Every medicine that was spoken of as one, once, with the fullest account of it; no allergen."""
    best: dict[str, ClinicalFact] = {}
    for unit in units:
        if unit.answer == "open":
            continue
        text = _with_its_drug(unit)
        for match, drug in zip(found(text), medications(text), strict=True):
            if _is_allergen(text, match.start()):
                continue
            action = next((name for name, cue in ACTIONS if cue.search(unit.text)), "")
            said = _said(unit, *match.span()) if text == unit.text else ""
            state = said or action or "current"
            given = (("dose", drug.dose), ("route", drug.route), ("frequency", drug.frequency))
            parts = (("name", drug.name), *((key, said) for key, said in given if said))
            fact = ClinicalFact("medication", unit.text, (*parts, ("status", state)), unit.segments)
            if drug.name not in best or len(fact.parts) > len(best[drug.name].parts):
                best[drug.name] = fact
    return list(best.values())


def _is_allergen(text: str, start: int) -> bool:
    """Whether the medicine at a place is what somebody is said to be allergic to, or not to be."""
    return any(begin <= start < end for begin, end in allergens(text))


def vital_facts(units: Sequence[Unit]) -> list[ClinicalFact]:
    """Vital signs with their values, as the doctor reads them."""
    seen: dict[tuple[str, str], ClinicalFact] = {}
    for unit in units:
        for name, pattern in VITALS:
            match = pattern.search(unit.text)
            if match and unit.answer != "open":
                parts = (("name", name), ("value", match.group(1)))
                seen.setdefault(
                    (name, match.group(1)), ClinicalFact("vital", unit.text, parts, unit.segments)
                )
    return list(seen.values())


def allergy_facts(units: Sequence[Unit]) -> list[ClinicalFact]:
    """What a patient is allergic to, or says not to be; each substance is a fact of its own."""
    facts = []
    for unit in units:
        if unit.answer == "open":
            continue
        for begin, end in allergens(unit.text):
            substance = unit.text[begin:end]
            state = _said(unit, begin, end) or "reported"
            if state == "reported" and is_vague(substance):
                continue
            parts = (("substance", substance), ("status", state))
            facts.append(ClinicalFact("allergy", unit.text, parts, unit.segments))
    return facts


def problem_facts(symptoms: Sequence[Symptom], units: Sequence[Unit]) -> list[ClinicalFact]:
    """Symptoms that the patient has or denies."""
    return [
        ClinicalFact(
            "problem",
            units[one.unit].text,
            (("name", one.name), ("status", one.status), ("system", one.system)),
            one.segments,
        )
        for one in symptoms
    ]


def placed_facts(placed: Sequence[Placed]) -> list[tuple[int, ClinicalFact]]:
    """Findings, results, plans and follow-ups: one for each sentence in such a part, with its unit."""
    return [
        (one.number, ClinicalFact(KINDS[part], one.unit.text, (), one.unit.segments))
        for part, one in placed
        if part in KINDS
    ]
