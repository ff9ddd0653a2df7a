"""A coder with everything around it: the notes of an encounter in, codes and a draft Claim out.

Nothing is written here. What the coder says is checked against the notes before it goes anywhere.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from adapters.store import Store
from gateway.coding_arrival import why_not
from gateway.coding_case import Asked, Case, Cases
from gateway.coding_sources import Sources, StoredSources
from gateway.content_file import file_of
from gateway.documents import Documents
from gateway.settings import Settings
from gateway.site_defaults import with_site_defaults
from ml.worker import Worker
from profiles.builders.claim import ClaimDraft, build_claim
from profiles.builders.claim_context import ClaimContext
from profiles.clinical_document import KINDS, ClinicalDocument
from profiles.coding_records import CodingRemark, CodingRequest, CodingResult
from profiles.outcome import OperationOutcomeError
from terminology.fees import Fee, fees_of
from terminology.store_folder import TerminologyError


@dataclass(frozen=True, slots=True)
class Coded:
    """What one run of the coder has come to; no draft for notes of nobody."""

    case: Case
    result: CodingResult
    context: ClaimContext | None

    def draft(self) -> ClaimDraft | None:
        """The draft Claim with what stands beside it."""
        return None if self.context is None else build_claim(self.result, self.context)


class Coding:
    """A coder with everything that it is asked about.

    Parameters
    ----------
    store : Store
        The record.
    worker : Worker
        Its ``SPEC.given`` is ``CodingRequest``.
    model : object
        What the worker's ``load`` returned.
    terminology : Path
        Folder of the site's tables, fees included.
    settings : Settings
    progress : callable
        Called as ``progress(done, total, unit)`` while the worker runs.
    """

    def __init__(
        self,
        store: Store,
        worker: Worker,
        model: Any,
        terminology: Path,
        settings: Settings,
        progress: Callable[[int, int, str], None] = lambda done, total, unit: None,
    ) -> None:
        self.sources = StoredSources(store)
        self._file_of = partial(file_of, store=store)
        self._worker = worker
        self._model = model
        self._terminology = terminology
        self._settings = settings
        self._progress = progress
        self._one = threading.Lock()

    def code(
        self,
        focus: Mapping[str, Any],
        asked: Asked,
        *,
        sources: Sources,
        task_id: str = "",
        base: str = "",
    ) -> Coded:
        """Code a note or the notes of an Encounter."""
        servers = self._settings.document_servers
        documents = Documents(sources.read, self._bases(base), servers, self._file_of)
        moment = datetime.now(UTC)
        excluded, languages = self._settings.code_excluded_types, self._settings.code_languages
        usual = self._settings.x12_place_of_service
        cases = Cases(sources, documents, excluded, languages, usual)
        case = cases.of(focus, asked, moment)
        with self._one:
            made = self._worker.run(self._model, case.request, self._progress)
        sound = verified(made, case.request)
        found = with_site_defaults(sound, self._terminology, case.request.service_date)
        result = replace(found, remarks=(*found.remarks, *case.remarks))
        context = case.context(moment, task_id, self._fees()) if case.patient else None
        return Coded(case, result, context)

    def codes(self, resource: Mapping[str, Any]) -> bool:
        """Whether a note is in force and coded by itself."""
        if resource["resourceType"] not in KINDS:
            return False
        note = ClinicalDocument(resource)
        return note.in_force and not note.ours and not why_not(note, self._settings)

    def _bases(self, base: str) -> tuple[str, ...]:
        own = f"http://{self._settings.host}:{self._settings.http_port}/fhir"
        return tuple(dict.fromkeys(filter(None, (base, own))))

    def _fees(self) -> Mapping[str, Fee]:
        try:
            return fees_of(self._terminology)
        except TerminologyError as error:
            raise OperationOutcomeError("exception", str(error)) from None


def verified(result: CodingResult, request: CodingRequest) -> CodingResult:
    """The result without what is not in the notes word for word, and a remark on how much that was."""
    texts = {note.document: note.text for note in request.notes}

    def stands(one: Any) -> bool:
        return all(
            e.text and e.start >= 0 and texts.get(e.document, "")[e.start : e.end] == e.text
            for e in one.evidence
        )

    suggestions = tuple(one for one in result.suggestions if one.evidence and stands(one))
    remarks = tuple(one for one in result.remarks if stands(one))
    lost = len(result.suggestions) - len(suggestions) + len(result.remarks) - len(remarks)
    if lost:
        said = f"{lost} suggestions or remarks were left out: their evidence is not in the notes."
        remarks = (*remarks, CodingRemark("warning", said))
    return replace(result, suggestions=suggestions, remarks=remarks)
