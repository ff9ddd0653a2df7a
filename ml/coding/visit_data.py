"""Amount and complexity of the data reviewed, the second element of medical decision making."""

import re
from collections.abc import Collection
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.visit_table import CONDITIONAL, HIGH, LOW, MODERATE, STRAIGHTFORWARD, cues_of, tests
from ml.coding.visit_text import MANAGED, TOLD, Element, Noted, sentences
from profiles.coding_records import Evidence

ORDER: Final = re.compile(
    r"\b(?:order\w*|obtain\w*|check\w*|get|send|sent|repeat\w*|schedul\w+|recommend\w*|perform\w*|"
    r"recheck\w*|refer\w*|need\w*|draw\w*|"
    r"will (?:also )?(?:do|have)|would like|review\w*|show\w*|reveal\w*|demonstrat\w*)\b",
    re.IGNORECASE,
)
ITEMS_LOW: Final = 2
ITEMS_MODERATE: Final = 3
WORDS: Final = {
    "external": "note of an external source",
    "historian": "independent historian",
    "interpretation": "independent interpretation of a test",
    "discussion": "discussion with an external professional",
}


def data(notes: Noted, reported: Collection[str]) -> Element:
    """Amount and complexity of data.

    Parameters
    ----------
    notes : sequence
    reported : collection of str
        Names of tests that are lines of their own: neither they nor their reading count again.
    """
    items = _tests(notes, reported) | _cued(notes, "external")
    historian = _cued(notes, "historian")
    reading = {} if _reads_own(reported) else _cued(notes, "interpretation")
    talk = _cued(notes, "discussion")
    categories = [len(items) + len(historian) >= ITEMS_MODERATE, bool(reading), bool(talk)]
    level = STRAIGHTFORWARD
    if sum(categories) > 1:
        level = HIGH
    elif any(categories):
        level = MODERATE
    elif len(items) >= ITEMS_LOW or historian:
        level = LOW
    said = [*items, *historian, *reading, *talk]
    reason = f"{', '.join(said)}" if said else "minimal or none"
    evidence = [*items.values(), *historian.values(), *reading.values(), *talk.values()]
    return Element(level, reason, tuple(dict.fromkeys(evidence))[:6])


def _reads_own(reported: Collection[str]) -> bool:
    return any(name.endswith("x-ray") or name == "electrocardiogram" for name in reported)


def _tests(notes: Noted, reported: Collection[str]) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for sentence in sentences(notes, {*MANAGED, kinds.RESULTS}):
        text = sentence.text
        acts = sentence.section == kinds.RESULTS or ORDER.search(text)
        if not acts or (sentence.section != kinds.RESULTS and CONDITIONAL.search(text)):
            continue
        for name, parts in tests():
            if (
                name not in reported
                and name not in found
                and all(one.search(text) for one in parts)
            ):
                found[name] = sentence.evidence
    return found


def _cued(notes: Noted, element: str) -> dict[str, Evidence]:
    """The first sentence that a cue of an element stands in, by our word for the element."""
    for sentence in sentences(notes, TOLD):
        for cue in cues_of(element):
            found = cue.pattern.search(sentence.text)
            if found and context.status(sentence.text, *found.span()) != context.NEGATED:
                return {WORDS[element]: sentence.evidence}
    return {}
