"""A scribe without a model for tests about the way of a visit: it quotes the patient, and knows one drug."""

import re
from pathlib import Path

from ml.worker import Places, Progress, Spec
from profiles.speech_records import (
    ClinicalFact,
    NoteSection,
    NoteSentence,
    ScribeNote,
    ScribeRequest,
    Segment,
    Transcript,
)

SPEC = Spec("scribe", "1", "DocumentReference", ScribeRequest, ScribeNote, "scribe", 60.0)
_DRUG = re.compile(r"\blisinopril(?: (\d+ mg))?", re.IGNORECASE)


def load(places: Places) -> None:
    """Nothing is needed."""
    del places


def run(model: None, given: ScribeRequest, progress: Progress) -> ScribeNote:
    """What the patient says as history, what the doctor says as assessment, each word for word."""
    del model
    spoken = [one for one in given.transcript.segments if one.text.strip()]
    facts = []
    sections = []
    for code, title, role in (
        ("10164-2", "History of present illness", "patient"),
        ("51848-0", "Assessment", "doctor"),
    ):
        sentences = []
        for one in spoken:
            if one.role != role:
                continue
            found = _DRUG.search(one.text)
            if found:
                dose = (("dose", found[1]),) if found[1] else ()
                parts = (("name", "lisinopril"), *dose)
                facts.append(ClinicalFact("medication", one.text, parts, (one.number,)))
            fact = len(facts) - 1 if found else None
            sentences.append(NoteSentence(one.text, (one.number,), "quotation", fact))
        sections.append(NoteSection(code, title, tuple(sentences)))
    progress(1, 1, "notes")
    return ScribeNote("quoting", "1", given.template, tuple(sections), tuple(facts))


def example(folder: Path) -> ScribeRequest:
    """One turn."""
    del folder
    return ScribeRequest(Transcript("attached", "1", "en", None, (Segment(0, None, None, "Hi."),)))
