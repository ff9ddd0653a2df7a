"""Remarks on the codes: questions whose answer would change a code, conflicts, and codes that are usually reported as well."""

import re
from itertools import combinations
from typing import Final

from ml.coding.found import Found, cite
from ml.coding.index import Release
from profiles.coding_records import CodingRemark, Evidence, RuleCitation

QUERY: Final = "query"
CONFLICT: Final = "conflict"
OMISSION: Final = "omission"
ASKED: Final = (
    (r"I50\.9$", "Is the heart failure systolic, diastolic or both, and acute or chronic?", "I50.22 I50.32 I50.42"),
    (r"N18\.9$", "Which stage has the chronic kidney disease?", "N18.2 N18.31 N18.32 N18.4"),
    (r"J45\.909$", "Is the asthma intermittent or persistent, how severe, and exacerbated?", "J45.20 J45.30 J45.40"),
    (r"I48\.91$", "Is the atrial fibrillation paroxysmal, persistent or permanent?", "I48.0 I48.19 I48.21"),
    (r"F32\.(?:A|9)$", "Is it a major depressive episode, single or recurrent, and how severe?", "F32.1 F33.1"),
    (r"D64\.9$", "What is the type or cause of the anemia?", "D50.9 D63.1 D62"),
    (r"M54\.9$", "Which part of the back hurts?", "M54.50 M54.6"),
    (r"M19\.90$", "Which joint has arthritis, on which side, and of what kind?", "M17.11 M16.11 M19.011"),
    (r"E66\.9$", "Which class has the obesity?", "E66.811 E66.812 E66.813"),
    (r"G43\.909$", "Is the migraine with or without aura, chronic, or intractable?", "G43.009 G43.109 G43.709"),
    (r"J96\.[09]0$", "Is the respiratory failure with hypoxia or hypercapnia?", "J96.01 J96.02"),
    (r"A41\.9$", "Which organism caused the sepsis, and is an organ failing?", "A41.51 R65.20"),
    (r"N17\.9$", "What caused the acute kidney failure?", "N17.0"),
    (r"E46$", "How severe is the malnutrition?", "E44.1 E44.0 E43"),
    (r"F17\.200$", "Which tobacco product is used?", "F17.210 F17.290"),
    (r"B19\.20$", "Is the hepatitis C acute or chronic?", "B17.10 B18.2"),
    (r"L89\.90$", "Where is the pressure ulcer and which stage has it?", "L89.153 L89.613"),
    (r"I63\.9$", "Which artery caused the stroke, by thrombosis or embolism?", "I63.411 I63.511"),
)  # fmt: skip


def remarks(found: list[Found], release: Release, threshold: float) -> list[CodingRemark]:
    """The remarks on the codes that reach the threshold."""
    chosen = [one for one in found if one.score >= threshold]
    made = [remark for one in chosen for remark in _asked(one, release)]
    made += [
        _unsaid(one) for one in found if ("usual", 1.0) in one.features and one.score < threshold
    ]
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
    if one.asked == "side":
        said = "Which side is affected? The documentation does not say, or contradicts itself."
        return [CodingRemark(QUERY, said, one.query, _evidence(one), cite("I.B.13", "Laterality."))]
    for pattern, question, codes in ASKED:
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
