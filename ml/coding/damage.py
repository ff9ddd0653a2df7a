"""What stands in a note between its words and the coder: codes that somebody wrote there, misread letters.

A code in a note is no documentation of a diagnosis (Coding Clinic, fourth quarter 2015: it does not stand for
the provider's words), may be of another release, and hides the words beside it. Everything keeps its place:
a text as it is read has the length of the text as it was written.
"""

import re
from typing import Final

_CODES: Final = re.compile(
    r"\bICD[- ]?(?:9|10)(?:[- ]?(?:CM|PCS))?(?:[- ]?codes?)?\b:?"
    r"|(?<![\w.])[A-TV-Z][0-9][0-9AB]\.[0-9A-Z]{1,4}(?![\w%])"
    r"|(?<![\w.])[0-9]{3}\.[0-9]{1,2}(?=[\])])"
    r"|(?<![\w.])I10(?![\w.])",
)
_MISREAD: Final = re.compile(r"\b1(?=eft\b)|(?<=[a-z])[01](?=[a-z]{2})|(?<=[a-z]{2})[01](?=[a-z])")
"""A digit inside a word in small letters; ``a1c`` and ``q1h`` are written so."""
_LETTERS: Final = {"1": "l", "0": "o"}


def as_read(text: str) -> str:
    """The text with blanks for written codes and letters for the digits that scanning made of them."""
    bare = _CODES.sub(lambda match: " " * len(match.group()), text)
    return _MISREAD.sub(lambda match: _LETTERS[match.group()], bare)
