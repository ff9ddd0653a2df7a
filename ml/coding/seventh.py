"""The 7th character: the encounter of an injury, else what its category asks for (I.A.5, I.C.19.a)."""

import re
from collections.abc import Mapping
from typing import Final

from ml.coding.found import cite
from ml.coding.match import GENERIC
from ml.coding.words import bag
from profiles.coding_records import RuleCitation

SUBSEQUENT: Final = re.compile(
    r"\b(?:routine healing|healing (?:well|appropriately|fracture)|cast (?:removal|change)|suture "
    r"removal|"
    r"post-?op(?:erative)? (?:visit|follow|check)|aftercare|status post (?:open reduction|orif)|s/p "
    r"orif|"
    r"weeks? (?:out|status post|s/p|post))\b",
    re.IGNORECASE,
)
SEQUELA: Final = re.compile(r"\b(?:sequelae?|late effects?) of\b", re.IGNORECASE)
HEALING: Final = (
    ("K", re.compile(r"\bnon-?union\b", re.IGNORECASE)),
    ("P", re.compile(r"\bmal-?union\b", re.IGNORECASE)),
    ("G", re.compile(r"\bdelayed (?:healing|union)\b", re.IGNORECASE)),
)
OPEN: Final = re.compile(r"\bopen\b[^.]{0,25}\bfracture\b", re.IGNORECASE)
NAMES: Final = {
    "A": "active treatment",
    "B": "active treatment of an open fracture",
    "D": "routine healing or recovery",
    "G": "delayed healing",
    "K": "nonunion",
    "P": "malunion",
    "S": "sequela",
}


def seventh(
    chars: Mapping[str, str], code: str, context: str, side: str
) -> tuple[str, RuleCitation]:
    """The 7th character of a code and the rule that chose it.

    Parameters
    ----------
    chars : mapping of str to str
        The characters that the code takes and their meaning.
    code : str
    context : str
        Text about the problem.
    side : str
        ``right``, ``left``, ``bilateral`` or empty.
    """
    char = _encounter(chars, context) if "A" in chars else _meant(chars, context, side)
    rule = "I.C.19.a" if code[0] in "ST" else "I.A.5"
    said = NAMES.get(char, chars[char]) if "A" in chars else chars[char]
    return char, cite(rule, f"7th character {char}: {said}.")


def _encounter(chars: Mapping[str, str], context: str) -> str:
    """Active treatment, unless the note tells of healing, a late effect or an open fracture."""
    if SEQUELA.search(context) and "S" in chars:
        return "S"
    for char, pattern in HEALING:
        if char in chars and pattern.search(context):
            return char
    if SUBSEQUENT.search(context) and "D" in chars:
        return "D"
    return "B" if "B" in chars and OPEN.search(context) else "A"


def _meant(chars: Mapping[str, str], context: str, side: str) -> str:
    """The character whose meaning is documented; the unspecified one when none is."""
    said = bag(context)
    unspecified = [char for char, text in chars.items() if "unspecified" in text.lower()]
    for char, text in chars.items():
        if char in unspecified:
            continue
        words = bag(text) - GENERIC
        sided = side and side in text.lower()
        if sided or (words and words <= said and not re.search(r"\b(?:right|left)\b", text)):
            return char
    return unspecified[0] if unspecified else min(chars)
