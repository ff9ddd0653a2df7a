"""Details of a documented procedure on which its number depends, read out of the text around it."""

import re
from collections.abc import Callable
from typing import Final

_NUMBER: Final = {
    **{
        word: str(at)
        for at, word in enumerate(
            ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1
        )
    },
    "single": "1",
    "a": "1",
    "both": "2",
}
_COUNT: Final = r"(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|single)"
_VIEW_WORDS: Final = re.compile(
    r"\b(?:ap|pa|anteroposterior|posteroanterior|lateral|oblique|sunrise|merchant|mortise|"
    r"axillary|odontoid|frog[- ]leg|notch|"
    r"skyline|tunnel|scapular y|y[- ]view|standing)\b",
    re.IGNORECASE,
)
SIDES: Final = {
    "right": "right",
    "rt": "right",
    "left": "left",
    "lt": "left",
    "bilateral": "both",
    "both": "both",
}
SIDE: Final = re.compile(r"\b(right|left|rt|lt|bilateral(?:ly)?|both)\b", re.IGNORECASE)
FACE: Final = r"face|facial|forehead|cheek|chin|eyebrows?|eyelids?|nose|nasal|lips?|ears?|brow"
HANDS: Final = r"hands?|fingers?|thumbs?|feet|foot|toes?|palm"
BODY: Final = (
    r"scalp|arms?|forearms?|legs?|thigh|knees?|shins?|calf|trunk|chest|back|abdomen|shoulders?|"
    r"elbows?|wrists?|ankles?"
)


def _first(pattern: str) -> Callable[[str], str]:
    """The first group of a pattern; number words as digits."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def read(text: str) -> str:
        found = compiled.search(text)
        said = next((group for group in found.groups() if group), "") if found else ""
        return _NUMBER.get(said.lower(), said)

    return read


def _either(default: str, **words: str) -> Callable[[str], str]:
    """The name whose words stand in the text, else the default."""
    compiled = [
        (name, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE))
        for name, pattern in words.items()
    ]

    def read(text: str) -> str:
        return next((name for name, pattern in compiled if pattern.search(text)), default)

    return read


def _views(text: str) -> str:
    stated = _first(rf"\b{_COUNT}[- ]?(?:\w+ )?(?:views?|v)\b")(text)
    if stated:
        return stated
    named = {found[0].lower() for found in _VIEW_WORDS.finditer(text)} - {"standing"}
    return str(len(named)) if named else ""


def _contrast(text: str) -> str:
    if re.search(
        r"with(?: and |/)?(?:and )?without (?:iv |intravenous )?contrast|w/wo|w/ and w/o",
        text,
        re.IGNORECASE,
    ):
        return "both"
    if re.search(
        r"(?:without|w/o|non-?) ?(?:iv |intravenous )?contrast|noncon\b", text, re.IGNORECASE
    ):
        return "without"
    return (
        "with"
        if re.search(r"(?:with|w/) ?(?:iv |intravenous )?contrast", text, re.IGNORECASE)
        else ""
    )


def side_of(text: str) -> str:
    """``right``, ``left``, ``both``, or empty when a text names none."""
    found = {SIDES[one[0].lower().removesuffix("ly")] for one in SIDE.finditer(text)}
    if not found:
        return ""
    return found.pop() if len(found) == 1 else "both"


def _side(text: str) -> str:
    side = side_of(text)
    return "one" if side in ("right", "left") else side


DETAILS: Final[dict[str, Callable[[str], str]]] = {
    "views": _views,
    "contrast": _contrast,
    "side": _side,
    "extent": _either(
        "", complete=r"complete", limited=r"limited|right upper quadrant|ruq|focused"
    ),
    "part": _either(
        "whole",
        tracing=r"tracing only|technical (?:component|only)",
        reading=r"interpretation only",
    ),
    "bronchodilator": _either(
        "no", yes=r"(?:pre|post)[- ]?(?:and post[- ]?)?bronchodilator|post[- ]?albuterol"
    ),
    "reader": _either(
        "", machine=r"automated|analy[sz]er|clinitek|machine", eye=r"non-?automated|manual|visually"
    ),
    "guidance": _either("no", yes=r"(?:ultrasound|sonographic|us)[- ](?:guid\w+)|under ultrasound"),
    "muscles": _first(rf"\b{_COUNT} (?:separate |different )?(?:muscles?|muscle groups?)\b"),
    "cm": _first(r"(\d{1,2}(?:\.\d{1,2})?)[- ]?(?:cm|centimeters?)\b"),
    "site": _either("", face=FACE, hand=HANDS, neck=r"neck", body=BODY),
    "layer": _either(
        "one",
        layered=r"layered|two layers?|deep sutures?|(?:intermediate|complex) (?:repair|closure)|"
        r"subcutaneous (?:sutures|closure|vicryl)",
    ),
    "complex": _either(
        "no",
        yes=r"complicated|multiple abscesses|loculat\w+|drain placed|packed with (?:iodoform|ribbon)",
    ),
    "tool": _either(
        "",
        instrument=r"curett\w+|curette|loop|alligator|forceps|instrument\w*|suction",
        irrigation=r"irrigat\w+|lavage\w*|flush\w*",
    ),
    "lesions": _first(
        rf"\b{_COUNT} (?:\w+ ){{0,2}}(?:lesions?|warts?|tags?|keratos[ie]s|aks?|biops(?:y|ies))\b|"
        rf"\b(single|a) (?:\w+ ){{0,2}}(?:lesion|wart|keratosis|biopsy)\b"
    ),
    "catheter": _either(
        "", straight=r"straight cath\w*|in[- ]and[- ]out", indwelling=r"foley|indwelling"
    ),
    "regions": _first(rf"\b{_COUNT} (?:body )?regions?\b"),
    "minutes": _first(r"(\d{1,3})[- ]?(?:minutes?|mins?)\b"),
    "formula": _either("", **{"high dose": r"high[- ]dose|fluzone hd"}),
}


def details_of(names: tuple[str, ...], texts: tuple[str, ...]) -> dict[str, str]:
    """Each detail from the nearest text that says it; a default only when none does.

    Parameters
    ----------
    names : tuple of str
        Keys of ``DETAILS``.
    texts : tuple of str
        The nearest first: the sentence, the sentences around it, the section.
    """
    found = {}
    for name in names:
        read = DETAILS[name]
        silent = read("")
        found[name] = next((said for text in texts if (said := read(text)) != silent), silent)
    return found
