"""Characters of X12: what may stand in an element, and how text of people becomes that (TR3 appendix B).

Text is brought into the extended character set: accents fall off, breaks and delimiters become spaces. An
identifier or a code is never changed; where it does not fit it is refused.
"""

import re
import unicodedata
from typing import Final

from adapters.x12.segments import Delimiters

_SIGNS: Final = r"""A-Za-z0-9 !"&'()*+,\-./:;?=%@\[\]_{}\\|<>~#$^"""
_ALLOWED: Final = re.compile(f"[{_SIGNS}]*")
_SPACES: Final = re.compile(r"\s+")
_LETTERS: Final = {
    **dict.fromkeys("\u2018\u2019\u02bc", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-"),
    "\u00df": "ss",
    "\u00e6": "ae",
    "\u00c6": "AE",
    "\u00f8": "o",
    "\u00d8": "O",
    "\u0142": "l",
    "\u0141": "L",
    "\u0111": "d",
    "\u0110": "D",
}
"""Letters that Unicode does not decompose, and typographic signs."""


def plain_text(text: str, delimiters: Delimiters) -> str | None:
    """Words of people for an element; None where a letter has no counterpart."""
    replaced = "".join(_LETTERS.get(sign, sign) for sign in text)
    decomposed = unicodedata.normalize("NFKD", replaced)
    kept = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    for sign in delimiters.all:
        kept = kept.replace(sign, " ")
    kept = _SPACES.sub(" ", kept).strip()
    return kept if _ALLOWED.fullmatch(kept) else None


def is_identifier(text: str, delimiters: Delimiters) -> bool:
    """Whether an identifier or a code can stand in an element as it is."""
    fits = _ALLOWED.fullmatch(text) and text == text.strip()
    return bool(fits) and not any(sign in text for sign in delimiters.all)
