"""What somebody is said to be allergic to: one substance or a list of them, as it was said."""

import re
from typing import Final

Span = tuple[int, int]

_SAID: Final = re.compile(r"\ballerg(?:ic|y|ies) to\b", re.IGNORECASE)
_VERBS: Final = "causes?|gives?|makes?|gave|made|is|are|was|were|has|have|had|does|do|did"
_END: Final = re.compile(
    r"[.;:?!]|\b(?:i|he|she|it|they|we|you|my|that|this|which|who|there|because|since|when|but|so|if|as|with|"
    rf"takes?|taking|took|gets?|got|uses?|using|no|not|never|(?P<verb>{_VERBS}))\b",
    re.IGNORECASE,
)
"""Where the list ends: with the sentence, or with words that are about what was named."""
_WORD: Final = re.compile(r",|[^\s,]+")
_LEADS: Final = frozenset(["also", "to", "the", "any", "both", "either", "a", "an"])
_JOINS: Final = frozenset([",", "and", "or", "nor"])
_LONGEST: Final = 3
"""Words of a substance; what is longer is a clause that begins after the list."""

_VAGUE: Final = re.compile(
    r"(?:any|every|no|some)things?|others?|new|certain|some|known|medic(?:ations?|ines?)|meds|drugs?|foods?|"
    r"things?|stuff|substances?|antibiotics"
)


def is_vague(substance: str) -> bool:
    """Whether words name no substance: "anything", "other medications"."""
    return all(_VAGUE.fullmatch(word) for word in substance.lower().split())


def allergens(text: str) -> list[Span]:
    """Where substances are named that somebody is allergic to, or says not to be.

    Parameters
    ----------
    text : str
        What was said, with or without punctuation.

    Returns
    -------
    list of (int, int)
        Begin and end of each in the text, in order.
    """
    found: list[Span] = []
    for said in _SAID.finditer(text):
        end = _END.search(text, said.end())
        listed = _listed(text, said.end(), end.start() if end else len(text))
        if end and end["verb"] and len(listed) > 1:
            listed.pop()  # "to penicillin and lisinopril makes me cough": a sentence of its own
        found += listed
    return found


def _listed(text: str, at: int, end: int) -> list[Span]:
    found: list[Span] = []
    item: list[Span] = []
    words = [(one.group().lower(), one.span()) for one in _WORD.finditer(text, at, end)]
    for word, span in [*words, (",", (end, end))]:
        if word not in _JOINS:
            if item or word not in _LEADS:
                item.append(span)
        elif len(item) > _LONGEST:
            break
        elif item:
            found.append((item[0][0], item[-1][1]))
            item = []
    return found
