"""Which part of a note a sentence belongs to: its division by the model, then by what it says."""

import re
from collections.abc import Sequence
from typing import Final

from ml.scribe.candidates import Candidate
from ml.scribe.drugs import DOSE, drug_names
from ml.scribe.features import dialogue_features
from ml.scribe.model import ScribeModel

HISTORY: Final = "history-of-present-illness"
ALLERGIES: Final = re.compile(r"\ballerg(?:y|ies|ic)\b(?!.*\b(?:season|pollen|spring|fall)\b)")
FAMILY: Final = re.compile(
    r"\b(?:mother|father|mom|dad|brother|sister|grandmother|grandfather|aunt|uncle|family history|"
    r"runs in)\b"
)
ILLNESS: Final = re.compile(
    r"\b(?:cancer|diabetes|diabetic|heart|hypertension|stroke|disease|arthritis|gout|thyroid|"
    r"history|died|attack|"
    r"asthma|cholesterol|adopted|problems?|stones?|had)\b"
)
SOCIAL: Final = re.compile(
    r"\b(?:smok\w+|tobacco|cigarettes?|alcohol|drinks?|beers?|wine|married|divorced|retired|"
    r"works? (?:as|in|at|for)|"
    r"lives? (?:with|alone|in)|marijuana|recreational drugs?|illicit|occupation|job)\b"
)
SURGICAL: Final = re.compile(
    r"\b(?:surger(?:y|ies)|\w+ectomy|\w+plasty|bypass|c-section|operation|hernia repair|"
    r"transplant)\b"
)
PAST: Final = re.compile(r"\b(?:past medical history|medical history|history of|diagnosed with)\b")
VITALS: Final = re.compile(
    r"\b(?:blood pressure|heart rate|pulse|temperature|oxygen saturation|o2 sat|respirations?|"
    r"vital signs?|vitals|"
    r"weight is|bmi)\b"
)
WHO: Final = re.compile(r"\byears?[- ]old\b.*\b(?:presents?|here|comes?|came|seen)\b")
"""Who comes and why: it opens the history."""
PLAN: Final = re.compile(
    r"\b(?:will|advised|recommend(?:ed|s)?|continue|start|stop|prescri\w+|order|refer\w*|increase|"
    r"decrease|schedule|"
    r"follow|take|avoid|should|going to|send|need to|therapy|mg)\b"
)
FOLLOW_UP: Final = re.compile(
    r"\b(?:follow[- ]?up|see (?:her|him|the patient|you) (?:back|again|in)|come back|return (?:in|"
    r"to)|call (?:me|us|the office)|"
    r"appointment|let me know)\b"
)
SUBJECTIVE: Final = (
    ("allergies", ALLERGIES.search),
    ("family-history", lambda text: FAMILY.search(text) and ILLNESS.search(text)),
    ("social-history", SOCIAL.search),
    ("surgical-history", SURGICAL.search),
    ("medications", lambda text: drug_names(text) and DOSE.search(text)),
    ("past-medical-history", lambda text: PAST.search(text) and "presents" not in text),
)


OF_HEADER: Final = {
    "ALLERGY": "allergies",
    "MEDICATIONS": "medications",
    "PASTMEDICALHX": "past-medical-history",
    "PASTSURGICAL": "surgical-history",
    "FAM/SOCHX": "social-history",
}
"""Parts of the headers of MTS-Dialog that are histories; what has another header is told as it was."""


def headers(among: Sequence[Candidate], model: ScribeModel) -> list[str]:
    """The section header that a sentence and its question have by themselves, empty where none is sure."""
    features = []
    for one in among:
        turns = [("doctor", one.unit.question)] if one.unit.answer == "said" else []
        turns.append((one.unit.role, one.unit.text))
        features.append(sorted(set(dialogue_features(turns))))
    scores = model.headers.scores(features)
    return [model.labels[int(row.argmax())] if row.max() > 0 else "" for row in scores]


def part_of(one: Candidate, header: str) -> str:
    """The part of the note in which a chosen sentence stands.

    Parameters
    ----------
    one : Candidate
    header : str
        As ``headers`` gives it.
    """
    text = one.text.lower()
    if one.division == "subjective":
        if WHO.search(text):
            return HISTORY
        told = next((part for part, fits in SUBJECTIVE if fits(text)), "")
        return told or OF_HEADER.get(header, HISTORY)
    if one.division == "examination":
        return "vital-signs" if VITALS.search(text) else "physical-examination"
    if one.division == "results":
        return "results"
    if FOLLOW_UP.search(text):
        return "follow-up"
    return "plan" if PLAN.search(text) else "assessment"
