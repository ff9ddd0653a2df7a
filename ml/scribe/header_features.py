"""What the model of section headers sees: words, pairs of words, who says them, and what they tell.

What a dialogue tells is counted as a scribe finds it: medicines, doses, symptoms with their status, answers,
words of each part of a note. A count stands for itself up to two, larger ones in two groups.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Final

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
)
from ml.scribe.drugs import DOSE, drug_names
from ml.scribe.features import TURN
from ml.scribe.symptoms import DENIED, REPORTED, symptoms_of
from ml.scribe.units import units
from profiles.speech_records import Segment

Turns = Sequence[tuple[str, str]]

CUES: Final = (
    ("allergy", ALLERGIES),
    ("family", FAMILY),
    ("illness", ILLNESS),
    ("social", SOCIAL),
    ("surgery", SURGICAL),
    ("past", PAST),
    ("vitals", VITALS),
    ("plan", PLAN),
    ("follow", FOLLOW_UP),
    ("dose", DOSE),
)
ANSWERS: Final = ("yes", "no", "said", "open")
COUNTED: Final = 3
"""How often a count is a feature, so that it weighs beside the many words."""


def dialogue_features(turns: Turns) -> list[str]:
    """Features of a piece of dialogue about one subject, for the header of its section.

    Parameters
    ----------
    turns : sequence of (str, str)
        Role and text.
    """
    return [*text_features(turns), *told_features(turns) * COUNTED]


def text_features(turns: Turns) -> list[str]:
    """Words and pairs of words, each once, of everybody and of each speaker."""
    found: set[str] = set()
    for number, (role, text) in enumerate(turns):
        who = "d" if role == "doctor" else "p"
        words = TURN.findall(text.lower().replace("'", ""))
        words = ["^", *("0" if word.isdigit() else word for word in words), "$"]
        found.update(words)
        found.update(f"{who}:{word}" for word in words)
        found.update(f"{one} {two}" for one, two in itertools.pairwise(words))
        if number == 0:
            found.update(f"1:{word}" for word in words)
    return sorted(found)


def told_features(turns: Turns) -> list[str]:
    """How much of what is told, and by whom."""
    by = {who: [text for role, text in turns if (role == "doctor") == who] for who in (True, False)}
    spoken = {who: " ".join(texts).lower() for who, texts in by.items()}
    found = []
    for who, text in spoken.items():
        said = "d" if who else "p"
        found += [f"#{said} {name} {_group(len(cue.findall(text)))}" for name, cue in CUES]
        found.append(f"#{said} drugs {_group(len(set(drug_names(text))))}")
    segments = [Segment(at, None, None, text, role=role) for at, (role, text) in enumerate(turns)]
    told = units(segments)
    symptoms = symptoms_of(told, [True] * len(told))
    for status in (DENIED, REPORTED):
        found.append(f"#{status} {_group(sum(1 for one in symptoms if one.status == status))}")
    found.append(f"#systems {_group(len({one.system for one in symptoms}))}")
    for answer in ANSWERS:
        found.append(f"#{answer} {_group(sum(1 for one in told if one.answer == answer))}")
    words = {who: len(text.split()) for who, text in spoken.items()}
    size = sum(words.values())
    found.append(f"#turns {min(len(turns), 12)}")
    found.append(f"#size {int(math.log2(1 + size) * 2)}")
    return [*found, f"#share {int(5 * words[False] / max(1, size))}"]


def _group(count: int) -> int:
    few, some = 3, 6
    return count if count < few else few if count < some else some
