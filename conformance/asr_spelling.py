"""British spellings as American ones, by the rules in which the two differ.

A rule may make a word that is in no dictionary ("exercise" becomes "exercize"): it does so in both texts that
are compared. What counts is that no two words that are said differently become one: "filled" and "filed" stay
apart, for which a doubled l is undone in listed words only, and "toes" keep their "oe".
"""

import re
from typing import Final

_GREEK: Final = {
    "aem": "em", "paed": "ped", "aesth": "esth", "gynaec": "gynec", "caec": "cec", "faec": "fec",
    "caesar": "cesar", "aetiol": "etiol", "praev": "prev", "naev": "nev", "oesoph": "esoph",
    "oedem": "edem", "oestr": "estr", "rrhoe": "rrhe", "pnoe": "pne", "foet": "fet",
    "coeli": "celi", "amoeb": "ameb", "homoeo": "homeo", "manoeuvre": "maneuver",
    "manoeuvr": "maneuver", "sulph": "sulf",
}  # fmt: skip
"""The Greek diphthongs of medicine, and others that stand anywhere in a word."""

_ENDINGS: Final = (
    (r"(?<=[a-z]{3})is(?=(?:e|ed|es|er|ers|ing|ation|ations)$)", "iz"),
    (r"(?<=al)ys(?=(?:e|ed|es|er|ers|ing)$)", "yz"),
    (
        r"^((?:dis)?col|(?:mis)?behavi|tum|lab|fav|neighb|hum|od|vap|hon|flav|rum|vig|rig|harb|savi)our",
        r"\1or",
    ),
    (r"^([a-z]*(?:met|lit)|cent|fib|tit|calib|theat)re(s?)$", r"\1er\2"),
    (
        r"^(counse|trave|labe|cance|mode|fue|signa|channe|leve|dia)ll(?=(?:ed|ing|ers?|ors?)$)",
        r"\1l",
    ),
    (r"^(catal|dial|anal|monol)ogue", r"\1og"),
    (r"^(def|off|lic|pret)ence", r"\1ense"),
    (r"^practiz(?=(?:e|ed|es|ing)$)", "practic"),
)
_WORDS: Final = {
    "grey": "gray", "programme": "program", "programmes": "programs", "ageing": "aging",
    "judgement": "judgment", "tyre": "tire", "tyres": "tires", "mould": "mold",
    "mouldy": "moldy", "sceptical": "skeptical", "fulfil": "fulfill", "instil": "instill",
    "enrol": "enroll", "learnt": "learned", "burnt": "burned",
}  # fmt: skip


def american(word: str) -> str:
    """The American spelling of a word in small letters; one that has it already stays as it is."""
    while (spelled := _once(word)) != word:
        word = spelled
    return word


def _once(word: str) -> str:
    for british, instead in _GREEK.items():
        word = word.replace(british, instead)
    for pattern, instead in _RULES:
        word = pattern.sub(instead, word)
    return _WORDS.get(word, word)


_RULES: Final = tuple((re.compile(pattern), instead) for pattern, instead in _ENDINGS)
