"""The coding lane: notes in, codes out, a draft Claim written.

Draft, Provenance, Device, kept records, review Task and the end of the job are one transaction. A note that
cannot be read, or is not in force any more, ends its job with the reason and writes nothing else.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from adapters.store import Job, Store, Transaction
from gateway.claim_draft import keep_draft
from gateway.claim_withdrawal import take_back
from gateway.coding_arrival import why_not
from gateway.coding_case import Asked, Case, Cases
from gateway.coding_sources import Sources, StoredSources
from gateway.documents import Documents
from gateway.settings import Settings
from gateway.site_defaults import with_site_defaults
from ml.worker import Worker
from profiles.builders.claim import ClaimDraft, build_claim
from profiles.builders.claim_context import ClaimContext
from profiles.builders.claim_record import REQUEST, RESULT, kept_id
from profiles.clinical_document import KINDS, ClinicalDocument
from profiles.coding_records import CodingRemark, CodingRequest, CodingResult
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from profiles.task import CODE, input_of, item, moved
from terminology.fees import Fee, fees_of
from terminology.store_folder import TerminologyError

ASKED: Final = "asked"
BASE: Final = "base"
CLAIM: Final = "claim"
REFUSED: Final = "refusal"
ELEMENT: Final = "element"
NOTHING: Final = "Nothing in the notes could be coded."
"""Without any code, suggested or asked about, a person has nothing to decide on: no Claim is drafted."""

WITHDRAWN: Final = "The document is not in force any more."
OVERTAKEN: Final = "Notes that came later were coded meanwhile, together with these."
MOST: Final = 100


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
        documents = Documents(sources.read, self._bases(base), self._settings.document_servers)
        moment = datetime.now(UTC)
        excluded, languages = self._settings.code_excluded_types, self._settings.code_languages
        case = Cases(sources, documents, excluded, languages).of(focus, asked, moment)
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


class CodingJob:
    """The handler of a ``code`` job.

    Parameters
    ----------
    store : Store
        Where notes are read and the result is written.
    coding : Coding
        The coder.
    """

    def __init__(self, store: Store, coding: Coding) -> None:
        self._store = store
        self._coding = coding

    def __call__(self, job: Job) -> None:
        """Code the notes of a job and write the draft Claim."""
        asked = asked_in(job.task)
        lead = self._lead(job.task, asked)
        if lead is None:
            self._take_back(job)
            return
        try:
            coded = self._coding.code(
                lead,
                asked,
                sources=self._coding.sources,
                task_id=job.task_id,
                base=_first(job.task, BASE),
            )
            draft = coded.draft()
        except OperationOutcomeError as error:
            if error.kind.http >= 500:
                raise
            self._refuse(job, error)
            return
        if draft is None or coded.context is None:
            self._end(job, "not-analysed", "The document names no patient of this server.")
            return
        made, context = draft, coded.context
        remarks = coded.result.remarks
        empty = not coded.result.suggestions and not any(one.codes for one in remarks)

        def write(tx: Transaction) -> None:
            if not asked.by_hand and _is_overtaken(tx, job):
                tx.finish(job, _ended(job, "superseded", OVERTAKEN, tx.moment))
            elif empty and tx.read("Claim", context.claim_id) is None:
                tx.finish(job, _ended(job, "done", NOTHING, tx.moment))
            else:
                _write(tx, job, made, context, asked)

        self._store.transact(write)

    def _lead(self, task: Mapping[str, Any], asked: Asked) -> Mapping[str, Any] | None:
        """What is to be coded: the focus, or a note of its encounter when the focus is withdrawn."""
        focus = self._coding.sources.read(task["focus"]["reference"])
        if focus is not None and (asked.by_hand or self._coding.codes(focus)):
            return focus
        encounter = task.get("encounter", {}).get("reference")
        listed = self._coding.sources.documents(encounter) if encounter else []
        return next((note for note in listed if self._coding.codes(note)), None)

    def _take_back(self, job: Job) -> None:
        """End a job of which every note is withdrawn, and what was drafted from them."""
        focus = job.task["focus"]["reference"]
        about = str(job.task.get("encounter", {}).get("reference", focus))

        def end(tx: Transaction) -> None:
            take_back(tx, about, job.task_id)
            tx.finish(job, _ended(job, "not-analysed", WITHDRAWN, tx.moment))

        self._store.transact(end)

    def _end(self, job: Job, state: str, reason: str, *outputs: dict[str, Any]) -> None:
        self._store.transact(
            lambda tx: tx.finish(job, _ended(job, state, reason, tx.moment, *outputs))
        )

    def _refuse(self, job: Job, error: OperationOutcomeError) -> None:
        outputs = [item(REFUSED, valueCode=error.kind_name)]
        if error.expression:
            outputs.append(item(ELEMENT, valueString=error.expression))
        self._end(job, "refused", error.diagnostics, *outputs)


def _is_overtaken(tx: Transaction, job: Job) -> bool:
    """Whether another process has coded the same encounter with notes that came after this job began."""
    encounter = job.task.get("encounter", {}).get("reference")
    if not encounter:
        return False
    pairs = [("encounter", encounter), ("code", CODE.code), ("status", "completed")]
    later = ("authored-on", f"gt{job.task['authoredOn']}")
    done = [match.json() for match in tx.search("Task", [*pairs, later], count=MOST).matches]
    return any(one["type"]["text"] == CLAIM for task in done for one in task.get("output", ()))


def _ended(
    job: Job, state: str, reason: str, moment: datetime, *outputs: dict[str, Any]
) -> dict[str, Any]:
    """The Task of a job that has written no Claim."""
    said = (*outputs, item("reason", valueString=reason))
    return moved(job.task, "completed", state, moment, outputs=said)


def _write(
    tx: Transaction, job: Job, draft: ClaimDraft, context: ClaimContext, asked: Asked
) -> None:
    state = keep_draft(tx, draft, again=asked.by_hand)
    outputs = (
        item(CLAIM, valueReference={"reference": f"Claim/{draft.claim['id']}"}),
        *(
            item(name, valueReference={"reference": f"Binary/{kept_id(name, context)}"})
            for name in (REQUEST, RESULT)
        ),
    )
    tx.finish(job, moved(job.task, "completed", state, tx.moment, outputs=outputs))


def as_input(asked: Asked) -> dict[str, Any]:
    """What a caller asked for, as an input of the Task."""
    return item(ASKED, valueString=orjson.dumps(asked).decode())


def asked_in(task: Mapping[str, Any]) -> Asked:
    """What the caller of a Task asked for."""
    text = _first(task, ASKED)
    return from_json(Asked, orjson.loads(text)) if text else Asked()


def _first(task: Mapping[str, Any], name: str) -> str:
    return next((str(one.get("valueString", "")) for one in input_of(task, name)), "")
