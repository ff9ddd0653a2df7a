"""A note arrives: its coding is queued in the same transaction, one job for all notes of an encounter.

Triggers: a DocumentReference, Composition or DiagnosticReport with text that is in force. What is not coded
although it is a note leaves a Task that says why; a report without any text (a laboratory panel) and what
an AI has made are no notes and leave nothing. A note that is withdrawn after a Claim was drafted from it
has what is left of its encounter coded anew.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from adapters.documents.text import is_text
from adapters.store import Transaction
from gateway.claim_withdrawal import drafted
from gateway.interactions.write import OnCreated
from gateway.settings import Settings
from profiles.clinical_document import ClinicalDocument
from profiles.outcome import OperationOutcomeError
from profiles.task import CODE, item, moved, new_task
from profiles.uids import derived_id

CODING_LANE: Final = "coding"
ON_ARRIVAL: Final = "on-arrival"
ON_DEMAND: Final = "on-demand"


def code_on_arrival(settings: Settings) -> OnCreated:
    """What queues the coding of an arriving note, as the site wishes.

    Raises
    ------
    OperationOutcomeError
        ``value`` when the setting ``code_documents`` is none of its values.
    """
    if settings.code_documents not in (ON_ARRIVAL, ON_DEMAND):
        raise OperationOutcomeError(
            "value", f"code_documents is {ON_ARRIVAL} or {ON_DEMAND}", "code_documents"
        )
    settle = timedelta(seconds=settings.code_settle_s)

    def arrived(tx: Transaction, resource: dict[str, Any]) -> None:
        note = ClinicalDocument(resource)
        if note.withdrawn and drafted(tx, note.encounter or note.reference):
            _queue(tx, note, settle)
        if note.ours or not note.in_force or not _is_note(note):
            return
        reason = why_not(note, settings)
        if reason:
            _skip(tx, note, reason)
        else:
            _queue(tx, note, settle)

    return arrived if settings.code_documents == ON_ARRIVAL else _nothing


def why_not(note: ClinicalDocument, settings: Settings) -> str:
    """Why a note is not coded by itself; empty when it is."""
    if note.loinc & set(settings.code_excluded_types):
        return "The site has excluded documents of this type from coding."
    if note.languages and not note.languages & set(settings.code_languages):
        return "The document is in a language that is not coded here."
    if not note.patient:
        return "The document names no patient of this server."
    if not has_text(note):
        return "There is nothing in the document that could be read as text."
    return ""


def has_text(note: ClinicalDocument) -> bool:
    """Whether a text could be in it, by what it declares."""
    if any(is_text(attachment.get("contentType", "")) for _, attachment in note.attachments):
        return True
    if note.kind == "DiagnosticReport":
        return bool(note.resource.get("conclusion"))
    return note.kind == "Composition" and any(True for _ in note.narratives())


def _is_note(note: ClinicalDocument) -> bool:
    """Whether it was meant to be read: a report of results alone was not."""
    return note.kind != "DiagnosticReport" or has_text(note)


def coding_key(note: ClinicalDocument) -> str:
    """Queue key of an encounter's coding, or of a document's that has none: at most one waits."""
    return f"code:{note.encounter or note.reference}"


def coding_task(note: ClinicalDocument, moment: Any, task_id: str) -> dict[str, Any]:
    """The Task that codes a note with what else belongs to its encounter, or what is left of it."""
    focus = (note.encounter if note.withdrawn else "") or note.reference
    task = new_task(task_id, CODE, focus, moment, patient=note.patient or None)
    if note.encounter:
        task["encounter"] = {"reference": note.encounter}
    return task


def _queue(tx: Transaction, note: ClinicalDocument, settle: timedelta) -> None:
    key, due = coding_key(note), tx.moment + settle
    if tx.pending(key) is not None:
        tx.postpone(key, due)
        return
    try:
        tx.enqueue(
            coding_task(note, tx.moment, str(uuid4())), lane=CODING_LANE, ready_at=due, key=key
        )
    except OperationOutcomeError as error:
        # Another gateway has queued the same encounter meanwhile, and its job begins after this commit.
        if error.kind_name != "conflict":
            raise


def _skip(tx: Transaction, note: ClinicalDocument, reason: str) -> None:
    task = coding_task(note, tx.moment, derived_id("Task", CODE.code, note.reference, reason))
    outputs = (item("reason", valueString=reason),)
    tx.put(moved(task, "completed", "not-analysed", tx.moment, outputs=outputs))


def _nothing(tx: Transaction, resource: dict[str, Any]) -> None:
    """On demand alone: an arrival starts nothing."""
