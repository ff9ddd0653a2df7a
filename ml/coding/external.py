"""External causes of an injury: how it happened and at what activity (guideline I.C.20).

Reported with the first encounter of an injury only; they never come first. Intent is taken as
accidental unless the note says
otherwise (I.C.20.i).
"""

import re
from collections.abc import Iterable
from typing import Final

from ml.coding import context
from ml.coding import sections as kinds
from ml.coding.added import USUAL
from ml.coding.found import Found, Span, cite
from ml.coding.index import Release
from ml.coding.problem_codes import NoteText
from ml.coding.sections import Section
from ml.coding.tables import rows
from terminology.icd10cm.codes import with_seventh

WHEN: Final = re.compile(
    r"\b(?:when|while|yesterday|ago|during|after|as (?:he|she|they) (?:was|were)|last (?:night|week|"
    r"month|saturday|sunday|weekend)|was playing|were playing|sustained|injur\w+|accident|began|"
    r"onset|today|happened|occurred|weekend|days?)\b",
    re.IGNORECASE,
)
TOLD: Final = frozenset((kinds.COMPLAINT, kinds.PRESENT, kinds.ASSESSMENT, kinds.PLAN, kinds.OTHER))
INJURY: Final = re.compile(r"[ST](?!36|37|38|39|4|50|7[89]|8)|S")


def external_causes(
    read: NoteText, found: list[Found], release: Release, score: float
) -> list[Found]:
    """How the injuries of a note happened; nothing when there is no injury at its first encounter.

    Parameters
    ----------
    read : NoteText
    found : list of Found
        The codes of the note.
    release : Release
    score : float
        What an external cause is worth.
    """
    injuries = [
        one
        for one in found
        if INJURY.match(one.code) and one.code.endswith("A") and one.score >= 0.6
    ]
    if not injuries:
        return []
    made = []
    for kind in ("mechanism", "activity"):
        hit = _first(read.note.text, read.parts, kind)
        if hit is not None:
            code, start, end, section = hit
            whole = _whole(code, release)
            if whole:
                said = "How the injury happened, at its first encounter."
                rules = (cite("I.C.20", said),)
                lead = max(one.lead for one in injuries)
                made.append(
                    Found(
                        whole,
                        score,
                        (Span(read.note, start, end, section),),
                        lead,
                        rules=rules,
                        features=USUAL,
                    )
                )
    return made


def _whole(code: str, release: Release) -> str | None:
    """A code with its 7th character A, where it takes one."""
    if release.billable(code):
        return code
    full = with_seventh(code, "A")
    return full if release.billable(full) else None


def _first(text: str, parts: Iterable[Section], wanted: str) -> tuple[str, int, int, str] | None:
    """The first row of a kind that a sentence about the event matches."""
    told = [
        (start, end, part.kind)
        for part in parts
        if part.kind in TOLD
        for start, end in context.sentences(text, part.start, part.end)
        if WHEN.search(text, start, end)
    ]
    for kind_of, code, pattern in rows("external_causes"):
        if kind_of != wanted:
            continue
        for start, end, kind in told:
            match = re.compile(pattern, re.IGNORECASE).search(text, start, end)
            if match is None:
                continue
            status = context.status(text[start:end], match.start() - start, match.end() - start)
            if status in (context.PRESENT, context.UNCERTAIN, context.HISTORICAL):
                return code, match.start(), match.end(), kind
    return None
