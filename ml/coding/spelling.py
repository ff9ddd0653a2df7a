"""Words that a scanner or a typist damaged, set right against the words that the index and the terms know."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

SHORTEST: Final = 6
"""Letters from which a word is set right; shorter ones have too many neighbours."""
CLOSE: Final = 0.84
SCANNED: Final = (("rn", "m"), ("0", "o"), ("1", "l"), ("vv", "w"), ("cl", "d"))
"""Letters that scanning takes for others."""


class Speller:
    """Sets words right.

    Parameters
    ----------
    known : iterable of str
        Canonical words; only these are ever put in place of another.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._by_letter: dict[str, list[str]] = {}
        for word in sorted(self._known):
            if len(word) >= SHORTEST:
                self._by_letter.setdefault(word[0], []).append(word)
        self._set_right = lru_cache(maxsize=4096)(self._nearest)

    def word(self, word: str) -> str:
        """The word itself where it is known or has no near neighbour; else that neighbour."""
        if len(word) < SHORTEST or word in self._known:
            return word
        return self._set_right(word)

    def _nearest(self, word: str) -> str:
        """The known word that differs least; the first letter is trusted."""
        for wrong, right in SCANNED:
            if word.replace(wrong, right) in self._known:
                return word.replace(wrong, right)
        close = get_close_matches(word, self._by_letter.get(word[0], ()), 1, CLOSE)
        return close[0] if close else word
