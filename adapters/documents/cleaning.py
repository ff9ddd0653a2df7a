"""Characters that a note may hold: what cannot stand in a FHIR string is replaced one for one.

R4 datatypes.html#string forbids the C0 controls but tab, line feed and carriage return. Every
replacement is one code point for one, so an offset into the clean text is one into what was decoded.
"""

from typing import Final

from profiles.outcome import OperationOutcomeError

LONGEST: Final = 1_000_000
"""Code points of one document; a long discharge summary has thirty thousand."""

_BREAKS: Final = (0x0B, 0x0C, 0x85, 0x2028, 0x2029)
"""Vertical tab, form feed, next line, line separator, paragraph separator: line ends all."""
_KEPT: Final = frozenset((0x09, 0x0A, 0x0D))
_NOT_TEXT: Final = (*range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_CLEAN: Final = {
    **{code: " " for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in _KEPT},
    **dict.fromkeys(_BREAKS, "\n"),
    **dict.fromkeys(_NOT_TEXT, "�"),
    0xFEFF: " ",
}


def clean(text: str) -> str:
    r"""The text with ``\n`` as its only line end and without controls, as long as before.

    Raises
    ------
    OperationOutcomeError
        ``too-costly`` for more than ``LONGEST`` code points.
    """
    if len(text) > LONGEST:
        raise OperationOutcomeError("too-costly", f"the text has more than {LONGEST} characters")
    # The carriage return of a pair becomes a space before its line feed: no offset moves.
    return text.replace("\r\n", " \n").replace("\r", "\n").translate(_CLEAN)
