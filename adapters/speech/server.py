"""Which speech servers the site has, and the keys that they ask for.

Any server that speaks ``POST /audio/transcriptions`` as OpenAI has published it, and any that speaks its
Realtime API for transcription: vLLM, and others. Only these addresses are ever asked; encrypted, or on this
machine.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from profiles.outcome import OperationOutcomeError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
ENVIRONMENT: Final = "env:"
"""In front of the name of an environment variable that holds a key, in the place of a file's name."""
MAX_UPLOAD: Final = 25_000_000
"""Default of vLLM (``VLLM_MAX_AUDIO_CLIP_FILESIZE_MB``, 25) and limit of OpenAI's own service."""


@dataclass(frozen=True, slots=True)
class SpeechServer:
    """A speech server as a site has set it.

    Parameters
    ----------
    address : str
        Base of its API, such as ``https://speech.example/v1``.
    model : str
        Name of the model there.
    key_file : str
        File that holds the bearer key, or ``env:`` and a variable; empty where none is asked for.
    timeout_s : float
        For one request.
    max_upload : int
        Bytes of the largest recording that it takes at once.
    """

    address: str
    model: str
    key_file: str = ""
    timeout_s: float = 600.0
    max_upload: int = MAX_UPLOAD


@dataclass(frozen=True, slots=True)
class RealtimeServer:
    """A server of the Realtime API as a site has set it.

    Parameters
    ----------
    address : str
        The whole address, such as ``wss://speech.example/v1/realtime``.
    model : str
        Name of the model there.
    key_file : str
        As of a speech server.
    timeout_s : float
        For a connection, for a session, and for the text of what was said until a pause.
    """

    address: str
    model: str
    key_file: str = ""
    timeout_s: float = 15.0


def speech_server(address: str, model: str, key_file: str = "") -> SpeechServer | None:
    """The server of the settings, None where none is set.

    Raises
    ------
    OperationOutcomeError
        ``value`` with the setting that is at fault.
    """
    if not address:
        return None
    asked = _allowed(address, "http", "speech_server")
    if asked.query:
        raise _wrong("has a user, a query or a fragment", "speech_server")
    if not model:
        raise _wrong("is needed where speech_server is set", "speech_model")
    bearer(key_file, "speech_key_file")
    return SpeechServer(address.rstrip("/"), model, key_file)


def realtime_server(
    address: str, model: str, key_file: str = "", timeout_s: float = 15.0
) -> RealtimeServer | None:
    """The realtime server of the settings, None where none is set.

    Raises
    ------
    OperationOutcomeError
        ``value`` with the setting that is at fault.
    """
    if not address:
        return None
    # A query stays: OpenAI's own service tells transcription by ``?intent=transcription``.
    _allowed(address, "ws", "speech_realtime")
    if not model:
        raise _wrong("is needed where speech_realtime is set", "speech_realtime_model")
    if not timeout_s > 0:
        raise _wrong("is no time", "speech_realtime_timeout_s")
    bearer(key_file, "speech_realtime_key_file")
    return RealtimeServer(address, model, key_file, timeout_s)


def bearer(key_file: str, setting: str = "speech_key_file") -> dict[str, str]:
    """The ``Authorization`` header, read anew each time: a key may be changed under a running gateway."""
    if not key_file:
        return {}
    try:
        key = _key(key_file)
    except (OSError, ValueError) as error:
        raise _wrong(f"cannot be read: {type(error).__name__}", setting) from None
    if not key or not (key.isascii() and key.isprintable()) or " " in key:
        raise _wrong("holds no key of one line", setting)
    return {"Authorization": f"Bearer {key}"}


def _key(where: str) -> str:
    if where.startswith(ENVIRONMENT):
        return os.environ.get(where.removeprefix(ENVIRONMENT), "").strip()
    return Path(where).read_text(encoding="ascii").strip()


def _allowed(address: str, scheme: str, setting: str) -> SplitResult:
    """The parts of an address that is encrypted (``https``, ``wss``) or on this machine."""
    try:
        asked = urlsplit(address)
        host, _ = asked.hostname, asked.port
    except ValueError:
        raise _wrong("is no address", setting) from None
    secure = asked.scheme == f"{scheme}s" and host is not None
    local = asked.scheme == scheme and host in LOOPBACK
    if not (secure or local):
        raise _wrong(f"is no {scheme}s address, nor {scheme} on this machine", setting)
    if asked.username or asked.fragment:
        raise _wrong("has a user, a query or a fragment", setting)
    return asked


def _wrong(text: str, setting: str) -> OperationOutcomeError:
    return OperationOutcomeError("value", f"the setting {setting} {text}", setting)
