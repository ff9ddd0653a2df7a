"""Text of a dialogue to segments: one per turn, with the role that its tag says.

Two public layouts are read: ``[doctor] ...`` (ACI-BENCH, Yim et al. 2023) and ``Doctor: ...`` (MTS-Dialog,
Ben Abacha et al. 2023). A line without a tag goes on with the turn before it.
"""

import re
from typing import Final

from profiles.speech_records import Segment, Transcript

TAG: Final = re.compile(r"\s*(?:\[([^\]\n]{1,40})\]|([A-Za-z][\w .-]{0,30}):)\s*(.*)")
ROLES: Final = (
    ("doctor", ("doc", "clinician", "physician", "provider", "nurse", "dr")),
    ("patient", ("patient", "pat", "member")),
    ("other", ("guest", "family", "other", "caregiver", "mother", "father", "speaker")),
)


def role_of(tag: str) -> str:
    """``doctor``, ``patient`` or ``other`` of a speaker's tag; empty where it says none."""
    name = tag.strip().lower()
    if name.startswith("guest_clin"):
        return "doctor"
    return next((role for role, begins in ROLES if name.startswith(begins)), "")


def segments_of(text: str) -> tuple[Segment, ...]:
    """The turns of a dialogue."""
    turns: list[tuple[str, str]] = []
    for line in text.splitlines():
        match = TAG.match(line)
        role = role_of(match.group(1) or match.group(2)) if match else ""
        bracketed = match is not None and match.group(1) is not None
        if match and (role or bracketed):
            turns.append((role, match.group(3).strip()))
        elif line.strip():
            before = turns.pop() if turns else ("", "")
            turns.append((before[0], f"{before[1]} {line.strip()}".strip()))
    return tuple(
        Segment(number, None, None, said, role=role, role_confidence=1.0 if role else 0.0)
        for number, (role, said) in enumerate(turns)
    )


def transcript_of(text: str) -> Transcript:
    """A dialogue as an attached transcript."""
    return Transcript("attached", "", "en", None, segments_of(text))
