"""Names of medicines in what was said, with their dose, route and frequency.

A list of names in daily use, and the stems that the WHO's International Nonproprietary Names give to
whole classes ("-pril", "-sartan", "-gliptin"), which catch names that are on no list.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from ml.scribe.tables import rows

STEMS: Final = (
    "pril sartan olol statin dipine prazole tidine gliptin gliflozin glutide glitazone oxacin cillin mycin "
    "cycline azepam azolam triptan oxetine prednisone prednisolone sone mab tinib ciclovir "
    "vudine parin xaban thiazide semide fibrate conazole setron"
)
NOT_DRUGS: Final = frozenset(
    ["person", "persone", "reasone", "april", "caprill", "ozone", "personage"]
)
_DOSE: Final = (
    r"\d+(?:[.,]\d+)?(?:\s?(?:to|-)\s?\d+)?\s?(?:mg|mcg|g|ml|units?|iu|meq|%|tablets?|pills?|"
    r"puffs?|drops?)(?!\w)"
)
DOSE: Final = re.compile(_DOSE, re.IGNORECASE)
FREQUENCY: Final = re.compile(
    r"\b(?:(?:once|twice|\d+ times|three times|one time) (?:a|per|every)? ?(?:day|daily|week|"
    r"weekly|month)|daily|nightly|weekly|"
    r"every (?:\d+ (?:to \d+ )?)?(?:hours?|days?|day|morning|evening|night|other day|weeks?)|"
    r"at (?:night|bedtime)|"
    r"as needed|in the (?:morning|evening)|before (?:meals|bed)|with meals|a day)\b"
)
ROUTE: Final = re.compile(
    r"\b(?:by mouth|orally|injections?|inhaler|inhaled|cream|ointment|patch(?:es)?|eye drops|"
    r"nasal spray|topical(?:ly)?|intravenous(?:ly)?|iv|subcutaneous(?:ly)?|infusion)\b"
)
REACH: Final = 60


@dataclass(frozen=True, slots=True)
class Medication:
    """A medicine as it was said."""

    name: str
    dose: str
    route: str
    frequency: str


@cache
def _pattern() -> re.Pattern[str]:
    names = sorted((row[0] for row in rows("drug_names")), key=len, reverse=True)
    stems = "|".join(STEMS.split())
    return re.compile(
        rf"\b(?:{'|'.join(map(re.escape, names))}|(?:vitamin (?:[a-k]\d*)(?!\w))|"
        rf"[a-z]{{3,}}(?:{stems}))\b",
        re.IGNORECASE,
    )


def found(text: str) -> Iterator[re.Match[str]]:
    """Every mention of a medicine."""
    for match in _pattern().finditer(text):
        if match.group().lower() not in NOT_DRUGS:
            yield match


def drug_names(text: str) -> list[str]:
    """The medicines of a text in lower case, in order, with repetitions."""
    return [match.group().lower() for match in found(text)]


def medications(text: str) -> list[Medication]:
    """The medicines of a text with what stands beside them, up to the next medicine."""
    matches = list(found(text))
    result = []
    for number, match in enumerate(matches):
        after = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        before = matches[number - 1].end() if number else 0
        right = text[match.end() : min(after, match.end() + REACH)].split(". ")[0]
        left = text[max(before, match.start() - REACH // 2) : match.start()]
        dose = DOSE.search(right) or _last_dose(left)
        parts = [dose, ROUTE.search(right), FREQUENCY.search(right)]
        result.append(
            Medication(match.group().lower(), *(part.group() if part else "" for part in parts))
        )
    return result


def _last_dose(left: str) -> re.Match[str] | None:
    """A dose that leads to the name: "20 mg of lisinopril"."""
    return re.search(rf"{_DOSE}(?=\s(?:of\s)?(?:the\s)?$)", left)
