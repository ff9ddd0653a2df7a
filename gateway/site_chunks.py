"""The servers of a site as engines that are given speech chunk by chunk, as the local one is."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from adapters.speech.remote import ENGINE
from adapters.speech.server import RealtimeServer
from ml.speech.audio import Samples
from ml.speech.engine import Heard
from ml.speech.guards import LOW_CONFIDENCE, NO_SPEECH
from ml.speech.pieces import wav
from profiles.speech_records import Segment, Transcript, Word

REALTIME: Final = "openai-realtime"
AT_ONCE: Final = 4
"""Requests at once; a server that serves several visits queues what is too much for it."""


class ServerEngine:
    """A speech server as an engine: each chunk of speech is a file.

    Parameters
    ----------
    ask : callable
        Recognises a WAV file, with the names of the record in mind or without.
    model, language : str
        Of the server, and asked for.
    """

    name = ENGINE
    batch = AT_ONCE
    digests: tuple[tuple[str, str], ...] = ()

    def __init__(self, ask: Callable[[bytes, bool], Transcript], model: str, language: str) -> None:
        self._ask = ask
        self.version = model
        self.languages: tuple[str, ...] = (language,) if language else ()

    def recognise(
        self, sounds: Sequence[Samples], language: str, hotwords: str
    ) -> tuple[Heard, ...]:
        """One answer for each sound; the language was asked for with the request."""
        del language
        named = bool(hotwords)
        with ThreadPoolExecutor(AT_ONCE) as many:
            return tuple(many.map(lambda sound: _heard(self._ask(wav(sound), named)), sounds))

    def without_context(self, sound: Samples, language: str) -> Heard:
        """The same sound again with no words in mind."""
        del language
        return _heard(self._ask(wav(sound), False))


def _heard(transcript: Transcript) -> Heard:
    segments = transcript.segments
    flags = {flag for one in segments for flag in one.flags}
    return Heard(
        " ".join(one.text for one in segments),
        tuple(word for one in segments for word in _timed(one)),
        # The server's own doubts, by the numbers that it was told apart with, are in the flags.
        float("-inf") if LOW_CONFIDENCE in flags else 0.0,
        1.0 if NO_SPEECH in flags else 0.0,
        transcript.language,
    )


def _timed(segment: Segment) -> tuple[Word, ...]:
    """A segment in the place of a word: servers time words without the signs between them."""
    if segment.start_s is None or segment.end_s is None:
        return ()
    return (Word(segment.start_s, segment.end_s, segment.text),)


class RealtimeEngine:
    """A server of the Realtime API as an engine: each chunk of speech is a turn.

    Parameters
    ----------
    server : RealtimeServer
    language : str
        The one that is asked for; what it speaks beside, a server does not say.
    """

    name = REALTIME
    batch = 4
    digests: tuple[tuple[str, str], ...] = ()

    def __init__(self, server: RealtimeServer, language: str) -> None:
        self._server = server
        self.version = server.model
        self.languages: tuple[str, ...] = (language,) if language else ()

    def recognise(
        self, sounds: Sequence[Samples], language: str, hotwords: str
    ) -> tuple[Heard, ...]:
        """One answer for each sound."""
        from adapters.speech.realtime import hear_turns
        from adapters.speech.realtime_events import Asked
        from adapters.speech.resample import as_pcm

        names = tuple(filter(None, hotwords.split(", ")))
        asked = Asked(self._server.model, language, names)
        said = hear_turns(self._server, asked, [as_pcm(sound) for sound in sounds])
        return tuple(Heard(one.text, (), one.logprob or 0.0, language=language) for one in said)

    def without_context(self, sound: Samples, language: str) -> Heard:
        """The same sound again with no words in mind."""
        return self.recognise([sound], language, "")[0]
