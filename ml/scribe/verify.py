"""What a sentence of a note may say: the numbers, sides and medicines of its segments, and no other.

Each is counted, so a number may not stand more often than it was said. The check reads both sides after the
same writing of numbers, and knows nothing of how the sentence was made: what fails is not written.
"""

import re
from collections import Counter
from functools import lru_cache
from typing import Final

from ml.scribe.drugs import drug_names
from ml.scribe.numbers import figures, in_figures

KINDS: Final = ("number", "unit", "side", "drug-name")
SIDES: Final = re.compile(r"\b(left|right|bilateral(?:ly)?|both)\b", re.IGNORECASE)
UNIT: Final = re.compile(
    r"\d\s?(mg|mcg|ml|cm|mm|kg|%|meq|iu|units?|grams?|pounds?|lbs|inches|feet)(?!\w)", re.IGNORECASE
)


def _sides(text: str) -> Counter[str]:
    return Counter(
        "both" if side.lower()[0] == "b" else side.lower() for side in SIDES.findall(text)
    )


def _units(text: str) -> Counter[str]:
    return Counter(unit.lower().rstrip("s") for unit in UNIT.findall(in_figures(text)))


def unsupported(sentence: str, said: str) -> tuple[str, ...]:
    """What of a sentence was not said: ``number``, ``unit``, ``side``, ``drug-name``.

    Parameters
    ----------
    sentence : str
    said : str
        Text of the segments that the sentence rests on.
    """
    pairs = zip(_counted(sentence), _counted(said), strict=True)
    return tuple(
        kind for kind, (written, spoken) in zip(KINDS, pairs, strict=True) if written - spoken
    )


@lru_cache(maxsize=4096)
def _counted(text: str) -> tuple[Counter[str], ...]:
    """What is compared, in the order of ``KINDS``; a segment is asked for by every sentence of it."""
    return Counter(figures(text)), _units(text), _sides(text), Counter(drug_names(text))
