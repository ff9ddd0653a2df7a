"""In which language a note is clearly written, by the words that every sentence needs.

A guess from a few dozen function words, made only where it is clear: a note of findings alone has hardly any
word of these, and is then of no language known.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

ENOUGH: Final = 8
"""Function words of a language that a text has at least."""
DIFFERENT: Final = 4
"""How many different ones."""
CLEARLY: Final = 3
"""How many times as many as of English; English itself, as of any other language."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_LOOKED_AT: Final = 50_000
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the of and to with for is was were on at or not she he her his has had are this that from",
        "de": "und der die das nicht mit ist ein eine auf für wurde wird bei keine von zur zum im sind",
        "fr": "le la les des et est une pas dans avec pour sur du aux sans il elle au par sont",
        "es": "el la los las y con sin una por para del se que su al fue como está es lo",
        "it": "il di che con per una della nel non gli dei è sono da alla del le si ha",
        "pt": "o os com sem uma para não do da dos pela em foi ao na um se é das no",
        "nl": "de het een van met geen niet bij voor werd is en op zijn wordt ook naar te heeft dit",
    }.items()
}


def language_of(text: str) -> str:
    """ISO 639-1 code of the language of a text; empty where it is not clear."""
    found = Counter(_WORD.findall(text[:_LOOKED_AT].lower()))
    counted = {name: sum(found[word] for word in words) for name, words in _WORDS.items()}
    first, second, *_ = sorted(counted, key=lambda one: -counted[one])
    # Neighbours share words: what decides is whether it could be English.
    other = counted["en"] if first != "en" else counted[second]
    different = sum(found[word] > 0 for word in _WORDS[first])
    enough = counted[first] >= ENOUGH and different >= DIFFERENT
    return first if enough and counted[first] > CLEARLY * other else ""
