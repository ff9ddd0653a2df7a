"""Services that are not paid together unless somebody says that they were separate.

The pairs are those of the NCCI edits that the site imported. 59 and X{EPSU} state a fact about the
encounter (other site, other session, other practitioner, unusual service): they are asked for and never
set.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import Final

from ml.coding.procedure_codes import ProcedureCodes
from profiles.coding_records import SUGGESTED, CodeSuggestion, CodingRemark, RuleCitation

ALLOWED: Final = "1"
SIDES: Final = frozenset({"RT", "LT"})
SAID: Final = frozenset({"25", "59", "XE", "XP", "XS", "XU"})
RULE: Final = RuleCitation(
    "ncci.ptp",
    "A pair of the procedure-to-procedure edits.",
    "CMS NCCI PTP edits and Policy Manual, chapter 1, section E",
)


def separate_services(lines: Sequence[CodeSuggestion], codes: ProcedureCodes) -> list[CodingRemark]:
    """A question for each pair that a modifier would allow, a conflict for each that none does.

    Parameters
    ----------
    lines : sequence of CodeSuggestion
        Suggested procedures and visits of one encounter.
    codes : ProcedureCodes
        Whose ``edit`` knows the pairs.
    """
    asked = []
    suggested = [one for one in lines if one.status == SUGGESTED]
    for first, second in permutations(suggested, 2):
        indicator = codes.edit(first.code, second.code)
        if not indicator or _is_said(first, second):
            continue
        pair = (first.code, second.code)
        evidence = (*first.evidence[:1], *second.evidence[:1])
        if indicator == ALLOWED:
            text = (
                f"Was {second.code} separate from {first.code} (other site, session or practitioner, or "
                "unusual)? Only then it has XS, XE, XP or XU, or 59; else it is part of the other."
            )
            asked.append(CodingRemark("query", text, pair, evidence, RULE))
        else:
            text = f"{second.code} is part of {first.code}: no modifier allows both."
            asked.append(CodingRemark("conflict", text, pair, evidence, RULE))
    return asked


def _is_said(first: CodeSuggestion, second: CodeSuggestion) -> bool:
    """Whether the modifiers say already that two services were separate: by name, or by side."""
    if SAID & {*first.modifiers, *second.modifiers}:
        return True
    sides = [SIDES & set(one.modifiers) for one in (first, second)]
    return all(sides) and not sides[0] & sides[1]
