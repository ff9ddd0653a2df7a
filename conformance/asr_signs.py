"""Signs as they are said: "140/90" is "140 over 90", ".5" is "0.5", "4-6" is "4 to 6", "5:30" five thirty.

A point that begins a number counts: without its zero it would be lost with the punctuation, and a dose ten
times as high would pass as the same.
"""

import re
from typing import Final

_FRACTIONS: Final = str.maketrans({"\u00bd": " 1/2", "\u00bc": " 1/4", "\u2044": "/"})
_SOUNDS: Final = (
    "laughs|laughter|laughing|coughs|coughing|sighs|inaudible|unintelligible|crosstalk|pause"
)
_WHAT: Final = "mg|mcg|ug|g|ml|mmol|meq|units|beats|twice|times"
_PER: Final = rf"\b({_WHAT})\s?/\s?(dl|l|ml|kg|day|week|min|minute|hour)\b"

_SAID: Final = (
    (rf"\(\s*(?:{_SOUNDS})\s*\)", " "),
    (r"\b(?:[a-z]\.){2,}(?![a-z])", lambda found: found[0].replace(".", "")),
    (r"(?<=\d),(?=\d{3}\b)", ""),
    (r"\b(\d{2,3})\s*/\s*(\d{2,3})\b", r"\1 over \2"),
    (r"(?<=\d)\s+1/2\b(?!/)", " and a half"),
    (r"(?<![\d/])1/2\b(?!/)", "half"),
    (r"(?<![\d/])1/4\b(?!/)", "quarter"),
    (r"\b(\d+(?:\.\d+)?)(mg|mcg|ug|ml|kg|lbs?|cm|mm|bpm)\b", r"\1 \2"),
    (_PER, r"\1 per \2"),
    (r"\$\s?(\d+(?:\.\d+)?)", r"\1 dollars"),
    (r"(?<![\w.])\.(?=\d)", "0."),
    (r"(?<![\w.)-])-(?=\d)", " minus "),
    (r"\b(\d{1,2}):([0-5]\d)\b(?!:)", lambda found: _time(found[1], found[2])),
    (r"(?<![\d-])(\d{1,3})\s?[-\u2013]\s?(\d{1,3})\b(?!-)", lambda found: _range(found[1], found[2])),
    (r"(?<=\d )mm\b", "millimeters"),
    (r"&", " and "),
    (r"%", " percent "),
)  # fmt: skip


def said(text: str) -> str:
    """A text in small letters with its signs in words, as far as they are said."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def spread(text: str) -> str:
    """Fractions that are one letter with a blank before them: "2\u00bd" is not "21/2"."""
    return text.translate(_FRACTIONS)


def _time(hours: str, minutes: str) -> str:
    """As "five thirty", "five oh five" and "ten thirty" come out as digits."""
    if minutes == "00":
        return hours
    return f"{hours}{minutes}" if len(hours) == 1 else f"{hours} {minutes}"


def _range(low: str, high: str) -> str:
    """From the lower to the higher number; anything else that is joined is none."""
    return f"{low} to {high}" if int(low) < int(high) else f"{low} {high}"


_RULES: Final = tuple((re.compile(pattern), instead) for pattern, instead in _SAID)
