"""Words that are nearly a name of the patient's record: for a person to look at, never changed.

Three ways of being near. Spelling: few edits (Damerau 1964) for the length of the name. Sound: one
phonetic key, our own, that writes letters alike which are heard alike and leaves out vowels behind the
first. Look: the same beginning and ending with a like length, as in most pairs of confused names on the
list of ISMP.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from ml.speech.guards import bare

SHORTEST: Final = 5
LONG: Final = 8
_BEGINNING: Final = 4
_ENDING: Final = 3
_SOUND_EDITS: Final = 3
_LOOK_LENGTH: Final = 2

_WORDS: Final = """
    acute adult allergy capsule chronic cream daily disease disorder dose drops elevated
    extended extract gram hours inhaler injection left liquid lower lotion milligram
    ointment other pain patch powder release right solution spray suspension syndrome
    syringe syrup tablet tablets topical type unspecified upper vaccine with without
"""
_NOT_NAMES: Final = frozenset(_WORDS.split())
"""Words of names on a record that are said of everything."""

_ALIKE: Final = (
    ("ph", "f"),
    ("th", "t"),
    ("ck", "k"),
    ("qu", "k"),
    ("x", "ks"),
    ("ce", "se"),
    ("ci", "si"),
    ("cy", "si"),
    ("z", "s"),
    ("c", "k"),
    ("q", "k"),
    ("y", "i"),
    ("v", "f"),
    ("w", "f"),
    ("d", "t"),
    ("b", "p"),
    ("g", "k"),
    ("h", ""),
)


class Names:
    """The names to compare with.

    Parameters
    ----------
    vocabulary : iterable of str
        As on the record; of "Metformin 500 MG Oral Tablet" the word that is a name counts.
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        words = {bare(word) for name in vocabulary for word in name.replace("/", " ").split()}
        self._all = frozenset(words)
        self._names = tuple(sorted(word for word in words if _is_name(word)))
        self.near = lru_cache(maxsize=4096)(self._near)

    def _near(self, word: str) -> bool:
        """Whether a bare word is close to a name and is none itself."""
        if len(word) < SHORTEST or not word.isalpha() or word in self._all:
            return False
        # A plural or a possessive is the name itself.
        if {word.removesuffix("s"), word.removesuffix("es")} & self._all:
            return False
        return any(is_near(word, name) for name in self._names)

    def among(self, words: Sequence[str]) -> bool:
        """Whether one of these words is close to a name."""
        return bool(self._names) and any(self.near(bare(word)) for word in words)


def is_near(word: str, name: str) -> bool:
    """Whether two bare words can be taken for one another."""
    if abs(len(word) - len(name)) > _SOUND_EDITS:
        return False
    away = edits(word, name)
    if away <= (2 if len(name) >= LONG else 1):
        return True
    if away <= _SOUND_EDITS and sound(word) == sound(name):
        return True
    return (
        min(len(word), len(name)) >= LONG
        and abs(len(word) - len(name)) <= _LOOK_LENGTH
        and word[:_BEGINNING] == name[:_BEGINNING]
        and word[-_ENDING:] == name[-_ENDING:]
    )


def sound(word: str) -> str:
    """Phonetic key: letters that are heard alike, doubles once, no vowel behind the first letter."""
    heard = word
    for letters, instead in _ALIKE:
        heard = heard.replace(letters, instead)
    key = heard[:1]
    for letter in heard[1:]:
        if letter not in "aeiou" and letter != key[-1:]:
            key += letter
    return key


def edits(one: str, other: str) -> int:
    """Fewest insertions, deletions, substitutions and swaps of neighbours that turn one into the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before = before, row
        row = [i]
        for j, against in enumerate(other, 1):
            best = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]


def _is_name(word: str) -> bool:
    return len(word) >= SHORTEST and word.isalpha() and word not in _NOT_NAMES
