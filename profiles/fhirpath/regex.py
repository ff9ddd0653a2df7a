"""Regular expressions of FHIRPath in Python's dialect (FHIRPath N1 5.6.9; XML Schema 1.1, annex G)."""

import functools
import re
import sys
import unicodedata
from typing import Final

from profiles.outcome import OperationOutcomeError

LONGEST: Final = 1000
"""Characters of a pattern."""

_PIECE: Final = re.compile(
    r"\\([pP])\{(\^?)([A-Za-z]{1,2})\}|\\.|\(\?<(?=[A-Za-z_])|\[\^?\]?|\]|.", re.DOTALL
)
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE}


@functools.lru_cache(maxsize=512)
def compiled_pattern(text: str, flags: str = "") -> re.Pattern[str]:
    """A pattern, unanchored, in single-line mode; ``flags`` are of trial use (``i``, ``m``).

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for what is no regular expression, ``too-costly`` for a long one.
    """
    if len(text) > LONGEST:
        raise OperationOutcomeError("too-costly", "FHIRPath: the pattern is too long")
    if not set(flags) <= set(_FLAGS):
        raise OperationOutcomeError("invalid", "FHIRPath: the flags of a pattern are i and m")
    wanted = re.DOTALL
    for flag in flags:
        wanted |= _FLAGS[flag]
    try:
        return re.compile(_translated(text), wanted)
    except (re.error, OverflowError, RecursionError):
        raise OperationOutcomeError("invalid", "FHIRPath: not a regular expression") from None


def _translated(text: str) -> str:
    """Named groups and classes of Unicode properties as Python writes them."""
    made: list[str] = []
    inside = False
    for match in _PIECE.finditer(text):
        piece = match[0]
        if match[1]:
            negative = (match[1] == "P") != bool(match[2])
            ranges = _ranges(match[3], negative=negative)
            piece = ranges if inside else f"[{ranges}]"
        elif piece == "(?<" and not inside:
            piece = "(?P<"
        elif piece[0] == "[" and not inside:
            inside = True
        elif piece == "]":
            inside = False
        made.append(piece)
    return "".join(made)


@functools.cache
def _ranges(category: str, *, negative: bool) -> str:
    """Characters of a general category, as the inside of a class."""
    found: list[str] = []
    start = -1
    for code in range(sys.maxunicode + 2):
        within = code <= sys.maxunicode and (
            unicodedata.category(chr(code)).startswith(category) != negative
        )
        if within and start < 0:
            start = code
        elif not within and start >= 0:
            found.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = -1
    if not found:
        raise OperationOutcomeError("invalid", "FHIRPath: this class of characters is not known")
    return "".join(found)
