"""What a live client says, read with distrust."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.fhir_answer import ID
from profiles.exact_json import loads_exact
from profiles.outcome import OperationOutcomeError

HEAD: Final = 4
LARGEST_FRAME: Final = 1_000_000
LARGEST_TEXT: Final = 16_384
ROLES: Final = frozenset({"doctor", "patient", "other"})
PCM: Final = "audio/pcm"
OPUS: Final = "audio/opus"
CONTAINERS: Final = frozenset({"audio/ogg", "audio/webm"})
_RATES: Final = range(8_000, 48_001)
_CHANNELS: Final = (1, 2)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Start:
    """What is recorded, of whom, and by whom; kept beside the audio.

    Parameters
    ----------
    patient, encounter, operator : str
        References; empty where there is none.
    language : str
        BCP 47.
    media : str
        Media type without parameters.
    rate, channels : int
        Of PCM and of Opus packets; zero where the container says it.
    roles : tuple of str
        Of each channel.
    begun : str
        Instant.
    """

    patient: str
    media: str
    begun: str
    rate: int = 0
    channels: int = 0
    encounter: str = ""
    operator: str = ""
    language: str = ""
    roles: tuple[str, ...] = ()

    @property
    def step(self) -> int:
        """Bytes that belong together: a sample of every channel."""
        return 2 * self.channels if self.media == PCM else 1

    @property
    def bytes_per_s(self) -> int:
        """Of PCM; zero for a container."""
        return 2 * self.channels * self.rate if self.media == PCM else 0


def read_message(text: str) -> tuple[str, Mapping[str, Any]]:
    """Type and members of a message (``structure``, ``invalid``, ``too-costly``)."""
    if len(text) > LARGEST_TEXT:
        raise OperationOutcomeError(
            "too-costly", f"a message has at most {LARGEST_TEXT} characters"
        )
    said = loads_exact(text.encode("utf-8", "surrogatepass"))
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        raise OperationOutcomeError("invalid", "a message is a JSON object with a type", "type")
    return said["type"], said


def read_frame(frame: bytes) -> tuple[int, bytes]:
    """Offset and audio of a binary frame (``invalid``, ``too-costly``)."""
    if len(frame) > LARGEST_FRAME:
        raise OperationOutcomeError("too-costly", f"a frame has at most {LARGEST_FRAME} bytes")
    if len(frame) <= HEAD:
        raise OperationOutcomeError(
            "invalid", f"a frame has {HEAD} bytes of offset and some audio behind them"
        )
    return int.from_bytes(frame[:HEAD], "big"), frame[HEAD:]


def read_start(said: Mapping[str, Any], begun: str) -> Start:
    """The session that a client begins (``required``, ``value``, ``media-type``)."""
    media, rate, channels = _format(said.get("contentType"))
    roles = said.get("roles", [])
    known = isinstance(roles, list) and all(isinstance(r, str) and r in ROLES for r in roles)
    if not known or (roles and channels and len(roles) != channels) or len(roles) > 2:
        raise OperationOutcomeError(
            "value", f"roles has one of {', '.join(sorted(ROLES))} for each channel", "roles"
        )
    language = said.get("language", "")
    if not isinstance(language, str) or (language and _LANGUAGE.fullmatch(language) is None):
        raise OperationOutcomeError("value", "language is no tag of BCP 47", "language")
    patient = _reference(said, "patient", ("Patient",))
    if not patient:
        raise OperationOutcomeError("required", "whom is it about? patient is missing", "patient")
    return Start(
        patient=patient,
        media=media,
        begun=begun,
        rate=rate,
        channels=channels,
        encounter=_reference(said, "encounter", ("Encounter",)),
        operator=_reference(said, "operator", ("Practitioner", "PractitionerRole")),
        language=language,
        roles=tuple(roles),
    )


def _format(given: Any) -> tuple[str, int, int]:
    if not isinstance(given, str):
        raise OperationOutcomeError("required", "contentType is missing", "contentType")
    media, *parameters = (part.strip().lower() for part in given.split(";"))
    if media in CONTAINERS:
        return media, 0, 0
    if media not in (PCM, OPUS):
        raise OperationOutcomeError(
            "media-type",
            "contentType is audio/pcm, audio/opus, audio/ogg or audio/webm",
            "contentType",
        )
    found = dict(part.partition("=")[::2] for part in parameters)
    if media == OPUS:
        return media, *_opus_format(found)
    if set(found) != {"rate", "channels"} or not all(map(_NUMBER.fullmatch, found.values())):
        raise OperationOutcomeError(
            "value",
            "audio/pcm has rate and channels: audio/pcm;rate=16000;channels=1",
            "contentType",
        )
    rate, channels = int(found["rate"]), int(found["channels"])
    if rate not in _RATES or channels not in _CHANNELS:
        raise OperationOutcomeError(
            "value", "PCM has a rate of 8000 to 48000 and one or two channels", "contentType"
        )
    return media, rate, channels


def _opus_format(found: Mapping[str, str]) -> tuple[int, int]:
    """Rate and channels of Opus packets, whose clock is always 48 kHz (RFC 7587 4.1)."""
    given = {"rate": "48000", "channels": "1", **found}
    known = given["rate"] == "48000" and given["channels"] in ("1", "2")
    if len(given) > 2 or not known:
        raise OperationOutcomeError(
            "value", "audio/opus has one or two channels: audio/opus;channels=1", "contentType"
        )
    return 48_000, int(given["channels"])


def _reference(said: Mapping[str, Any], name: str, kinds: tuple[str, ...]) -> str:
    given = said.get(name, "")
    if given == "":
        return ""
    kind, _, key = given.partition("/") if isinstance(given, str) else ("", "", "")
    if kind not in kinds or ID.fullmatch(key) is None:
        raise OperationOutcomeError("value", f"{name} is {' or '.join(kinds)}/[id]", name)
    return f"{kind}/{key}"
