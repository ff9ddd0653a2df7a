"""Regular expressions of FHIRPath in Python's dialect (FHIRPath N1 5.6.9; XML Schema 1.1, annex G).

A pattern from outside that may try too many ways on a text is left to the engine of the schemas, which is
written in Rust and goes through a text once; what that cannot read is refused.
"""

import functools
import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Final

from jsonschema_rs import Draft4Validator, RegexOptions, ValidationError

from profiles.fhirpath.backtracking import affordable
from profiles.fhirpath.meter import require_short
from profiles.outcome import OperationOutcomeError

LONGEST: Final = 1000
"""Characters of a pattern."""
LONGEST_LINEAR: Final = 1 << 16
"""Characters of a text that the other engine goes through."""
LARGEST: Final = 1 << 18
"""Bytes of a pattern that the other engine has compiled."""

_PIECE: Final = re.compile(
    r"\\([pP])\{(\^?)([A-Za-z]{1,2})\}|\\.|\(\?<(?=[A-Za-z_])|\[\^?\]?|\]|.", re.DOTALL
)
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE}


def found_in(text: str, pattern: str, flags: str, *, whole: bool, known: bool = False) -> bool:
    """Whether a pattern matches somewhere in a text, or all of it.

    Parameters
    ----------
    text, pattern, flags : str
        As FHIRPath has them.
    whole : bool
        Whether all of the text has to match.
    known : bool
        Whether the pattern is one of R4's own, which end soon on every text.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for what is no regular expression, ``too-costly`` for one that may take too long.
    """
    python = compiled_pattern(pattern, flags)
    if known or affordable(python.pattern, python.flags, len(text)):
        found = python.fullmatch(text) if whole else python.search(text)
        return found is not None
    if flags or len(text) > LONGEST_LINEAR:
        raise _too_long()
    return bool(_linear(pattern, whole=whole).is_valid(text))


def substituted(text: str, pattern: str, template: str, flags: str) -> str:
    """A text with every match replaced (as ``found_in``; ``re.error`` for a wrong template)."""
    python = compiled_pattern(pattern, flags)
    if not affordable(python.pattern, python.flags, len(text)):
        raise _too_long()
    made, at, length = [], 0, 0
    for match in python.finditer(text):
        made += [text[at : match.start()], match.expand(template)]
        at = match.end()
        length += len(made[-1])
        require_short(length)
    return "".join([*made, text[at:]])


def _too_long() -> OperationOutcomeError:
    return OperationOutcomeError(
        "too-costly", "FHIRPath: the pattern may take too long on this text"
    )


@functools.lru_cache(maxsize=64)
def _linear(pattern: str, *, whole: bool) -> Draft4Validator:
    """A schema that is valid for the texts that match."""
    text = "".join(_dotted(pattern))
    schema = {"pattern": f"^(?:{text})$" if whole else text}
    try:
        return Draft4Validator(schema, pattern_options=RegexOptions(size_limit=LARGEST))
    except (ValueError, ValidationError):
        raise _too_long() from None


def _dotted(pattern: str) -> Iterator[str]:
    """In single-line mode a dot is any character; the other engine has no such mode."""
    inside = False
    for match in _PIECE.finditer(pattern):
        piece = match[0]
        yield r"[\s\S]" if piece == "." and not inside else piece
        inside = (inside or piece[0] == "[") and piece != "]"


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
