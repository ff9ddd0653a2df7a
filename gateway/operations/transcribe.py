"""``$transcribe``: the note of a recorded visit, with its transcript and the evidence of every sentence.

A job, as ``$analyze`` and ``$code`` are: the answer waits for a bounded time, then says 202.
"""

import time
from typing import Any, Final
from uuid import uuid4

import anyio
from starlette.requests import Request
from starlette.responses import Response

from adapters.store import Transaction
from gateway.fhir_answer import store_of, transact
from gateway.negotiation import preference
from gateway.operations.definition import Call, Operation, Parameter
from gateway.operations.endpoint import accepted, read_call
from gateway.operations.job_status import ENDED, ended
from gateway.settings import Settings
from gateway.transcription_arrival import lane_of, note_task
from gateway.transcription_case import AskedNote
from gateway.transcription_job import as_inputs
from profiles.outcome import OperationOutcomeError
from profiles.recording import KINDS, Recording

POLL_S: Final = 0.02
MOST_NAMES: Final = 200
ROLES: Final = ("doctor", "patient", "other")


async def transcribe(request: Request) -> Response:
    """Queue the note of a stored recording, and answer with it when it is soon there."""
    call = await read_call(request, OPERATION)
    asked = _asked(call)
    settings: Settings = request.app.state.settings
    task_id = await transact(request, lambda tx: _queue(tx, call, asked, settings))
    if preference(request, "respond-async") != "true":
        deadline = time.monotonic() + settings.transcribe_wait_s
        while time.monotonic() < deadline:
            task = store_of(request).read("Task", task_id).json()
            if task["status"] in ENDED:
                return ended(request, task)
            await anyio.sleep(POLL_S)
    return accepted(request, task_id)


def _queue(tx: Transaction, call: Call, asked: AskedNote, settings: Settings) -> str:
    recording = Recording(tx.require(call.kind, call.id).json(), settings.transcript_types)
    if recording.content is None:
        raise OperationOutcomeError(
            "business-rule", f"this {call.kind} has neither audio nor a transcript", call.kind
        )
    if not recording.in_force:
        raise OperationOutcomeError(
            "business-rule", f"this {call.kind} is not in force", f"{call.kind}.status"
        )
    if not recording.patient:
        raise OperationOutcomeError(
            "business-rule", f"this {call.kind} names no patient of this server", call.kind
        )
    task = note_task(recording, tx.moment, str(uuid4()), as_inputs(asked, call.base))
    key = f"transcribe:{task['id']}"
    tx.enqueue(task, lane=lane_of(recording, settings), ready_at=tx.moment, key=key)
    return str(task["id"])


def _asked(call: Call) -> AskedNote:
    """What the caller asks for (``code-invalid`` or ``too-costly`` where that cannot be)."""
    speakers = tuple(call.given.get("speakers", ()))
    if not set(speakers) <= set(ROLES):
        raise OperationOutcomeError(
            "code-invalid", f"a speaker is one of {', '.join(ROLES)}", "speakers"
        )
    names = tuple(call.given.get("vocabulary", ()))
    if len(names) > MOST_NAMES:
        raise OperationOutcomeError(
            "too-costly", f"vocabulary has at most {MOST_NAMES} names", "vocabulary"
        )
    return AskedNote(
        language=call.one("language", ""),
        template=call.one("template", ""),
        speakers=speakers,
        vocabulary=names,
        by_hand=True,
    )


def _parameter(name: str, high: str, kind: str, text: str) -> Parameter:
    return Parameter(name, "in", 0, high, kind, text)


_PARAMETERS: Final[tuple[Any, ...]] = (
    _parameter("language", "1", "code", "Language of the visit (BCP 47); else it is found out."),
    _parameter(
        "template",
        "1",
        "string",
        "Section template: soap, h-and-p, consult, discharge or the site's.",
    ),
    _parameter(
        "speakers", "*", "code", "Role of each channel, in order: doctor, patient or other."
    ),
    _parameter("vocabulary", "*", "string", "Names to expect, beside those of the record."),
    Parameter(
        "return",
        "out",
        0,
        "1",
        "Bundle",
        "The preliminary Composition, its Provenance, the DocumentReference of the transcript, and facts.",
    ),
)

OPERATION: Final = Operation(
    "transcribe",
    "Draft the note of a recorded visit: audio is recognised, a transcript that a person has made is taken "
    "as it is; every sentence names the segments that it rests on.",
    resources=KINDS,
    endpoint=transcribe,
    parameters=_PARAMETERS,
)
