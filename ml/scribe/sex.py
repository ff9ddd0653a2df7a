"""Which pronoun a visit itself uses of the patient, where the record does not say."""

import re
from collections.abc import Sequence
from typing import Final

from profiles.speech_records import Segment

SAID: Final = (
    (
        "female",
        re.compile(r"\b(?:\d+|[a-z]+)[- ]years?[- ]old (?:\w+ ){0,2}(?:female|woman|lady|girl)\b"),
    ),
    (
        "male",
        re.compile(r"\b(?:\d+|[a-z]+)[- ]years?[- ]old (?:\w+ ){0,2}(?:male|man|gentleman|boy)\b"),
    ),
)
PRONOUNS: Final = (
    ("female", re.compile(r"\b(?:she|her|hers)\b")),
    ("male", re.compile(r"\b(?:he|him|his)\b")),
)
OFTEN: Final = 5
"""How often a doctor must use one pronoun, and never the other, for it to be the patient's."""
ADDRESSED: Final = (
    ("female", re.compile(r"\b(?:ma'am|miss|mrs\.?|ms\.)(?!\w)")),
    ("male", re.compile(r"\b(?:sir|mr\.|mister)(?!\w)")),
)


def sex_said(segments: Sequence[Segment]) -> str:
    """``female``, ``male``, or empty where the doctor says neither, or both."""
    spoken = " ".join(one.text.lower() for one in segments if one.role != "patient")
    for kinds in (SAID, ADDRESSED):
        found = [sex for sex, pattern in kinds if pattern.search(spoken)]
        if len(found) == 1:
            return found[0]
    used = {sex: len(pattern.findall(spoken)) for sex, pattern in PRONOUNS}
    most = max(used, key=lambda sex: used[sex])
    return most if used[most] >= OFTEN and sum(used.values()) == used[most] else ""
