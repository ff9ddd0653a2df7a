"""The jobs that draft notes: a recording in; transcript, note, evidence and review written together.

All that a job writes is one transaction with its end. A recording that cannot be read, or that must not be
noted, ends its job with the reason and writes nothing else.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from adapters.store import Job, Store, StoredVersion, Transaction
from gateway.note_draft import keep_note
from gateway.recording_consent import why_not_consented
from gateway.transcription import Transcription
from gateway.transcription_case import AskedNote
from profiles.builders.composition import NoteDraft
from profiles.outcome import OperationOutcomeError
from profiles.recording import Recording
from profiles.records import from_json
from profiles.task import input_of, item, moved

ASKED: Final = "asked"
BASE: Final = "base"
COMPOSITION: Final = "composition"
TRANSCRIPT: Final = "transcript"
REFUSED: Final = "refusal"
WITHDRAWN: Final = "The recording is not in force any more."
_UNDONE: Final = frozenset({"not-supported", "business-rule"})
"""Refusals that say what is missing rather than what is wrong: the recording is not analysed."""


class TranscriptionJob:
    """The handler of a ``transcribe`` job.

    Parameters
    ----------
    store : Store
        Where the recording is read and the note is written.
    transcription : Transcription
    """

    def __init__(self, store: Store, transcription: Transcription) -> None:
        self._store = store
        self._transcription = transcription

    def __call__(self, job: Job) -> None:
        """Draft the note of a job's recording."""
        asked = asked_in(job.task)
        stored = self._stored(job)
        recording = None if stored is None else self._recording(stored)
        if stored is None or recording is None:
            self._end(job, "not-analysed", WITHDRAWN)
            return
        settings = self._transcription.settings
        moment = datetime.now(UTC)
        if why := why_not_consented(self._store, recording.patient, settings, moment):
            self._end(job, "refused", why, item(REFUSED, valueCode="forbidden"))
            return
        try:
            base = _first(job.task, BASE)
            draft = self._transcription.draft(recording, asked, job.task_id, base, _silent)
        except OperationOutcomeError as error:
            if error.kind.http >= 500 and error.kind_name != "not-supported":
                raise
            self._refuse(job, error)
            return

        def write(tx: Transaction) -> None:
            why = self._why_not_any_more(tx, recording, stored.version)
            if why:
                refused = item(REFUSED, valueCode="forbidden")
                tx.finish(job, _ended(job, "refused", why, tx.moment, refused))
            else:
                _write(tx, job, draft, again=asked.by_hand)

        self._store.transact(write)

    def _stored(self, job: Job) -> StoredVersion | None:
        """What is to be noted, as it is now."""
        kind, _, key = job.task["focus"]["reference"].partition("/")
        stored = self._store.current(kind, key)
        return None if stored is None or stored.deleted else stored

    def _recording(self, stored: StoredVersion) -> Recording | None:
        """The recording while it is in force and about somebody."""
        types = self._transcription.settings.transcript_types
        recording = Recording(stored.json(), types)
        return recording if recording.in_force and recording.patient else None

    def _why_not_any_more(self, tx: Transaction, recording: Recording, version: int) -> str:
        """What has come between since the job began; a recording that has changed is noted anew."""
        stored = tx.read(*recording.reference.split("/"))
        if stored is None or self._recording(stored) is None:
            return WITHDRAWN
        if stored.version != version:
            raise OperationOutcomeError("transient", "the recording was changed meanwhile")
        settings = self._transcription.settings
        return why_not_consented(tx, recording.patient, settings, tx.moment)

    def _refuse(self, job: Job, error: OperationOutcomeError) -> None:
        outputs = [item(REFUSED, valueCode=error.kind_name)]
        if error.expression:
            outputs.append(item("element", valueString=error.expression))
        state = "not-analysed" if error.kind_name in _UNDONE else "refused"
        self._end(job, state, error.diagnostics, *outputs)

    def _end(self, job: Job, state: str, reason: str, *outputs: dict[str, Any]) -> None:
        self._store.transact(
            lambda tx: tx.finish(job, _ended(job, state, reason, tx.moment, *outputs))
        )


def _write(tx: Transaction, job: Job, draft: NoteDraft, *, again: bool) -> None:
    state = keep_note(tx, draft, again=again)
    references = [(COMPOSITION, f"Composition/{draft.composition['id']}")]
    references += [
        (TRANSCRIPT, f"DocumentReference/{one['id']}")
        for one in draft.beside
        if one["resourceType"] == "DocumentReference" and "docStatus" in one
    ]
    outputs = tuple(
        item(name, valueReference={"reference": reference}) for name, reference in references
    )
    tx.finish(job, moved(job.task, "completed", state, tx.moment, outputs=outputs))


def _ended(
    job: Job, state: str, reason: str, moment: datetime, *outputs: dict[str, Any]
) -> dict[str, Any]:
    """The Task of a job that has written no note."""
    said = (*outputs, item("reason", valueString=reason))
    return moved(job.task, "completed", state, moment, outputs=said)


def as_inputs(asked: AskedNote, base: str) -> tuple[dict[str, Any], ...]:
    """What a caller asked for, as inputs of the Task; an empty base is none (R4 datatypes.html#string)."""
    said = item(ASKED, valueString=orjson.dumps(asked).decode())
    return (said, item(BASE, valueString=base)) if base else (said,)


def asked_in(task: Mapping[str, Any]) -> AskedNote:
    """What the caller of a Task asked for."""
    text = _first(task, ASKED)
    return from_json(AskedNote, orjson.loads(text)) if text else AskedNote()


def _first(task: Mapping[str, Any], name: str) -> str:
    return next((str(one.get("valueString", "")) for one in input_of(task, name)), "")


def _silent(done: int, total: int, unit: str) -> None:
    """Progress is not kept: a visit takes seconds."""
    del done, total, unit
