"""Visits of any length, out of sentences that were written for it, to measure how long a note takes.

Names of drugs, doses, sides, durations and values change from round to round, so that no visit says one thing
over and over: what a note leaves out as said before would cost nothing. It is no material for quality.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from profiles.speech_records import Segment, Transcript

WORDS_PER_MINUTE: Final = 150
"""Conversation in English has 120 to 180 words a minute."""

_ROUND: Final = (
    "How is your {side} {part} doing, and did you get the {test} that we talked about?",
    "It has been {feel} for about {few} weeks, mostly {when}, and I had the {test} on Monday.",
    "Okay. Any {symptom} or {other}?",
    "I had some {symptom} after dinner, you know, but no {other}, nothing like that.",
    "What do you take for it at the moment?",
    "I take {drug} {dose} milligrams {often}, and I ran out of it {few} days ago.",
    "Your blood pressure today is {high} over {low} and your heart rate is {low}.",
    "On exam there is mild swelling of the {side} {part}, and the lungs are clear.",
    "My daughter was at my house with the kids, and I was up and down the stairs all day.",
    "I think this is {disease}. We will start {drug} {dose} milligrams {often}.",
    "Let us order a {test}, and I want to see you back in {few} weeks.",
    "That sounds good, thank you.",
)  # fmt: skip
_CHOICES: Final = {
    "side": "left|right",
    "part": "knee|shoulder|hip|ankle|wrist|elbow|foot|hand",
    "test": "x-ray|lipid panel|hemoglobin A1c|urinalysis|chest CT|echocardiogram",
    "feel": "hurting|stiff|swollen|sore|numb|burning",
    "few": "two|three|four|five|six",
    "when": "at night|in the morning|when I walk|after work",
    "symptom": "nausea|heartburn|dizziness|a headache|a cough|chest pain",
    "other": "fever|vomiting|shortness of breath|weight loss|palpitations",
    "drug": "metformin|lisinopril|atorvastatin|ibuprofen|omeprazole|sertraline|amlodipine|gabapentin",
    "dose": "5|10|20|40|100|250|500",
    "often": "once a day|twice a day|every morning|at bedtime",
    "disease": "tendinitis|early osteoarthritis|gastritis|a viral infection|sciatica|anemia",
}


def made_visit(minutes: float, seed: int = 1) -> Transcript:
    """A transcript of so many minutes of talk; who speaks is not said, as of one microphone."""
    segments: list[Segment] = []
    at = 0.0
    for text in _turns(seed):
        lasts = 60 * len(text.split()) / WORDS_PER_MINUTE
        segments.append(Segment(len(segments), at, at + lasts, text))
        at += lasts
        if at >= 60 * minutes:
            break
    return Transcript("made", "1", "en", at, tuple(segments))


def words_in(transcript: Transcript) -> int:
    """How many words are said in it."""
    return sum(len(one.text.split()) for one in transcript.segments)


def _turns(seed: int) -> Iterator[str]:
    """Round after round of the conversation, for ever."""
    random = np.random.default_rng(seed)
    while True:
        said = {name: str(random.choice(text.split("|"))) for name, text in _CHOICES.items()}
        values = {"high": random.integers(105, 180), "low": random.integers(60, 99)}
        for text in _ROUND:
            yield text.format(**said, **values)
