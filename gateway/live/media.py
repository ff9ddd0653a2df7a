"""What a live session becomes: a Media and the Binary with its audio (R4 media.html)."""

import base64
import hashlib
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateway.live.messages import PCM, Start
from profiles.fhir_time import instant
from terminology.coding import Code, concept
from terminology.notes import CHANNEL_ROLE

AUDIO: Final = Code("http://terminology.hl7.org/CodeSystem/media-type", "audio", "Audio")

WAV: Final = "audio/wav"
WAV_HEAD: Final = 44
"""Bytes before the samples."""
INCOMPLETE: Final = (
    "This recording is incomplete: the connection was lost and the client did not come back in time. "
    "It holds everything that was received until then."
)
WITHDRAWN: Final = "The recording ends where consent was withdrawn."


def media_of(
    session: str, start: Start, file: Path, *, status: str = "completed", note: str = ""
) -> list[dict[str, Any]]:
    """The Binary and the Media of a session; both have its id.

    Parameters
    ----------
    session : str
    start : Start
    file : Path
        The audio as it was received; PCM gets the head of a wav file.
    status : str
        ``stopped`` for what is kept but must not be worked on.
    note : str
        What a person has to know.
    """
    audio = file.read_bytes()
    if start.media == PCM:
        content, media_type = wav(audio, start.rate, start.channels), WAV
    else:
        content, media_type = audio, start.media
    binary: dict[str, Any] = {
        "resourceType": "Binary",
        "id": session,
        "contentType": media_type,
        "securityContext": {"reference": f"Media/{session}"},
        "data": base64.b64encode(content).decode(),
    }
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    attachment = {
        "contentType": media_type,
        **({"language": start.language} if start.language else {}),
        "url": f"Binary/{session}",
        "size": len(content),
        "hash": base64.b64encode(digest).decode(),
    }
    media: dict[str, Any] = {
        "resourceType": "Media",
        "id": session,
        **_roles(start),
        "status": status,
        "type": concept(AUDIO),
        "subject": {"reference": start.patient},
        **({"encounter": {"reference": start.encounter}} if start.encounter else {}),
        "createdPeriod": {"start": start.begun, "end": instant(datetime.now(UTC))},
        **({"operator": {"reference": start.operator}} if start.operator else {}),
        **_duration(start, len(audio)),
        "content": attachment,
        **({"note": [{"text": note}]} if note else {}),
    }
    return [binary, media]


def wav(audio: bytes, rate: int, channels: int) -> bytes:
    """PCM of 16 bits behind the head of a wav file (RIFF, WAVE format 1)."""
    step = 2 * channels
    shape = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * step, step, 16)
    data = struct.pack("<4sI", b"data", len(audio))
    head = struct.pack("<4sI4s", b"RIFF", 4 + len(shape) + len(data) + len(audio), b"WAVE")
    return b"".join((head, shape, data, audio))


def _roles(start: Start) -> dict[str, Any]:
    said = [{"url": CHANNEL_ROLE, "valueCode": role} for role in start.roles]
    return {"extension": said} if said else {}


def _duration(start: Start, size: int) -> dict[str, Any]:
    """Seconds of PCM; of a container only its decoder knows."""
    return {"duration": round(size / start.bytes_per_s, 3)} if start.bytes_per_s else {}
