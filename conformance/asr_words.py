"""The words of a text as they are compared: what is written in two ways and said in one becomes one.

In this order: annotations in brackets and speakers at the beginning of a line go; small letters without
accents; signs are written as they are said (``asr_signs``); contractions are written out; punctuation goes;
American spelling (``asr_spelling``), one spelling of okay and mom, units in full; fillers go; spoken numbers
in digits (``asr_numbers``).

Whisper's English normaliser (Radford et al. 2022, appendix C) is the pattern. On purpose it is left where it
hides or makes errors: "oh" is a zero only between two digits ("one oh five"), "okay" and "mom" have one
spelling, what stands in round brackets was said and stays, "er" may be the emergency room and is no filler,
"twenty twenty five" may be a range and no year, single digits are not joined. British spellings follow rules
instead of a list. Words that are joined or not ("check up", "checkup") stay different.
"""

import re
import unicodedata
from typing import Final

from conformance.asr_numbers import with_digits
from conformance.asr_signs import said, spread
from conformance.asr_spelling import american

SPEAKER: Final = re.compile(
    r"^\s*(?:\[([A-Za-z][\w .-]{0,24})\]:?|([A-Za-z][\w.-]{0,24}):)\s", re.M
)
_ANNOTATION: Final = re.compile(r"\[[^\]\n]{0,60}\]|<[^>\n]{0,60}>|\*[^*\n]{1,30}\*")
_APOSTROPHES: Final = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'"})

_WHOLE: Final = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not",
    "ain't": "is not", "let's": "let us", "'cause": "because", "gonna": "going to",
    "wanna": "want to", "gotta": "got to", "kinda": "kind of", "sorta": "sort of",
    "lemme": "let me", "gimme": "give me", "y'all": "you all", "ma'am": "madam", "o.k": "okay",
    "ok": "okay", "mum": "mom", "mums": "moms", "mummy": "mommy", "alright": "all right",
    "dr": "doctor", "mr": "mister", "vs": "versus",
    "mg": "milligrams", "milligram": "milligrams", "mcg": "micrograms", "ug": "micrograms",
    "microgram": "micrograms", "ml": "milliliters", "milliliter": "milliliters",
    "dl": "deciliter", "kg": "kilograms", "kilogram": "kilograms", "kilos": "kilograms",
    "lb": "pounds", "lbs": "pounds", "cm": "centimeters", "centimeter": "centimeters",
    "millimeter": "millimeters", "bpm": "beats per minute",
}  # fmt: skip
"""Words and what they are written as."""

_PARTS: Final = (
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"'s(?= (?:been|got|had)\b)"), " has"),
    (re.compile(r"\b(it|that|what|he|she|there|here|who|where|how|when)'s\b"), r"\1 is"),
)
_FILLER_WORDS: Final = "um umm uh uhh uhm erm hm hmm mm mmm mhm mhmm mmhmm uhhuh"
_FILLERS: Final = frozenset(_FILLER_WORDS.split())
_FILLED: Final = re.compile(r"\b(?:mm-hmm|mm-hm|uh-huh|m-hm|mhm)\b")
_NOT_WORD: Final = re.compile(r"(?<!\d)\.|\.(?!\d)|[^\w.]|_")


def words_of(text: str) -> list[str]:
    """The words of a text.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        Normalised; applied to its own result joined by blanks, nothing changes any more.
    """
    plain = unicodedata.normalize("NFKC", spread(text)).translate(_APOSTROPHES)
    plain = _without_accents(_ANNOTATION.sub(" ", SPEAKER.sub("\n", plain)).lower())
    written = _written(_FILLED.sub(" ", said(plain)))
    bare = _NOT_WORD.sub(" ", written.replace("'", "")).split()
    spelled = " ".join(_WHOLE.get(word, word) for word in map(american, bare))
    return with_digits([word for word in spelled.split() if word not in _FILLERS])


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return "".join(one for one in parts if unicodedata.category(one) != "Mn")


def _written(text: str) -> str:
    """A text with its contractions written out."""
    joined = " ".join(_WHOLE.get(word, word) for word in map(_bare, text.split()))
    for pattern, instead in _PARTS:
        joined = pattern.sub(instead, joined)
    return joined


def _bare(token: str) -> str:
    return token.strip('.,;:!?"()')
