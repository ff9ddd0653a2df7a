"""The order of the codes of an encounter, first-listed first (guidelines IV.G; II, III for inpatients)."""

import re
from typing import Any, Final

from ml.coding.found import Found
from ml.coding.index import Release
from terminology.icd10cm.references import parse_references

FIRST: Final = re.compile(r"Z0[0-4]|Z3[348]|Z39|Z4[2-8]|Z5[128]|Z52|Z76")
"""Codes that may only be or are first-listed (I.C.21.c.16), when they say why the patient came."""
LATER: Final = re.compile(r"Z1[5-9]|Z2[0268]|Z3[03]\.1|Z5[5-9]|Z6|Z7[2-9]|Z8|Z9|G89\.29|B9[5-7]")
LAST: Final = re.compile(r"[V-Y]")


def _group(one: Found) -> int:
    """Codes that come first, problems, status and factors, external causes."""
    if LAST.match(one.code):
        return 3
    if FIRST.match(one.code):
        return 0
    return 2 if LATER.match(one.code) else 1


def sequenced(found: list[Found], release: Release, threshold: float) -> list[Found]:
    """The codes in the order in which they are reported.

    Leads keep the order of the provider, who names first what the visit was chiefly about. A
    manifestation follows its cause
    where the tabular list says "code first" (I.A.13).

    Parameters
    ----------
    found : list of Found
    release : Release
    threshold : float
        Codes below it come after those that are suggested.
    """
    chosen = sorted(
        found,
        key=lambda one: (one.score < threshold, _group(one), one.lead, bool(one.link), -one.score),
    )
    placed: list[Found] = []
    for one in chosen:
        at = len(placed)
        for place, before in enumerate(placed):
            if _precedes(release.get(before.code), one.code):
                at = place
                break
        placed.insert(at, one)
    return placed


def _precedes(manifestation: Any, cause: str) -> bool:
    """Whether a code's notes want another one coded first."""
    return any(
        reference.matches(cause)
        for note in getattr(manifestation, "code_first", ())
        for reference in parse_references(note.text)
    )
