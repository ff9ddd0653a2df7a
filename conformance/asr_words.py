"""The words of a text as they are compared: what is written in two ways and said in one becomes one.

In this order: annotations in brackets and speakers at the beginning of a line go; small letters;
contractions are written out; fillers go; one spelling of okay, mom and of British and American medical
words; units in full; spoken numbers in digits; punctuation goes. Two traps of Whisper's English
normaliser are avoided: "oh" is no zero, and "ok" and "mum" are "okay" and "mom". Words that are joined or
not ("check up", "checkup") stay different.
"""

import re
import unicodedata
from typing import Final

from conformance.asr_numbers import with_digits

SPEAKER: Final = re.compile(
    r"^\s*(?:\[([A-Za-z][\w .-]{0,24})\]:?|([A-Za-z][\w.-]{0,24}):)\s", re.M
)
_ANNOTATION: Final = re.compile(r"\[[^\]\n]{0,60}\]|<[^>\n]{0,60}>|\*[^*\n]{1,30}\*")
_APOSTROPHES: Final = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'"})

_WHOLE: Final = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not",
    "let's": "let us", "'cause": "because", "gonna": "going to", "wanna": "want to",
    "gotta": "got to", "kinda": "kind of", "sorta": "sort of", "lemme": "let me",
    "gimme": "give me", "y'all": "you all", "ma'am": "madam", "o.k": "okay", "ok": "okay",
    "mum": "mom", "mums": "moms", "mummy": "mommy", "alright": "all right", "dr": "doctor",
    "mr": "mister", "vs": "versus", "paediatric": "pediatric", "paediatrician": "pediatrician",
    "anaemia": "anemia", "anaemic": "anemic", "leukaemia": "leukemia", "ischaemia": "ischemia",
    "haemorrhage": "hemorrhage", "haemoglobin": "hemoglobin", "haematology": "hematology",
    "haemorrhoids": "hemorrhoids", "oesophagus": "esophagus", "oedema": "edema",
    "oestrogen": "estrogen", "diarrhoea": "diarrhea", "dyspnoea": "dyspnea", "apnoea": "apnea",
    "foetus": "fetus", "foetal": "fetal", "gynaecologist": "gynecologist", "tumour": "tumor",
    "anaesthetic": "anesthetic", "anaesthesia": "anesthesia", "orthopaedic": "orthopedic",
    "caesarean": "cesarean", "faeces": "feces", "glycaemia": "glycemia", "colour": "color",
    "litre": "liter", "litres": "liters", "centre": "center", "fibre": "fiber",
    "grey": "gray", "programme": "program",
    "mg": "milligrams", "milligram": "milligrams", "mcg": "micrograms", "ug": "micrograms",
    "microgram": "micrograms", "ml": "milliliters", "milliliter": "milliliters",
    "millilitre": "milliliters", "millilitres": "milliliters", "kg": "kilograms",
    "kilogram": "kilograms", "kilos": "kilograms", "lb": "pounds", "lbs": "pounds",
    "cm": "centimeters", "centimeter": "centimeters", "centimetre": "centimeters",
    "centimetres": "centimeters", "mm": "millimeters", "bpm": "beats per minute",
}  # fmt: skip
"""Words and what they are written as."""

_PARTS: Final = (
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\b(it|that|what|he|she|there|here|who|where|how|when)'s\b"), r"\1 is"),
)
_FILLER_WORDS: Final = "um umm uh uhh uhm erm hm hmm mmm mhm mmhmm uhhuh"
_FILLERS: Final = frozenset(_FILLER_WORDS.split())
_FILLED: Final = re.compile(r"\b(?:mm-hmm|mm-hm|uh-huh|m-hm|mhm)\b")
_OVER: Final = re.compile(r"\b(\d{2,3})\s*/\s*(\d{2,3})\b")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}\b)")
_GLUED: Final = re.compile(r"\b(\d+(?:\.\d+)?)(mg|mcg|ug|ml|kg|lbs?|cm|mm|bpm)\b")
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
    plain = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    plain = _ANNOTATION.sub(" ", SPEAKER.sub("\n", plain)).lower()
    plain = _GLUED.sub(r"\1 \2", _THOUSANDS.sub("", _OVER.sub(r"\1 over \2", plain)))
    plain = _FILLED.sub(" ", plain).replace("%", " percent ")
    written = " ".join(_written(token) for token in plain.split())
    bare = _NOT_WORD.sub(" ", written.replace("'", "")).split()
    spelled = " ".join(_WHOLE.get(word, word) for word in bare if word not in _FILLERS)
    return with_digits(spelled.split())


def _written(token: str) -> str:
    """A token with its contraction written out."""
    bare = token.strip('.,;:!?"()')
    if bare in _WHOLE:
        return _WHOLE[bare]
    for pattern, instead in _PARTS:
        bare = pattern.sub(instead, bare)
    return bare
