"""A recorded visit arrives: its note is queued in the same transaction, one job for each recording.

Triggers: a Media or DocumentReference in force with audio or with a transcript that a person has made. What
names no patient leaves a Task that says so; what an AI has made leaves nothing.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from adapters.store import Transaction
from gateway.interactions.write import OnCreated
from gateway.recording_consent import require_consent_setting
from gateway.settings import Settings
from ml.speech.whisper_folder import find_whisper
from ml.worker import missing, workers
from profiles.outcome import OperationOutcomeError
from profiles.recording import AUDIO, Recording
from profiles.task import TRANSCRIBE, item, moved, new_task
from profiles.uids import derived_id

SPEECH_LANE: Final = "speech"
SCRIBE_LANE: Final = "scribe"
ON_ARRIVAL: Final = "on-arrival"
ON_DEMAND: Final = "on-demand"
NOBODY: Final = "The recording names no patient of this server."


def transcribe_on_arrival(settings: Settings) -> OnCreated:
    """What queues the note of an arriving recording, as the site wishes.

    Raises
    ------
    OperationOutcomeError
        ``value`` when a setting is none of its values.
    """
    if settings.transcribe_recordings not in (ON_ARRIVAL, ON_DEMAND):
        raise OperationOutcomeError(
            "value",
            f"transcribe_recordings is {ON_ARRIVAL} or {ON_DEMAND}",
            "transcribe_recordings",
        )
    require_consent_setting(settings)

    def arrived(tx: Transaction, resource: dict[str, Any]) -> None:
        recording = Recording(resource, settings.transcript_types)
        if settings.transcribe_recordings == ON_DEMAND or recording.ours:
            return
        if not recording.in_force or recording.content is None:
            return
        if recording.patient:
            queue_note(tx, recording, settings)
        else:
            key = derived_id("Task", TRANSCRIBE.code, recording.reference, NOBODY)
            task = note_task(recording, tx.moment, key)
            outputs = (item("reason", valueString=NOBODY),)
            tx.put(moved(task, "completed", "not-analysed", tx.moment, outputs=outputs))

    return arrived


def note_task(
    recording: Recording,
    moment: datetime,
    task_id: str,
    inputs: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    """The Task that drafts the note of a recording."""
    focus = recording.reference
    patient = recording.patient or None
    task = new_task(task_id, TRANSCRIBE, focus, moment, patient=patient, inputs=inputs)
    if recording.encounter:
        task["encounter"] = {"reference": recording.encounter}
    return task


def queue_note(tx: Transaction, recording: Recording, settings: Settings) -> None:
    """Queue a note unless one of the same recording waits already."""
    key = f"transcribe:{recording.reference}"
    if tx.pending(key) is not None:
        return
    task = note_task(recording, tx.moment, str(uuid4()))
    try:
        tx.enqueue(task, lane=lane_of(recording, settings), ready_at=tx.moment, key=key)
    except OperationOutcomeError as error:
        # Another gateway has queued the same recording meanwhile, and its job begins after this commit.
        if error.kind_name != "conflict":
            raise


def lane_of(recording: Recording, settings: Settings) -> str:
    """Audio goes where a recogniser of ours can run; the servers of a site are asked from the scribe's lane.

    Where there is neither, the scribe's lane says what is missing. A realtime server is asked for recordings
    where nothing else is there.
    """
    found = recording.content
    recogniser = workers().get(TRANSCRIBE.code)
    if found is None or found[0] != AUDIO or settings.speech_server:
        return SCRIBE_LANE
    if settings.speech_realtime and find_whisper(Path(settings.models)) is None:
        return SCRIBE_LANE
    here = recogniser is not None and not missing(recogniser.SPEC)
    return SPEECH_LANE if here else SCRIBE_LANE
