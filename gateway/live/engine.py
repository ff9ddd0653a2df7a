"""Which recogniser a gateway has: the speech server of the site, else the worker of the lane, else none."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from adapters.speech.remote import transcribe
from adapters.speech.server import speech_server
from gateway.live.recognition import Recognise
from gateway.settings import Settings
from gateway.transcription_arrival import SPEECH_LANE
from ml.speech.computing import checked
from ml.speech.whisper_folder import find_whisper
from ml.worker import missing, workers
from profiles.records import from_json, to_json
from profiles.speech_records import Transcript, TranscriptionRequest
from profiles.task import TRANSCRIBE

CallLane = Callable[[str, dict[str, Any], float], dict[str, Any]]
WAIT_S: Final = 30.0


def recogniser(settings: Settings, call_lane: CallLane) -> Recognise | None:
    """What recognises the windows of live sessions; None where nothing does.

    Raises
    ------
    OperationOutcomeError
        ``value`` when the speech server or what to compute on is set wrongly: that stops the start, not the
        first recording.
    """
    checked(settings.speech_device, settings.speech_compute_type)
    server = speech_server(settings.speech_server, settings.speech_model, settings.speech_key_file)
    if server is not None:
        return partial(transcribe, server=server)
    worker = workers().get(TRANSCRIBE.code)
    if worker is None or missing(worker.SPEC) or find_whisper(Path(settings.models)) is None:
        return None

    def recognise(request: TranscriptionRequest) -> Transcript:
        asked = {"name": TRANSCRIBE.code, "request": to_json(request)}
        answer: Mapping[str, Any] = call_lane(SPEECH_LANE, asked, WAIT_S)
        return from_json(Transcript, answer["transcript"])

    return recognise
