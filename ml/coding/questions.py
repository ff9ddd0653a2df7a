"""Remarks on codes: questions whose answer would change one, conflicts, codes usually reported as well."""

import re
from itertools import combinations
from typing import Final

from ml.coding.added import USUAL
from ml.coding.found import Found, cite
from ml.coding.index import Release
from ml.coding.tables import rows
from profiles.coding_records import CodingRemark, Evidence, RuleCitation

QUERY: Final = "query"
CONFLICT: Final = "conflict"
OMISSION: Final = "omission"


def remarks(found: list[Found], release: Release, threshold: float) -> list[CodingRemark]:
    """The remarks on the codes that reach the threshold."""
    chosen = [one for one in found if one.score >= threshold]
    made = [remark for one in chosen for remark in _asked(one, release)]
    made += [_unsaid(one) for one in found if one.features == USUAL and one.score < threshold]
    return [*made, *_conflicts(chosen, release)]


def _evidence(one: Found) -> tuple[Evidence, ...]:
    """Where a code stands."""
    return tuple(
        Evidence(
            span.note.document,
            span.start,
            span.end,
            span.note.text[span.start : span.end],
            span.section,
        )
        for span in one.spans[:1]
    )


def _asked(one: Found, release: Release) -> list[CodingRemark]:
    """The questions about one code."""
    if one.among:
        said = "Which side is affected? The documentation does not say, or contradicts itself."
        return [CodingRemark(QUERY, said, one.among, _evidence(one), cite("I.B.13", "Laterality."))]
    for pattern, question, codes in rows("queries"):
        if re.match(pattern, one.code):
            known = tuple(code for code in codes.split() if release.get(code) is not None)
            rule = cite("I.B.2", "The highest specificity that is documented.")
            return [CodingRemark(QUERY, question, (one.code, *known), _evidence(one), rule)]
    return []


def _unsaid(one: Found) -> CodingRemark:
    """A code that the documentation supports and that is usually reported as well."""
    rule = one.rules[0] if one.rules else None
    said = "The documentation supports this additional code, which was not suggested by itself."
    return CodingRemark(OMISSION, said, (one.code,), _evidence(one), rule)


def _conflicts(chosen: list[Found], release: Release) -> list[CodingRemark]:
    """Pairs of codes that an Excludes1 note keeps apart; a person decides (I.A.12.a)."""
    made = []
    for one, other in combinations(chosen, 2):
        note = release.excludes1(one.code, other.code)
        if note is not None:
            said = (
                f"Excludes1 note at {note.at}: the two are not reported together unless unrelated."
            )
            rule = RuleCitation("I.A.12.a", "Excludes1.", f"ICD-10-CM tabular list, {note.at}")
            made.append(
                CodingRemark(
                    CONFLICT, said, (one.code, other.code), _evidence(one) + _evidence(other), rule
                )
            )
    return made
