"""A person says who speaks: the note is structured again from the same transcript with these speakers.

One transaction keeps the corrected transcript, who corrected it (Provenance), counts for learning (Basic) and
the job; the job writes the next version of the preliminary note. The review stays open.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from adapters.store import StoredVersion, Transaction
from gateway.decision import Decision
from gateway.note_draft import is_drafting
from gateway.note_transcript import found, kept_template, transcript_binary, transcript_in
from gateway.settings import Settings
from gateway.transcription_arrival import SCRIBE_LANE, note_task
from gateway.transcription_case import AskedNote
from gateway.transcription_job import as_inputs
from profiles.builders.composition_record import SOURCE
from profiles.builders.speaker_record import (
    corrected_transcript,
    correction_provenance,
    correction_record,
)
from profiles.outcome import OperationOutcomeError
from profiles.recording import Recording
from profiles.speaker_corrections import SpeakerCorrection, corrected
from profiles.task import input_of
from terminology.notes import SECTION_DECISION

MOST: Final = 10_000


def correct_speakers(
    tx: Transaction,
    review: Mapping[str, Any],
    stored: StoredVersion,
    decision: Decision,
    settings: Settings,
) -> None:
    """Keep a correction and queue the note.

    Raises
    ------
    OperationOutcomeError
        ``business-rule`` beside another decision, for a note of which sections are decided, and where no turn
        changes; ``conflict`` while the note is written; ``not-found`` without a transcript or for turns that
        are not there.
    """
    note = stored.json()
    _require_free(note, decision)
    kept = transcript_binary(tx, review)
    before = transcript_in(tx, kept)
    after = corrected(before, [_correction(one) for one in decision.speakers])
    reference = f"Composition/{stored.id}"
    seen = (reference, stored.version)
    binary = corrected_transcript(after, *seen, note.get("subject", {}))
    basic = correction_record(before, after, *seen, decision.performer, tx.moment)
    recording = _recording(tx, review, settings)
    if is_drafting(tx, recording.reference):
        raise OperationOutcomeError("conflict", "the note is being written already", "speaker")
    asked = AskedNote(
        language=before.language,
        template=kept_template(tx, review),
        transcript=f"Binary/{binary['id']}",
    )
    task = note_task(recording, tx.moment, str(uuid4()), as_inputs(asked, ""))
    task["basedOn"] = [{"reference": f"Task/{review['id']}"}]
    task["requester"] = dict(decision.performer)
    targets = [reference, asked.transcript, f"Basic/{basic['id']}", f"Task/{task['id']}"]
    reason = decision.reason or ""
    for resource in (
        binary,
        basic,
        correction_provenance(*seen, targets, kept, decision.performer, reason, tx.moment),
    ):
        tx.put(resource)
    tx.enqueue(task, lane=SCRIBE_LANE, ready_at=tx.moment, key=f"transcribe:{task['id']}")


def _require_free(note: Mapping[str, Any], decision: Decision) -> None:
    if decision.word or decision.sections or decision.codes or decision.resources:
        raise OperationOutcomeError(
            "business-rule", "speakers are corrected before anything is decided", "speaker"
        )
    if len(decision.speakers) > MOST:
        raise OperationOutcomeError("too-costly", f"at most {MOST} corrections", "speaker")
    marks = [mark for section in note.get("section", ()) for mark in section.get("extension", ())]
    if any(mark["url"] == SECTION_DECISION for mark in marks):
        raise OperationOutcomeError(
            "business-rule",
            "sections of this note are decided already: it is not written again",
            "speaker",
        )


def _recording(tx: Transaction, review: Mapping[str, Any], settings: Settings) -> Recording:
    source = next((one["valueReference"]["reference"] for one in input_of(review, SOURCE)), "")
    resource = found(tx, source)
    if not resource:
        raise OperationOutcomeError("not-found", "the recording of this note is not here")
    return Recording(resource, settings.transcript_types)


def _correction(parts: Mapping[str, Any]) -> SpeakerCorrection:
    """One repetition of the parameter ``speaker``."""
    channels = parts.get("channel", ())
    return SpeakerCorrection(
        str(next(iter(parts.get("role", ())), "")),
        str(next(iter(parts.get("heardAs", ())), "")),
        int(channels[0]) if channels else None,
        str(next(iter(parts.get("name", ())), "")),
        tuple(int(number) for number in parts.get("segment", ())),
    )
