"""How a code of ICD-10-CM is written: with the dot for people, without it to compare."""

import re
from typing import Final

CATEGORY: Final = 3
"""Characters before the dot."""

FULL: Final = 7
"""Characters of a code with a 7th character."""

PLACEHOLDER: Final = "X"
_CODE: Final = re.compile(r"[A-Z][0-9A-Z][0-9A-Z](?:\.?[0-9A-Z]{1,4})?")


def flat(code: str) -> str:
    """The code in capitals without its dot; other text as it is."""
    return code.strip().upper().replace(".", "", 1)


def dotted(code: str) -> str:
    """The code with its dot after the third character, where it has more than three."""
    plain = flat(code)
    return f"{plain[:CATEGORY]}.{plain[CATEGORY:]}" if len(plain) > CATEGORY else plain


def is_code(text: str) -> bool:
    """Whether a text has the form of a code, with or without the dot."""
    return _CODE.fullmatch(text.strip().upper()) is not None


def with_seventh(code: str, character: str) -> str:
    """The code with a 7th character; missing characters are filled with X (guideline I.A.4, I.A.5)."""
    return dotted(flat(code).ljust(FULL - 1, PLACEHOLDER) + character)
