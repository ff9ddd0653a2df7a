"""Codes one encounter: reads its notes, applies the rules between codes, sequences, and makes the result."""

from typing import Final

from ml.coding import note_checks
from ml.coding.added import added
from ml.coding.combine import combined
from ml.coding.contradicted import contradicted
from ml.coding.external import external_causes
from ml.coding.found import Found
from ml.coding.index import Index, Release
from ml.coding.match import Embedder, Matcher
from ml.coding.note_reader import NoteReader
from ml.coding.questions import remarks
from ml.coding.sequence import sequenced
from profiles.coding_records import (
    BELOW_THRESHOLD,
    SUGGESTED,
    CodeSuggestion,
    CodingRemark,
    CodingRequest,
    CodingResult,
    Evidence,
)
from terminology.systems import ICD_10_CM

CODER: Final = "isthmus-diagnosis-coder"
VERSION: Final = "1"
THRESHOLD: Final = 0.65
BESIDE: Final = 0.5
"""Score of codes that are reported beside a diagnosis where a site wants them."""
FLOOR: Final = 0.4
"""Score below which a code is not even offered."""
SPANS: Final = 8


class Encounter:
    """The coder of one release.

    Parameters
    ----------
    release : Release
    index : Index
        Built of that release.
    embedder : Embedder or None
        Finds paraphrases; without one the words alone are compared.
    """

    def __init__(self, release: Release, index: Index, embedder: Embedder | None = None) -> None:
        self.release = release
        self._reader = NoteReader(release, index, Matcher(index, embedder))

    def code(self, request: CodingRequest) -> CodingResult:
        """Code the notes of an encounter."""
        made: list[CodingRemark] = []
        if request.systems and ICD_10_CM not in request.systems:
            return CodingResult(CODER, VERSION)
        threshold = THRESHOLD if request.threshold is None else request.threshold
        found: list[Found] = []
        for note in request.notes:
            refused = note_checks.unusable(note)
            if refused is not None:
                made.append(refused)
                continue
            made += note_checks.about(note, request)
            first = 1 + max((one.lead for one in found), default=-1)
            read = self._reader.read(note)
            coded = self._reader.codes(read, request.setting, first)
            found += coded
            sure = [one for one in coded if one.score >= threshold and not one.uncertain]
            made += contradicted(read.text, sure, self.release)
            found += added(read.text, coded, self.release, BESIDE)
            found += external_causes(read.text, coded, self.release, BESIDE)
        codes = sequenced(combined(found), self.release, threshold)
        codes = [one for one in codes if one.score >= FLOOR]
        made += remarks(codes, self.release, threshold)
        return CodingResult(
            CODER,
            VERSION,
            tuple(self._suggestion(one, threshold) for one in codes),
            tuple(made),
            ((f"icd-10-cm {self.release.version}", self.release.digest),),
        )

    def _suggestion(self, one: Found, threshold: float) -> CodeSuggestion:
        """A code as it leaves the room, its spans checked against the notes once more."""
        known = self.release.get(one.code)
        evidence = tuple(
            Evidence(
                span.note.document,
                span.start,
                span.end,
                span.note.text[span.start : span.end],
                span.section,
            )
            for span in one.spans[:SPANS]
        )
        status = SUGGESTED if one.score >= threshold else BELOW_THRESHOLD
        return CodeSuggestion(
            self.release.system,
            self.release.version,
            known.code,
            known.display,
            round(min(one.score, 1.0), 4),
            status,
            evidence,
            one.rules,
            one.features,
            term=one.term,
        )
