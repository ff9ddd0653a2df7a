"""Codes that the documentation supports beside a diagnosis: long-term drugs, body mass index.

They are offered below the threshold with a remark: whether a site reports them is its own rule.
"""

import re
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.found import Found, Span, certain, cite
from ml.coding.index import Release
from ml.coding.problem_codes import NoteText
from ml.coding.tables import rows

USUAL: Final = (("usual", 1.0),)
"""Feature of a code that is usually reported as well."""
TAKEN: Final = frozenset((kinds.MEDICATIONS, kinds.PLAN, kinds.ASSESSMENT, kinds.PRESENT))
STOPPED: Final = re.compile(
    r"\b(?:stop|hold|discontinu\w+|avoid|allerg\w+|no longer)\b", re.IGNORECASE
)
BODY_MASS: Final = re.compile(
    r"\b(?:bmi|body mass index)\b[^\d\n]{0,20}(\d{2}(?:\.\d+)?)\b", re.IGNORECASE
)
WEIGHT: Final = re.compile(r"E66|E4[3-6]|R63\.[456]|E88\.81")
STEPS: Final = ((70, "Z68.45"), (60, "Z68.44"), (50, "Z68.43"), (45, "Z68.42"), (40, "Z68.41"))


def added(read: NoteText, found: list[Found], release: Release, score: float) -> list[Found]:
    """The codes of one note that go with its diagnoses.

    Parameters
    ----------
    read : NoteText
    found : list of Found
        The codes of the note.
    release : Release
    score : float
        What such a code is worth.
    """
    codes = {one.code for one in certain(found)}
    if not codes:
        return []
    lead = max(one.lead for one in found)
    made = []
    for code, rule, said, span in (*_drugs(read, codes), *_mass(read, codes)):
        known = release.get(code)
        if code not in codes and known is not None and known.billable:
            rules = (cite(rule, said),)
            made.append(
                Found(code, score, (span,), lead, rules=rules, features=USUAL, term=known.display)
            )
    return made


def _drugs(read: NoteText, codes: set[str]) -> list[tuple[str, str, str, Span]]:
    """Long-term drugs that the note says the patient takes."""
    made = []
    for code, rule, goes_with, pattern in rows("long_term_drugs"):
        beginnings = tuple(goes_with.split())
        if beginnings != ("*",) and not any(known.startswith(beginnings) for known in codes):
            continue
        span = _taken(read, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE))
        if span is not None:
            made.append((code, rule, "Long-term use of the drug, as documented.", span))
    return made


def _taken(read: NoteText, pattern: re.Pattern[str]) -> Span | None:
    """Where a drug is first named as taken."""
    text = read.note.text
    for part in read.parts:
        if part.kind not in TAKEN:
            continue
        for match in pattern.finditer(text, part.start, part.end):
            start = max(part.start, match.start() - 80)
            before = text[start : match.start()]
            said = context.status(
                text[start : match.end()], match.start() - start, match.end() - start
            )
            if said == context.PRESENT and not STOPPED.search(before.rpartition(".")[2]):
                return Span(read.note, match.start(), match.end(), part.kind)
    return None


def _mass(read: NoteText, codes: set[str]) -> list[tuple[str, str, str, Span]]:
    """The body mass index, where a provider documents a diagnosis of weight (I.B.14)."""
    if not any(WEIGHT.match(code) for code in codes):
        return []
    for part in read.parts:
        match = BODY_MASS.search(read.note.text, part.start, part.end)
        if match is not None:
            span = Span(read.note, match.start(), match.end(), part.kind)
            said = "Body mass index beside the provider's diagnosis."
            return [(_mass_code(float(match.group(1))), "I.B.14", said, span)]
    return []


def _mass_code(value: float) -> str:
    """The code of an adult's body mass index."""
    for least, code in STEPS:
        if value >= least:
            return code
    return f"Z68.{int(value)}" if value >= 20 else "Z68.1"
