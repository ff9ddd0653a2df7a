"""Which part of a note a sentence belongs to: its division by the model, then by what it says."""

from collections.abc import Sequence
from typing import Final

from ml.scribe.candidates import Candidate
from ml.scribe.cues import (
    ALLERGIES,
    FAMILY,
    FOLLOW_UP,
    ILLNESS,
    PAST,
    PLAN,
    SOCIAL,
    SURGICAL,
    VITALS,
    WHO,
)
from ml.scribe.drugs import DOSE, drug_names
from ml.scribe.header_features import dialogue_features
from ml.scribe.model import ScribeModel

HISTORY: Final = "history-of-present-illness"
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
        features.append(dialogue_features(turns))
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
