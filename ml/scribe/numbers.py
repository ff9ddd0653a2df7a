"""Numbers as people say them to numbers as a note writes them: "five hundred milligrams" to "500 mg".

Both sides of every comparison of a sentence with what was said go through this module, so that "twenty
milligrams" and "20 mg" are the same number, and nothing but a number that was said can stand in a note.
"""

import re
from typing import Final

from ml.scribe.drugs import drug_names

ONES: Final = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
TENS: Final = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
SCALES: Final = {"hundred": 100, "thousand": 1000, "million": 1000000}
WORD: Final = "|".join(sorted((*ONES, *TENS), key=len, reverse=True))
SPOKEN: Final = re.compile(
    rf"\b(?:{WORD})\b(?:[ -](?:and )?(?:{WORD}|hundred|thousand|million)\b)*"
    rf"(?:[ -]point(?: (?:{WORD}|oh)\b)+)?",
    re.IGNORECASE,
)
UNITS: Final = (
    (r"milligrams?", "mg"),
    (r"micrograms?", "mcg"),
    (r"milliliters?|mls?", "mL"),
    (r"centimeters?", "cm"),
    (r"millimeters?", "mm"),
    (r"kilograms?", "kg"),
    (r"percent|per cent", "%"),
    (r"milliequivalents?", "mEq"),
    (r"international units?", "IU"),
)
NUMBER: Final = r"\d+(?:\.\d+)?"
PHRASES: Final = (
    (re.compile(rf"({NUMBER})\s+out\s+of\s+({NUMBER})"), r"\1/\2"),
    (re.compile(r"\b(\d{2,3})\s+over\s+(\d{2,3})\b"), r"\1/\2"),
    (re.compile(rf"({NUMBER})\s+plus\b"), r"\1+"),
    (re.compile(rf"({NUMBER})\s*%"), r"\1%"),
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
)
UNIT_PATTERNS: Final = tuple(
    (re.compile(rf"\b({NUMBER})\s*-?(?:{words})(?!\w)", re.IGNORECASE), rf"\1 {unit}")
    for words, unit in UNITS
)
FIGURE: Final = re.compile(r"\d+(?:\.\d+)?")
ALONE: Final = re.compile(
    r"one(?= (?:more )?(?:day|week|month|year|hour|minute|time|tablet|pill|capsule|milligram|pack|"
    r"glass|drink|"
    r"beer|plus|out of|and a half|to two|or two|unit|percent|point|hundred)s?\b)",
    re.IGNORECASE,
)
ONE_SCALE: Final = re.compile(
    rf"\ba(?= (?:hundred|thousand) (?:point|(?:and )?(?:{WORD})|milligrams?|micrograms?|"
    r"milliliters?|units?|mg|mcg)\b)",
    re.IGNORECASE,
)
"""Before a scale and a unit or a smaller number an article is a number: "a thousand milligrams"."""


STOPPED: Final = re.compile(
    rf"\b(hundred|{WORD}|\d+)\s+\.\s+({WORD}|\d+)\b"
    r"(?!\s+(?:years?|months?|weeks?|days?|times?)\b)(?:\s+of\s+(?P<of>[\w-]+))?",
    re.IGNORECASE,
)
"""Two numbers with a stop between them, and what the second is an amount of."""
STOP: Final = re.compile(r"[.?!]")


def with_points(text: str) -> str:
    """Decimal points that a recogniser writes as full stops: "seven . five".

    Only where a text has no other stop: elsewhere a stop between numbers ends a sentence.
    """
    if len(STOP.findall(text)) != len(STOPPED.findall(text)):
        return text
    return STOPPED.sub(_with_point, text)


def _with_point(match: re.Match[str]) -> str:
    """The number; unchanged where it is an amount of something else than a medicine ("five of them")."""
    if match["of"] and not drug_names(match["of"]):
        return match[0]
    figures_alone = match[1].isdigit() and match[2].isdigit()
    between = "." if figures_alone else " point "
    return f"{match[1]}{between}{match[2]}{match[0][match.end(2) - match.start() :]}"


def _groups(words: list[str]) -> list[int]:
    """Values of a run of number words; "one twenty" are the two parts of 120."""
    values: list[int] = []
    current, last = 0, "none"
    for word in words:
        if word in SCALES:
            current = max(current, 1) * SCALES[word]
            last = "scale"
        elif last in ("none", "scale") or (last == "tens" and 0 < ONES.get(word, 0) < 10):
            current += ONES[word] if word in ONES else TENS[word]
            last = "tens" if word in TENS else "ones"
        else:
            values.append(current)
            current = ONES[word] if word in ONES else TENS[word]
            last = "tens" if word in TENS else "ones"
    return [*values, current]


def _joined(values: list[int]) -> str:
    """The text of values: "one twenty" is 120 and "twenty nineteen" 2019; everything else stays apart."""
    two = 2
    if len(values) == two and values[0] < 10 and 10 <= values[1] < 100:
        return str(values[0] * 100 + values[1])
    if len(values) == two and values[0] in (19, 20) and 10 <= values[1] < 100:
        return str(values[0] * 100 + values[1])
    return " ".join(map(str, values))


def _figure(match: re.Match[str]) -> str:
    said = match.group().lower()
    if said == "one" and not ALONE.match(match.string, match.start()):
        return match.group()
    whole, _, fraction = said.partition("point")
    words = [word for word in re.split(r"[ -]+", whole.strip(" -")) if word != "and"]
    text = _joined(_groups(words))
    if fraction:
        digits = "".join(str(ONES.get(word, 0)) for word in fraction.split())
        text = f"{text}.{digits}"
    return text


def in_figures(text: str) -> str:
    """The same text with numbers and their units as a note writes them."""
    text = ONE_SCALE.sub("one", with_points(text))
    text = SPOKEN.sub(_figure, text)
    for pattern, to in UNIT_PATTERNS:
        text = pattern.sub(to, text)
    for pattern, to in PHRASES:
        text = pattern.sub(to, text)
    return text


def figures(text: str) -> list[str]:
    """Every number of a text, said or written, in order; "7.0" is 7."""
    found = FIGURE.findall(in_figures(text))
    return [f"{float(one):g}" if "." in one else str(int(one)) for one in found]
