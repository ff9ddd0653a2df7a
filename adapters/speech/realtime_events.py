"""The events of the Realtime API for transcription, in the three forms that servers speak.

``openai``
    OpenAI API reference, Realtime (2026): ``session.update`` of a session of type ``transcription``, 24 kHz,
    turns told apart by ``item_id``, which may be completed in another order than they were committed in.
``openai-beta``
    The same as it was before general availability (``transcription_session.update``); servers that were
    written against it still speak it.
``vllm``
    vLLM, "Realtime API" (``vllm/entrypoints/speech_to_text/realtime``): 16 kHz, a commit in front of the
    audio and a final one behind it, ``transcription.delta`` and ``transcription.done`` without items, no
    settings but the model.

Which one it is, the first event of the server tells. What a server answers is read with distrust, and of its
own words in an error only a code is kept: the rest may repeat what was said to it.
"""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from profiles.outcome import OperationOutcomeError

LONGEST_TEXT: Final = 100_000
_ITEM: Final = "conversation.item.input_audio_transcription."
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_KEYWORDS: Final = ("gpt-live-transcribe", "gpt-transcribe")
"""Models that take ``keywords``; the others take a ``prompt`` (API reference, AudioTranscription)."""


class Dialect(Enum):
    """How a server speaks."""

    OPENAI = "openai"
    BETA = "openai-beta"
    VLLM = "vllm"

    @property
    def rate(self) -> int:
        """Samples a second of the audio that it takes: mono, 16 bits, little endian."""
        return 16_000 if self is Dialect.VLLM else 24_000

    @property
    def one_turn(self) -> bool:
        """Whether a connection takes one turn alone.

        vLLM empties its queue of audio behind the end of a turn, and what the next turn has sent meanwhile
        with it (``RealtimeConnection._run_generation``): each turn has a connection of its own there.
        """
        return self is Dialect.VLLM

    @property
    def confirms(self) -> bool:
        """Whether it says that it has taken the settings of a session."""
        return self is not Dialect.VLLM


class Kind(Enum):
    """What an event of a server means to us."""

    CREATED = "created"
    READY = "ready"
    COMMITTED = "committed"
    DELTA = "delta"
    FINAL = "final"
    FAILED = "failed"
    ERROR = "error"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a server.

    Parameters
    ----------
    kind : Kind
    item : str
        Which turn it is about, where the server tells turns apart.
    text : str
    code : str
        Of an error.
    logprob : float or None
        Mean of those of the tokens, where they are given.
    dialect : Dialect or None
        Of a server that has just greeted.
    """

    kind: Kind
    item: str = ""
    text: str = ""
    code: str = ""
    logprob: float | None = None
    dialect: Dialect | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a session is asked for: the model, a language (ISO 639-1, may be empty) and likely names."""

    model: str
    language: str = ""
    names: tuple[str, ...] = ()


def settings_of(dialect: Dialect, asked: Asked, *, plain: bool = False) -> dict[str, Any]:
    """The event that makes a session one of transcription.

    Parameters
    ----------
    dialect : Dialect
    asked : Asked
    plain : bool
        Without what not every model takes: names, and probabilities of tokens.
    """
    if dialect is Dialect.VLLM:
        return {"type": "session.update", "model": asked.model}
    heard: dict[str, Any] = {"model": asked.model}
    if asked.language:
        heard["language"] = asked.language
    if asked.names and not plain:
        heard |= _names(asked)
    more = {} if plain else {"include": ["item.input_audio_transcription.logprobs"]}
    if dialect is Dialect.BETA:
        said = {"input_audio_format": "pcm16", "input_audio_transcription": heard}
        session = {**said, "turn_detection": None, **more}
        return {"type": "transcription_session.update", "session": session}
    sound = {"type": "audio/pcm", "rate": dialect.rate}
    given = {"format": sound, "transcription": heard, "turn_detection": None}
    session = {"type": "transcription", "audio": {"input": given}, **more}
    return {"type": "session.update", "session": session}


def _names(asked: Asked) -> dict[str, Any]:
    if asked.model.startswith(_KEYWORDS):
        return {"keywords": list(asked.names)}
    return {"prompt": ", ".join(asked.names)}


def beginning(dialect: Dialect) -> tuple[dict[str, Any], ...]:
    """What goes in front of the audio of a turn."""
    return ({"type": "input_audio_buffer.commit"},) if dialect is Dialect.VLLM else ()


def audio(pcm: bytes) -> dict[str, Any]:
    """Some audio."""
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}


def ending(dialect: Dialect) -> dict[str, Any]:
    """What ends a turn."""
    final = {"final": True} if dialect is Dialect.VLLM else {}
    return {"type": "input_audio_buffer.commit", **final}


def read_event(message: str | bytes) -> Event:
    """What a server says.

    Raises
    ------
    OperationOutcomeError
        ``transient`` for what is no event of such a server.
    """
    try:
        said = json.loads(message, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise _wrong("is no JSON") from None
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        raise _wrong("has no type")
    return _EVENTS.get(said["type"], _other)(said)


def _created(said: Mapping[str, Any]) -> Event:
    # vLLM's greeting has the id of a session beside the type, OpenAI's the whole session within.
    openai = isinstance(said.get("session"), dict)
    return Event(Kind.CREATED, dialect=Dialect.OPENAI if openai else Dialect.VLLM)


def _created_beta(said: Mapping[str, Any]) -> Event:
    del said
    return Event(Kind.CREATED, dialect=Dialect.BETA)


def _ready(said: Mapping[str, Any]) -> Event:
    del said
    return Event(Kind.READY)


def _other(said: Mapping[str, Any]) -> Event:
    del said
    return Event(Kind.OTHER)


def _committed(said: Mapping[str, Any]) -> Event:
    return Event(Kind.COMMITTED, item=_text(said, "item_id"))


def _delta(said: Mapping[str, Any]) -> Event:
    text = _text(said, "delta") if said.get("delta") is not None else ""
    return Event(Kind.DELTA, item=_item(said), text=text)


def _final(said: Mapping[str, Any]) -> Event:
    name = "transcript" if said["type"].startswith(_ITEM) else "text"
    text = _text(said, name)
    return Event(Kind.FINAL, item=_item(said), text=text, logprob=_logprob(said.get("logprobs")))


def _failed(said: Mapping[str, Any]) -> Event:
    return Event(Kind.FAILED, item=_item(said), code=_code(said.get("error")))


def _error(said: Mapping[str, Any]) -> Event:
    found = said.get("error")
    # OpenAI's code lies within the error, vLLM's beside its text.
    return Event(Kind.ERROR, code=_code(found if isinstance(found, dict) else said))


_EVENTS: Final = {
    "session.created": _created,
    "transcription_session.created": _created_beta,
    "session.updated": _ready,
    "transcription_session.updated": _ready,
    "input_audio_buffer.committed": _committed,
    f"{_ITEM}delta": _delta,
    f"{_ITEM}completed": _final,
    f"{_ITEM}failed": _failed,
    "transcription.delta": _delta,
    "transcription.done": _final,
    "error": _error,
}


def _item(said: Mapping[str, Any]) -> str:
    return _text(said, "item_id") if said["type"].startswith(_ITEM) else ""


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    if not isinstance(found, str) or len(found) > LONGEST_TEXT:
        raise _wrong(f"has no {name}")
    return found


def _code(found: Any) -> str:
    """A code by which an operator finds the cause: the narrower one where there are two."""
    if isinstance(found, dict):
        for name in ("code", "type"):
            code = found.get(name)
            if isinstance(code, str) and _CODE.fullmatch(code) and code != "error":
                return code
    return ""


def _logprob(found: Any) -> float | None:
    if not isinstance(found, list) or not found:
        return None
    values = [one.get("logprob") for one in found if isinstance(one, dict)]
    known = [
        float(one)
        for one in values
        if isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < 1e6
    ]
    mean = sum(known) / len(known) if known else math.nan
    return mean if math.isfinite(mean) else None


def _refused(name: str) -> float:
    raise ValueError(name)


def _wrong(text: str) -> OperationOutcomeError:
    return OperationOutcomeError("transient", f"an event of the realtime server {text}")
