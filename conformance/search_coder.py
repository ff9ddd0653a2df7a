"""The coder to be better than: every sentence is looked up, and the best billable code is taken.

It knows no section, no negation and no guideline. It is a worker, so that it runs and is measured exactly as
the registered coder is.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ml.worker import Places, Progress, Spec
from profiles.coding_records import (
    SUGGESTED,
    CodeSuggestion,
    CodingRequest,
    CodingResult,
    Evidence,
    Note,
)
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.icd10cm.search import Hit

SPEC: Final = Spec("search", "1", "DocumentReference", CodingRequest, CodingResult, "coding", 60.0)
ENOUGH: Final = 0.9
LOOKED_AT: Final = 8

_SENTENCE: Final = re.compile(r"[^\s.;:](?:[^.;:\n]|[.:](?=\S))*")


def load(places: Places) -> Icd10Cm:
    """The compiled releases."""
    return Icd10Cm(places.terminology)


def run(model: Icd10Cm, given: CodingRequest, progress: Progress) -> CodingResult:
    """Codes of the sentences, the best first."""
    release = model.on(given.service_date)
    best: dict[str, CodeSuggestion] = {}
    for number, note in enumerate(given.notes, 1):
        for suggestion in _suggestions(release, note):
            known = best.get(suggestion.code)
            if known is None or known.score < suggestion.score:
                best[suggestion.code] = suggestion
        progress(number, len(given.notes), "notes")
    wanted = ENOUGH if given.threshold is None else given.threshold
    ranked = sorted(best.values(), key=lambda one: (-one.score, one.code))
    return CodingResult(
        SPEC.name,
        SPEC.version,
        tuple(one for one in ranked if one.score >= wanted),
        digests=((release.version, release.digest),),
    )


def example(folder: Path) -> CodingRequest:
    """A note of one sentence; nothing is written."""
    del folder
    return CodingRequest((Note("DocumentReference/1", "Plantar wart."),), "2026-05-04")


def _suggestions(release: Release, note: Note) -> Iterator[CodeSuggestion]:
    for match in _SENTENCE.finditer(note.text):
        hit = _billable(release, match[0])
        if hit is None:
            continue
        found = release.get(hit.code)
        span = Evidence(note.document, match.start(), match.end(), match[0])
        yield CodeSuggestion(
            release.system,
            release.version,
            hit.code,
            found.display if found else "",
            hit.score,
            SUGGESTED,
            (span,),
        )


def _billable(release: Release, sentence: str) -> Hit | None:
    for hit in release.search(sentence, LOOKED_AT):
        found = release.get(hit.code)
        if found is not None and found.billable:
            return hit
    return None
