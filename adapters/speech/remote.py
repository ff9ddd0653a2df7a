"""A recording through an OpenAI-compatible speech server: ``POST /audio/transcriptions``.

OpenAI API reference, createTranscription; vLLM, "Transcriptions API". Tried again only where the server says
that it has not looked at the request (429, 503). Neither proxies of the environment nor redirects are
followed: a recording goes to the configured address or nowhere.
"""

import io
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import httpx

from adapters.payer.backoff import retry_after_s
from adapters.speech.answer import Answer, read_answer
from adapters.speech.kinds import HEAD, kind_of
from adapters.speech.server import SpeechServer, bearer
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Segment, SpeechRemark, Transcript, TranscriptionRequest

ENGINE: Final = "openai-compatible"
LARGEST_ANSWER: Final = 32_000_000
TRIES: Final = 4
LONGEST_WAIT_S: Final = 30.0
PROMPT: Final = 600
"""Characters of names that are handed over: Whisper's prompt holds 224 tokens, the last ones count."""

_NOT_LOOKED_AT: Final = frozenset({429, 503})
_FORMAT_REFUSED: Final = frozenset({400, 415, 422})

Splitter = Callable[[Path, int], Iterable[tuple[float, bytes]]]
"""Pieces of a recording, cut at silences: where each begins in seconds, a file of at most so many bytes."""
Doubtful = Callable[[Sequence[Segment]], bool]
"""Whether an answer to a request with names in mind is worth asking again without."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is sent at once: where it begins, its name and type, and how to open it."""

    start_s: float
    name: str
    media: str
    open: Callable[[], IO[bytes]]


def transcribe(
    request: TranscriptionRequest,
    server: SpeechServer,
    *,
    splitter: Splitter | None = None,
    doubtful: Doubtful | None = None,
    rest: Callable[[float], object] = time.sleep,
) -> Transcript:
    """What was said, as the server has understood it.

    Parameters
    ----------
    request : TranscriptionRequest
        Its audio lies in a file.
    server : SpeechServer
    splitter : callable, optional
        Cuts a recording that is too large for one request; without it, such a recording is refused.
    doubtful : callable, optional
        Tells answers that are asked for once more without names in mind.
    rest : callable
        Waits before another try.

    Raises
    ------
    OperationOutcomeError
        ``media-type``, ``too-costly`` and ``invalid`` for a recording that cannot be taken, ``login`` for
        a key that is refused, ``transient``, ``timeout`` and ``throttled`` when the server is at fault.
    """
    with _client(server) as client:
        exchange = _Exchange(client, server, request, rest)
        ask = partial(exchange.ask_twice, doubtful=doubtful) if doubtful else exchange.ask
        heard = [(piece.start_s, ask(piece)) for piece in _pieces(request, server, splitter)]
    return _joined(heard, request, server)


@contextmanager
def asking(
    request: TranscriptionRequest,
    server: SpeechServer,
    rest: Callable[[float], object] = time.sleep,
) -> Iterator[Callable[[bytes, bool], Transcript]]:
    """What recognises WAV files that lie in memory, with the names of a request in mind or without.

    Several may be asked for at once; the audio of the request is not looked at. Errors as of ``transcribe``.
    """
    with _client(server) as client:
        exchange = _Exchange(client, server, request, rest)

        def ask(content: bytes, named: bool) -> Transcript:
            name, media = kind_of(content[:HEAD])
            piece = _Piece(0.0, name, media, partial(io.BytesIO, content))
            return _joined([(0.0, exchange.ask(piece, named=named))], request, server)

        yield ask


class _Exchange:
    """Requests about one recording; whether the server knows ``verbose_json`` is found out once."""

    def __init__(
        self,
        client: httpx.Client,
        server: SpeechServer,
        request: TranscriptionRequest,
        rest: Callable[[float], object],
    ) -> None:
        self._client = client
        self._server = server
        self._request = request
        self._rest = rest
        self._verbose = True
        self._prompt = _prompt(request.vocabulary)

    def ask_twice(self, piece: _Piece, doubtful: Doubtful) -> Answer:
        """A doubtful answer against one without names in mind; the second counts where it is none."""
        first = self.ask(piece)
        if not self._prompt or not doubtful(first.segments):
            return first
        second = self.ask(piece, named=False)
        return first if doubtful(second.segments) else second

    def ask(self, piece: _Piece, *, named: bool = True) -> Answer:
        """What is said in a piece, with the names of the record in mind or without."""
        prompt = self._prompt if named else ""
        status, body = self._patiently(piece, prompt)
        if self._verbose and status in _FORMAT_REFUSED:
            # Models without times refuse the format; the same recording is then asked for as plain text.
            self._verbose = False
            status, body = self._patiently(piece, prompt)
        _require_taken(status)
        return read_answer(body)

    def _patiently(self, piece: _Piece, prompt: str) -> tuple[int, bytes]:
        for attempt in range(1, TRIES):
            status, body, asked_s = self._once(piece, prompt)
            if status not in _NOT_LOOKED_AT:
                return status, body
            self._rest(min(max(asked_s, 0.5 * 2.0**attempt), LONGEST_WAIT_S))
        status, body, _ = self._once(piece, prompt)
        return status, body

    def _once(self, piece: _Piece, prompt: str) -> tuple[int, bytes, float]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            with (
                piece.open() as content,
                self._client.stream(
                    "POST",
                    f"{self._server.address}/audio/transcriptions",
                    data=self._fields(prompt),
                    files={"file": (piece.name, content, piece.media)},
                    headers={**headers, **bearer(self._server.key_file)},
                ) as answer,
            ):
                waits = retry_after_s(answer.headers.get("retry-after", ""))
                return answer.status_code, _body(answer, self._server.timeout_s), waits
        except httpx.TimeoutException:
            raise OperationOutcomeError(
                "timeout", f"no answer from the speech server within {self._server.timeout_s:g} s"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise OperationOutcomeError(
                "transient", "the speech server cannot be reached, or broke off"
            ) from None

    def _fields(self, prompt: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": self._server.model, "temperature": "0"}
        fields["response_format"] = "verbose_json" if self._verbose else "json"
        if self._verbose:
            fields["timestamp_granularities[]"] = ["segment", "word"]
        if self._request.language:
            # The API takes ISO 639-1: the first part of a BCP 47 tag.
            fields["language"] = self._request.language.split("-")[0].lower()
        return {**fields, "prompt": prompt} if prompt else fields


def _pieces(
    request: TranscriptionRequest, server: SpeechServer, splitter: Splitter | None
) -> Iterable[_Piece]:
    path = Path(request.audio.path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            name, media = kind_of(file.read(HEAD))
    except OSError:
        raise OperationOutcomeError("not-found", "the file of the recording is missing") from None
    if size <= server.max_upload:
        yield _Piece(0.0, name, media, lambda: path.open("rb"))
        return
    if splitter is None:
        raise OperationOutcomeError(
            "too-costly",
            f"the recording has more than the {server.max_upload} bytes that the speech server takes "
            "at once, and nothing here can cut it",
        )
    for start_s, content in splitter(path, server.max_upload):
        if len(content) > server.max_upload:
            raise OperationOutcomeError("too-costly", "a piece of the recording is still too large")
        name, media = kind_of(content[:HEAD])
        yield _Piece(start_s, name, media, partial(io.BytesIO, content))


def _client(server: SpeechServer) -> httpx.Client:
    return httpx.Client(
        verify=ssl.create_default_context(),
        timeout=server.timeout_s,
        trust_env=False,
        follow_redirects=False,
    )


def _body(answer: httpx.Response, timeout_s: float) -> bytes:
    deadline = time.monotonic() + timeout_s
    body = bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise OperationOutcomeError("transient", "the speech server's answer is too large")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer goes on too long")
    return bytes(body)


def _require_taken(status: int) -> None:
    """Refuse every status but 200, by who has to do something about it."""
    if status == 200:
        return
    text = f"the speech server answered {status}"
    if status in (401, 403):
        raise OperationOutcomeError("login", f"{text}: see the setting speech_key_file")
    if status == 404:
        raise OperationOutcomeError(
            "not-found", f"{text}: see the settings speech_server and speech_model"
        )
    if status == 413:
        raise OperationOutcomeError("too-costly", f"{text}: the recording is too large for it")
    if status in _NOT_LOOKED_AT:
        raise OperationOutcomeError("throttled", f"{text} {TRIES} times: try again later")
    if status in _FORMAT_REFUSED:
        raise OperationOutcomeError("invalid", f"{text}: it does not take this recording")
    raise OperationOutcomeError("transient", text)


def _prompt(vocabulary: tuple[str, ...]) -> str:
    """As many names as the prompt holds, the first ones first."""
    kept: list[str] = []
    room = PROMPT
    for name in dict.fromkeys(" ".join(one.split()) for one in vocabulary):
        if name and len(name) + 2 <= room:
            kept.append(name)
            room -= len(name) + 2
    return ", ".join(kept)


def _joined(
    heard: list[tuple[float, Answer]], request: TranscriptionRequest, server: SpeechServer
) -> Transcript:
    segments: list[Segment] = []
    for start_s, answer in heard:
        first = len(segments)
        segments += [_later(one, start_s, first + at) for at, one in enumerate(answer.segments)]
    languages = [answer.language for _, answer in heard if answer.language]
    last = heard[-1] if heard else (0.0, None)
    duration = (
        None if last[1] is None or last[1].duration_s is None else last[0] + last[1].duration_s
    )
    return Transcript(
        engine=ENGINE,
        engine_version=server.model,
        language=request.language or (languages[0] if languages else ""),
        duration_s=duration,
        segments=tuple(segments),
        remarks=tuple(_remarks(segments, [answer for _, answer in heard])),
    )


def _later(segment: Segment, by_s: float, number: int) -> Segment:
    if segment.start_s is None or segment.end_s is None:
        return replace(segment, number=number)
    words = tuple(
        replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s)
        for word in segment.words
    )
    start_s, end_s = segment.start_s + by_s, segment.end_s + by_s
    return replace(segment, number=number, start_s=start_s, end_s=end_s, words=words)


def _remarks(segments: list[Segment], answers: list[Answer]) -> Iterable[SpeechRemark]:
    if not all(answer.timed for answer in answers):
        yield SpeechRemark("no-times", "the speech server gave no times: evidence has no offsets")
    if not segments:
        yield SpeechRemark("no-speech", "the speech server has recognised nothing")
