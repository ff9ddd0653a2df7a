"""The jobs of the coding lane: notes in, a draft Claim written.

Draft, Provenance, Device, kept records, review Task and the end of the job are one transaction. A note that
cannot be read, or is not in force any more, ends its job with the reason and writes nothing else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from adapters.store import Job, Store, Transaction
from gateway.claim_draft import DONE, keep_draft, open_reviews
from gateway.claim_withdrawal import take_back
from gateway.coding import Coding
from gateway.coding_case import Asked
from profiles.builders.claim import ClaimDraft
from profiles.builders.claim_context import ClaimContext
from profiles.builders.claim_record import REQUEST, RESULT, kept_id
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from profiles.task import CODE, input_of, item, moved

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
    kept = _kept_already(tx, draft)
    state = DONE
    if kept is None:
        state = keep_draft(tx, draft, again=asked.by_hand)
        kept = {name: f"Binary/{kept_id(name, context)}" for name in (REQUEST, RESULT)}
    references = {CLAIM: f"Claim/{draft.claim['id']}", **kept}
    outputs = tuple(
        item(name, valueReference={"reference": reference})
        for name, reference in references.items()
    )
    tx.finish(job, moved(job.task, "completed", state, tx.moment, outputs=outputs))


def _kept_already(tx: Transaction, draft: ClaimDraft) -> dict[str, str] | None:
    """The kept records of a draft under review that says the same: it needs no new version and no review."""
    current = tx.read("Claim", draft.claim["id"])
    if current is None or _said(current.json()) != _said(draft.claim):
        return None
    made = {one["id"]: one.get("data") for one in draft.beside if one["resourceType"] == "Binary"}
    for review in open_reviews(tx, draft.claim["id"]):
        inputs = {one["type"]["text"]: one for one in review.get("input", ())}
        if inputs.keys() >= {REQUEST, RESULT}:
            found = {n: inputs[n]["valueReference"]["reference"] for n in (REQUEST, RESULT)}
            stored = [tx.read(*reference.split("/")) for reference in found.values()]
            if {one.json().get("data") for one in stored if one is not None} == set(made.values()):
                return found
    return None


def _said(claim: Mapping[str, Any]) -> dict[str, Any]:
    """A Claim without what tells when it was written."""
    return {name: value for name, value in claim.items() if name not in ("meta", "created")}


def as_input(asked: Asked) -> dict[str, Any]:
    """What a caller asked for, as an input of the Task."""
    return item(ASKED, valueString=orjson.dumps(asked).decode())


def asked_in(task: Mapping[str, Any]) -> Asked:
    """What the caller of a Task asked for."""
    text = _first(task, ASKED)
    return from_json(Asked, orjson.loads(text)) if text else Asked()


def _first(task: Mapping[str, Any], name: str) -> str:
    return next((str(one.get("valueString", "")) for one in input_of(task, name)), "")
