"""Which speech server the site has, and the key that it asks for.

Any server that speaks ``POST /audio/transcriptions`` as OpenAI has published it: vLLM, and others. Only this
address is ever asked; https, or http on this machine.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from profiles.outcome import OperationOutcomeError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
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
        File that holds the bearer key; empty where none is asked for.
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


def speech_server(address: str, model: str, key_file: str = "") -> SpeechServer | None:
    """The server of the settings, None where none is set.

    Raises
    ------
    OperationOutcomeError
        ``value`` with the setting that is at fault.
    """
    if not address:
        return None
    try:
        asked = urlsplit(address)
        host = asked.hostname
    except ValueError:
        raise _wrong("is no address", "speech_server") from None
    secure = asked.scheme == "https" and host is not None
    local = asked.scheme == "http" and host in LOOPBACK
    if not (secure or local):
        raise _wrong("is no https address, nor http on this machine", "speech_server")
    if asked.username or asked.query or asked.fragment:
        raise _wrong("has a user, a query or a fragment", "speech_server")
    if not model:
        raise _wrong("is needed where speech_server is set", "speech_model")
    server = SpeechServer(address.rstrip("/"), model, key_file)
    bearer(server)
    return server


def bearer(server: SpeechServer) -> dict[str, str]:
    """The ``Authorization`` header, read anew each time: a key may be changed under a running gateway."""
    if not server.key_file:
        return {}
    try:
        key = Path(server.key_file).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise _wrong(f"cannot be read: {type(error).__name__}", "speech_key_file") from None
    if not key or not key.isprintable() or " " in key:
        raise _wrong("holds no key of one line", "speech_key_file")
    return {"Authorization": f"Bearer {key}"}


def _wrong(text: str, setting: str) -> OperationOutcomeError:
    return OperationOutcomeError("value", f"the setting {setting} {text}", setting)
