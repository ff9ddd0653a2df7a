"""A drafted note enters the record: a new version while nobody has decided, held once somebody has."""

from typing import Any, Final
from uuid import uuid4

from adapters.store import Store, Transaction
from profiles.builders.composition import NoteDraft
from profiles.builders.composition_fact import FACT_TYPES, taken_back
from profiles.task import REVIEW, TRANSCRIBE, code_of, moved
from terminology.ai_transparency import ASSERTED
from terminology.notes import SECTION_DECISION

DONE: Final = "done"
HELD: Final = "held"
AGAIN: Final = "the recording was noted again after the note was decided"


def keep_note(tx: Transaction, draft: NoteDraft, *, again: bool = False) -> str:
    """Write a note and its review inside the transaction that ends its job.

    Parameters
    ----------
    tx : Transaction
    draft : NoteDraft
    again : bool
        Whether somebody asked for it by hand: a rejected note is then drafted anew.

    Returns
    -------
    str
        ``done``, or ``held`` when a person's decision stands: a business status of the job.
    """
    reference = f"Composition/{draft.composition['id']}"
    tx.exclusive(f"review:{reference}")
    current = tx.read("Composition", draft.composition["id"])
    if current is not None and not _is_free(current.json(), again):
        return _hold(tx, draft, reference)
    version = 0 if current is None else current.version
    if version:
        _take_back(tx, draft, reference)
    for resource in (*draft.beside, *_free_facts(tx, draft), draft.composition):
        tx.put(_revising(resource, reference, version))
    _await(tx, reference, draft.task)
    return DONE


def _is_free(composition: dict[str, Any], again: bool) -> bool:
    """Whether no person has decided on a note or begun to."""
    if composition["status"] == "preliminary":
        marks = [m for s in composition.get("section", ()) for m in s.get("extension", ())]
        return not any(mark["url"] == SECTION_DECISION for mark in marks)
    return again and composition["status"] == "entered-in-error"


def _hold(tx: Transaction, draft: NoteDraft, reference: str) -> str:
    """Keep what was recognised now, and tell the person; the note and its facts stay."""
    kept = {"Binary", "Device"}
    for resource in draft.beside:
        if resource["resourceType"] in kept:
            tx.put(resource)
    review = {**draft.task, "reasonCode": {"text": AGAIN}}
    _await(tx, reference, review)
    return HELD


def _free_facts(tx: Transaction, draft: NoteDraft) -> list[dict[str, Any]]:
    """The facts that no person has changed meanwhile."""
    free = []
    for fact in draft.facts:
        stored = tx.read(fact["resourceType"], fact["id"])
        if stored is None or _is_ours(stored.json()):
            free.append(fact)
    return free


def _is_ours(resource: dict[str, Any]) -> bool:
    labels = resource.get("meta", {}).get("security", ())
    return any(label.get("code") == ASSERTED.code for label in labels)


def _take_back(tx: Transaction, draft: NoteDraft, reference: str) -> None:
    """Withdraw the facts of the run before that are not said any more."""
    kept = {(one["resourceType"], one["id"]) for one in draft.facts}
    for fact in facts_of(tx, reference):
        if (fact["resourceType"], fact["id"]) not in kept:
            tx.put(taken_back(fact))


def facts_of(tx: Transaction, reference: str) -> list[dict[str, Any]]:
    """Facts that the drafts of a note have written and that are still an AI's."""
    found: dict[str, dict[str, Any]] = {}
    for provenance_id in tx.find("Provenance", "target", reference):
        provenance = tx.read("Provenance", provenance_id)
        for target in provenance.json()["target"] if provenance is not None else ():
            kind, _, key = target["reference"].partition("/")
            stored = tx.read(kind, key) if kind in FACT_TYPES else None
            if stored is not None and _is_ours(stored.json()):
                found[target["reference"]] = stored.json()
    return list(found.values())


def _revising(resource: dict[str, Any], reference: str, version: int) -> dict[str, Any]:
    """A Provenance also names the version of the note whose place its draft takes."""
    if resource["resourceType"] != "Provenance" or not version:
        return resource
    what = {"reference": f"{reference}/_history/{version}"}
    return {**resource, "entity": [*resource["entity"], {"role": "revision", "what": what}]}


def _await(tx: Transaction, reference: str, review: dict[str, Any]) -> None:
    """Let one review of a note be open: the new one."""
    for task in open_note_reviews(tx, reference):
        tx.put(moved(task, "cancelled", "superseded", tx.moment))
    known = tx.read("Task", review["id"])
    tx.put(review if known is None else {**review, "id": str(uuid4())})


def is_drafting(records: Store | Transaction, source: str) -> bool:
    """Whether a job that writes the note of a recording waits or runs."""
    wanted = [("focus", source), ("status", "requested,in-progress")]
    tasks = [match.json() for match in records.search("Task", wanted).matches]
    return any(code_of(task) == TRANSCRIBE.code for task in tasks)


def open_note_reviews(records: Store | Transaction, reference: str) -> list[dict[str, Any]]:
    """The review Tasks of a note that await a person, the oldest first."""
    wanted = [("focus", reference), ("status", "requested"), ("_sort", "_lastUpdated")]
    tasks = [match.json() for match in records.search("Task", wanted).matches]
    return [task for task in tasks if code_of(task) == REVIEW.code]
