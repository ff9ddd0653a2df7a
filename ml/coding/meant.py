"""What a lead means that no words of a code say: the nearest row of the index by meaning.

Used only where words find nothing that is believed. Nearness is no equality ("inflamed gallbladder"
lies
near an injury of it), so such a code is mostly offered below the threshold, and suggested only when it
is all but the same term.
"""

from typing import Final

from ml.coding.match import SOFT, Candidate, Matcher
from ml.coding.mentions import Mention
from ml.coding.problems import SITES, Problem, said_of, trimmed
from ml.coding.words import content, tokens

MEANING: Final = "meaning"
NEAR_ENOUGH: Final = 0.75
STRENGTH: Final = 0.8
MOST_WORDS: Final = 8


def meant(text: str, mention: Mention, matcher: Matcher) -> Problem | None:
    """The problem that a mention names in other words; None when nothing lies near enough.

    Parameters
    ----------
    text : str
        The note.
    mention : Mention
    matcher : Matcher
        With its embedder, which may not be ready.
    """
    start, end = trimmed(text, mention.start, mention.end)
    words = tuple(content(tokens(text, start, end)))
    if matcher.embedder is None or len(words) > MOST_WORDS:
        return None
    if not any(word not in SOFT and word not in SITES for word in words):
        return None
    near = matcher.embedder.nearest(text[start:end], 1)
    if not near or near[0][1] < NEAR_ENOUGH:
        return None
    row, cosine = near[0]
    concept = int(matcher.index.owner[row])
    code = next(iter(matcher.index.concepts[concept].sides.values()))
    quality = STRENGTH * min(1.0, cosine) ** 2
    said = frozenset(words)
    candidate = Candidate(code, MEANING, quality, 0.0, 0.0, concept, None, said)
    return Problem(mention, start, end, words, said_of(text, start, end), "", candidate)
