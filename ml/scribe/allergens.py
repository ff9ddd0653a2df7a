"""What somebody is said to be allergic to: one substance or a list of them, as it was said."""

import re
from typing import Final

from ml.scribe.drugs import found

Span = tuple[int, int]

_SAID: Final = re.compile(r"\ballerg(?:ic|y|ies) to\b", re.IGNORECASE)
_VERBS: Final = "is|are|was|were|has|have|had|does|do|did"
_REACTIONS: Final = "causes?|caused|gives?|gave|makes?|made"
_END: Final = re.compile(
    r"[.;:?!]|\b(?:i|he|she|it|they|we|you|my|that|this|which|who|there|because|since|when|but|so|if|as|with|"
    rf"for|takes?|taking|took|gets?|got|uses?|using|no|not|never|{_REACTIONS}|(?P<verb>{_VERBS}))\b",
    re.IGNORECASE,
)
"""Where the list ends: with the sentence, or with words that are about what was named."""
_WORD: Final = re.compile(r",|[^\s,]+")
_LEADS: Final = frozenset(["also", "to", "the", "any", "both", "either", "a", "an"])
_JOINS: Final = frozenset([",", "and", "or", "nor"])
_LONGEST: Final = 3
"""Words of a substance that is no known medicine; what is longer begins something else."""
_LEAST: Final = 2
"""Words that are kept of the first: an allergy that is named in too many words is not lost."""

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
    spans: list[Span] = []
    for said in _SAID.finditer(text):
        end = _END.search(text, said.end())
        listed = _listed(text, said.end(), end.start() if end else len(text))
        if end and end["verb"] and len(listed) > 1:
            listed.pop()  # "to penicillin and lisinopril is what I take": a sentence of its own
        spans += listed
    return spans


def _listed(text: str, at: int, end: int) -> list[Span]:
    listed: list[Span] = []
    item: list[Span] = []
    words = [(one.group().lower(), one.span()) for one in _WORD.finditer(text, at, end)]
    for word, span in [*words, (",", (end, end))]:
        if word not in _JOINS:
            if item or word not in _LEADS:
                item.append(span)
        elif item:
            named = _named(text, item, first=not listed)
            if not named:
                break
            listed += named
            item = []
    return listed


def _named(text: str, item: list[Span], *, first: bool) -> list[Span]:
    """The medicines that an item begins with, or all of it where it is short enough to be a substance."""
    begin, end = item[0][0], item[-1][1]
    medicines: list[Span] = []
    at = begin
    for one in found(text[begin:end]):
        if text[at : begin + one.start()].strip():
            break
        at = begin + one.end()
        medicines.append((begin + one.start(), at))
    if medicines:
        return medicines
    if len(item) <= _LONGEST:
        return [(begin, end)]
    return [(begin, item[_LEAST - 1][1])] if first else []
