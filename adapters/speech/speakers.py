"""Who speaks, by what a transcript calls them."""

import re
from typing import Final

DOCTOR: Final = "doctor"
PATIENT: Final = "patient"
OTHER: Final = "other"
_NAMES: Final = {
    **dict.fromkeys(
        ("doctor", "dr", "physician", "clinician", "provider", "practitioner", "md"), DOCTOR
    ),
    **dict.fromkeys(("patient", "pt"), PATIENT),
    **dict.fromkeys(
        (
            *("other", "guest", "nurse", "interpreter", "family", "caregiver", "parent"),
            *("mother", "father", "daughter", "son", "wife", "husband", "companion"),
        ),
        OTHER,
    ),
}
_FIRST_WORD: Final = re.compile(r"[a-z]+")
_NUMBERED: Final = re.compile(r"speaker[ _-]?\d{1,3}")


def role_of(name: str) -> str:
    """Role of a speaker by the first word of the name; empty when that does not tell."""
    found = _FIRST_WORD.match(name.strip().lower())
    return _NAMES.get(found[0], "") if found else ""


def is_speaker(name: str) -> bool:
    """Whether a word before a colon names a speaker rather than a heading of a text."""
    return bool(role_of(name)) or _NUMBERED.fullmatch(name.strip().lower()) is not None
