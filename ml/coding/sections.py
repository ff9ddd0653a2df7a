"""Sections and lines of a clinical note, with the offsets that they have in it.

Notes name their sections in many ways: capitals, title case with a colon, markdown, one heading on the
line of its
text, no heading at all. A heading is known by its words (``section_names.tsv``), not by its looks
alone; scanned ones are
known with a letter or two damaged.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Final

from ml.coding.tables import rows

ASSESSMENT: Final = "assessment"
PLAN: Final = "plan"
PROBLEMS: Final = "problems"
COMPLAINT: Final = "complaint"
PRESENT: Final = "present-illness"
HISTORY: Final = "history"
SURGERY: Final = "surgical-history"
FAMILY: Final = "family-history"
SOCIAL: Final = "social-history"
MEDICATIONS: Final = "medications"
ALLERGIES: Final = "allergies"
REVIEW: Final = "review-of-systems"
EXAM: Final = "exam"
RESULTS: Final = "results"
PROCEDURE: Final = "procedure"
INSTRUCTIONS: Final = "instructions"
OTHER: Final = "other"

KINDS: Final = {name: row[0] for row in rows("section_names") for name in row[1].split("; ")}
LONG_NAMES: Final = tuple(name for name in KINDS if len(name) > 6)
WEAK: Final = frozenset(
    (
        "s",
        "a",
        "p",
        "o",
        "ap",
        "time",
        "history",
        "physical",
        "patient",
        "data",
        "sh",
        "fh",
        "treatment",
        "problems",
        "tests",
    )
)
NUMBER: Final = re.compile(
    r"[ \t]*(?:[-*\u2022\u00b7\u25cf\u25aa\u2023\u2043\u2013>+o]+[ \t]+|[-\u2022\u00b7\u25cf\u25aa]+|"
    r"#+[ \t]*\d*[.):]?[ \t]*|"
    r"\(?\d{1,2}[.):](?!\d)[ \t]*|\(?[A-Za-z][.)][ \t]+|(?:problem|dx|diagnosis|issue)[ \t]*#?\d+[ "
    r"\t]*[:.)-]?[ \t]*|"
    r"\*\*)+",
    re.IGNORECASE,
)
ITEM: Final = re.compile(r"(?<!\S)(\d{1,2})[.)][ \t]+(?=[A-Za-z(])")
INLINE: Final = re.compile(r"([A-Za-z][A-Za-z/&\- ]{0,40}?)[ \t]*[*_]{0,3}[ \t]*:[ \t]*[*_]{0,3}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section without its marker.

    Parameters
    ----------
    start, end : int
        Offsets of its text, spaces at both ends left out.
    marker : str
        Bullet or number in front of it; empty when none.
    """

    start: int
    end: int
    marker: str


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its kind (a constant above), its heading as written and its lines."""

    kind: str
    title: str
    start: int
    end: int
    lines: tuple[Line, ...]


def heading_kind(words: str, shouted: bool) -> str:
    """The kind of section that a heading opens; empty when it is none.

    Parameters
    ----------
    words : str
        The heading without marks.
    shouted : bool
        Whether it is in capitals; then a damaged letter or two are forgiven.
    """
    name = " ".join(words.lower().replace("\u2019", "'").split()).strip(" .:*_#=-")
    kind = KINDS.get(name, "")
    if kind or not shouted or not 6 < len(name) < 45:
        return kind
    close = get_close_matches(name, LONG_NAMES, 1, 0.84)
    return KINDS[close[0]] if close else ""


def _line(text: str, start: int, end: int) -> Line:
    """One line of text with its marker split off."""
    marker = NUMBER.match(text, start, end)
    begin = marker.end() if marker else start
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    return Line(begin, end, text[start:begin].strip())


def _shouted(words: str) -> bool:
    """Whether words stand in capitals; a scanned letter or two may not."""
    letters = [letter for letter in words if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) > 0.8 * len(letters)


def _heading(text: str, line: Line) -> tuple[str, str, int] | None:
    """Kind, title and the place after the heading, when a line opens a section."""
    whole = text[line.start : line.end].strip("*_ #=")
    bare = whole.rstrip(" :.")
    marked = line.marker.startswith(("#", "*"))
    if len(bare) <= 60:
        kind = heading_kind(bare, _shouted(bare))
        plain = whole.endswith(":") or bare.isupper() or marked or not line.marker
        if (
            kind
            and plain
            and not (bare.lower() in WEAK and not (whole.endswith(":") or marked or bare.isupper()))
        ):
            return kind, bare, line.end
    inline = INLINE.match(text, line.start, line.end)
    if not inline or (line.marker and not marked):
        return None
    name = inline.group(1).strip()
    kind = heading_kind(name, name.isupper())
    return (kind, name, inline.end()) if kind else None


def lines(text: str, start: int = 0, end: int | None = None) -> list[Line]:
    """The lines of a text that are not empty."""
    found = []
    stop = len(text) if end is None else min(end, len(text))
    at = start
    while at < stop:
        newline = text.find("\n", at, stop)
        last = newline if newline >= 0 else stop
        borders = [at, *_numbered(text, at, last), last]
        parts = (_line(text, begin, stopped) for begin, stopped in pairwise(borders))
        found += [line for line in parts if line.end > line.start]
        at = last + 1
    return found


def _numbered(text: str, start: int, end: int) -> list[int]:
    """Where the items of a list begin that stands on one line: "1. Gout. 2. Asthma."."""
    places: list[int] = []
    for match in ITEM.finditer(text, start, end):
        if int(match.group(1)) == len(places) + 1:
            places.append(match.start(1))
    return [place for place in places if place > start] if len(places) > 1 else []


def sections(text: str, end: int | None = None) -> list[Section]:
    """The sections of a note, in order; what stands before the first heading is of kind ``other``.

    Parameters
    ----------
    text : str
        The note.
    end : int or None
        Where to stop reading; None for its end.
    """
    found: list[Section] = []
    kind, title, begin = OTHER, "", 0
    body: list[Line] = []
    for line in lines(text, 0, end):
        opened = _heading(text, line)
        if opened and not (kind == ASSESSMENT and _detail(opened, body, text, line)):
            if body or title:
                found.append(
                    Section(kind, title, begin, body[-1].end if body else begin, tuple(body))
                )
            kind, title, begin = opened
            body = []
            if begin < line.end:
                body = lines(text, begin, line.end)
        else:
            body.append(line)
    if body or title:
        found.append(Section(kind, title, begin, body[-1].end if body else begin, tuple(body)))
    return found


def _detail(opened: tuple[str, str, int], body: list[Line], text: str, line: Line) -> bool:
    """Whether a heading inside an assessment is a part of one problem ("Plan: start metformin")."""
    kind, _, begin = opened
    return kind not in (ASSESSMENT, PLAN) and begin < line.end and bool(body)
