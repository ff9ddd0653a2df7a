"""The worker that codes diagnoses: notes of an encounter in, evidence-linked ICD-10-CM suggestions out."""

from ml.coding.combine import combined
from ml.coding.found import Found
from ml.coding.index import Index, Release
from ml.coding.match import Embedder, Matcher
from ml.coding.note_reader import NoteReader
from profiles.coding_records import (
    BELOW_THRESHOLD,
    SUGGESTED,
    CodeSuggestion,
    CodingRequest,
    CodingResult,
    Evidence,
)

THRESHOLD = 0.6


class Coder:
    """Codes diagnoses with one release."""

    def __init__(self, release: Release, index: Index, embedder: Embedder | None = None) -> None:
        self.release = release
        self.notes = NoteReader(release, index, Matcher(index, embedder))

    def code(self, request: CodingRequest) -> CodingResult:
        found: list[Found] = []
        for note in request.notes:
            found += self.notes.codes(self.notes.read(note), request.setting, len(found))
        merged = combined(found)
        limit = request.threshold if request.threshold is not None else THRESHOLD
        return CodingResult("isthmus-diagnosis-coder", "1", tuple(self._suggestion(one, limit) for one in merged))

    def _suggestion(self, one: Found, limit: float) -> CodeSuggestion:
        known = self.release.get(one.code)
        evidence = tuple(
            Evidence(span.note.document, span.start, span.end, span.note.text[span.start : span.end], span.section)
            for span in one.spans
        )
        return CodeSuggestion(
            self.release.system, self.release.version, known.code, known.display, round(one.score, 4),
            SUGGESTED if one.score >= limit else BELOW_THRESHOLD, evidence, one.rules, one.features,
        )
