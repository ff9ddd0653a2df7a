"""What hears live sessions: a realtime server, a speech server, the worker of the lane, or nothing.

The first of them that there is. A client that resumes is heard from where its last final segment has ended.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from adapters.speech.remote import transcribe
from gateway.live.recognition import Hearing, Names, Recognise, Recognition
from gateway.live.recording import Recording
from gateway.settings import Settings
from gateway.site_engines import realtime_of, server_of
from gateway.transcription_arrival import SPEECH_LANE
from ml.speech.computing import checked
from ml.speech.second_look import second_look
from ml.speech.whisper_folder import find_whisper
from ml.worker import missing, workers
from profiles.records import from_json, to_json
from profiles.speech_records import Transcript, TranscriptionRequest
from profiles.task import TRANSCRIBE

CallLane = Callable[[str, dict[str, Any], float], dict[str, Any]]
Engine = Callable[[Recording, Names, int, Callable[[int], None]], Hearing]
WAIT_S: Final = 30.0


class Listener:
    """Puts an engine to work on sessions.

    Parameters
    ----------
    engine : callable
        The engine's way through one connection.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._heard: WeakKeyDictionary[Recording, int] = WeakKeyDictionary()

    def __call__(self, recording: Recording, names: Names) -> Hearing:
        """Hear a session that has begun, or that goes on."""
        start = self._heard.setdefault(recording, recording.received)

        def keep(heard: int) -> None:
            self._heard[recording] = heard

        return self._engine(recording, names, start, keep)


def listener(settings: Settings, call_lane: CallLane) -> Listener:
    """What hears the live sessions of a gateway.

    Raises
    ------
    OperationOutcomeError
        ``value`` when a server or what to compute on is set wrongly: that stops the start, not the
        first recording.
    """
    checked(settings.speech_device, settings.speech_compute_type)
    realtime = realtime_of(settings)
    recognise = recogniser(settings, call_lane)
    if realtime is None:
        return Listener(lambda recording, *more: Recognition(recording, recognise, *more))
    from gateway.live.streamed import StreamedRecognition

    return Listener(lambda recording, *more: StreamedRecognition(recording, realtime, *more))


def engine_name(settings: Settings) -> str:
    """What hears the live sessions of a gateway, for people; empty where nothing does."""
    realtime, server = realtime_of(settings), server_of(settings)
    if realtime is not None:
        return f"the realtime server of the site, model {realtime.model}"
    if server is not None:
        return f"the speech server of the site, model {server.model}"
    folder = _whisper(settings)
    return "" if folder is None else f"faster-whisper with the folder {folder.name}"


def _whisper(settings: Settings) -> Path | None:
    """The Whisper directory, where it can be used."""
    worker = workers().get(TRANSCRIBE.code)
    if worker is None or missing(worker.SPEC):
        return None
    return find_whisper(Path(settings.models))


def recogniser(settings: Settings, call_lane: CallLane) -> Recognise | None:
    """What recognises the windows of live sessions; None where nothing does (``value`` as above)."""
    server = server_of(settings)
    if server is not None:
        ask = partial(transcribe, server=server)
        return lambda request: second_look(ask(request), request.vocabulary, None)
    if _whisper(settings) is None:
        return None

    def recognise(request: TranscriptionRequest) -> Transcript:
        asked = {"name": TRANSCRIBE.code, "request": to_json(request)}
        answer: Mapping[str, Any] = call_lane(SPEECH_LANE, asked, WAIT_S)
        return from_json(Transcript, answer["transcript"])

    return recognise
