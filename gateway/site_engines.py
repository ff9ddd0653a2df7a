"""The recognisers that a site has elsewhere, with the guards of our own around them.

A speech server is asked for whole recordings; where none is set and no Whisper directory is there, a server
of the Realtime API is given a recording speech by speech, as it would be while it is recorded.
"""

import importlib.util
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from adapters.speech.remote import ENGINE, asking, transcribe
from adapters.speech.server import (
    RealtimeServer,
    SpeechServer,
    realtime_server,
    speech_server,
)
from gateway.settings import Settings
from gateway.site_chunks import RealtimeEngine, ServerEngine
from gateway.transcription import Progress, Recogniser
from ml.speech.pieces import wav_pieces
from ml.speech.recognition import Recognition
from ml.speech.second_look import NOBODY, doubtful, second_look, speech_in
from profiles.speech_records import Transcript, TranscriptionRequest

DECODES: Final = ("av",)
DETECTS: Final = ("av", "faster_whisper", "onnxruntime")
NO_DETECTOR: Final = (
    "A server of the Realtime API is given speech alone, which nothing here can find in a recording: install "
    "the extra isthmus[speech], or name a speech server in the setting speech_server."
)


def realtime_of(settings: Settings) -> RealtimeServer | None:
    """The realtime server of the settings (``value`` with the setting that is at fault)."""
    return realtime_server(
        settings.speech_realtime,
        settings.speech_realtime_model or settings.speech_model,
        settings.speech_realtime_key_file,
        settings.speech_realtime_timeout_s,
    )


def server_of(settings: Settings) -> SpeechServer | None:
    """The speech server of the settings (``value`` with the setting that is at fault)."""
    return speech_server(settings.speech_server, settings.speech_model, settings.speech_key_file)


def site_recogniser(settings: Settings) -> Recogniser | None:
    """What recognises whole recordings elsewhere; None where the site has named nothing."""
    server, realtime = server_of(settings), realtime_of(settings)
    if server is not None:
        return Recogniser(partial(_heard_by_server, server))
    if realtime is None:
        return None
    if not _installed(DETECTS):
        return Recogniser(why_not=NO_DETECTOR)
    return Recogniser(partial(_heard_in_time, realtime))


def _heard_by_server(
    server: SpeechServer, request: TranscriptionRequest, progress: Progress
) -> Transcript:
    # Without the library that decodes, a recording goes as it is or not at all.
    splitter = wav_pieces if _installed(DECODES) else None
    if len(request.audio.roles) > 1 and _installed(DETECTS):
        return _heard_by_channel(server, request, progress)
    spoken = speech_in(Path(request.audio.path)) if _installed(DETECTS) else None
    if spoken == ():
        return Transcript(ENGINE, server.model, request.language, None, (), (NOBODY,))
    found = transcribe(
        request,
        server,
        splitter=splitter,
        doubtful=lambda segments: doubtful(segments, request.vocabulary),
    )
    return second_look(found, request.vocabulary, spoken)


def _heard_by_channel(
    server: SpeechServer, request: TranscriptionRequest, progress: Progress
) -> Transcript:
    """Each person's own channel, so that every segment has its role."""
    language = request.language.partition("-")[0].lower()
    with asking(request, server) as ask:
        engine = ServerEngine(ask, server.model, language)
        found = Recognition(engine, request, progress).run()
    return second_look(found, request.vocabulary, None)


def _heard_in_time(
    server: RealtimeServer, request: TranscriptionRequest, progress: Progress
) -> Transcript:
    language = request.language.partition("-")[0].lower()
    engine = RealtimeEngine(server, language)
    return Recognition(engine, request, progress, packed=False).run()


def _installed(modules: Sequence[str]) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in modules)
