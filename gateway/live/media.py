"""What a live session becomes: a Media and the Binary with its audio (R4 media.html)."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from adapters.blobs import BlobFolder
from gateway.content_file import filed
from gateway.live.messages import OPUS, PCM, Start
from gateway.live.ogg import MEDIA_TYPE as OGG
from gateway.live.recording import Recording
from gateway.live.wav import MEDIA_TYPE as WAV
from gateway.live.wav import wav_head
from profiles.fhir_time import instant
from terminology.coding import concept
from terminology.notes import AUDIO_MEDIA, CHANNEL_ROLE

INCOMPLETE: Final = (
    "This recording is incomplete: the connection was lost and the client did not come back in time. "
    "It holds everything that was received until then."
)
WITHDRAWN: Final = "The recording ends where consent was withdrawn."


@dataclass(frozen=True, slots=True)
class Kept:
    """The audio of a session as a file of the store.

    Parameters
    ----------
    media_type : str
    digest : str
        SHA-256, by which the store has it.
    sha1 : bytes
    size : int
    duration_s : float, optional
        None where only its decoder knows.
    """

    media_type: str
    digest: str
    sha1: bytes
    size: int
    duration_s: float | None


def keep_audio(recording: Recording, blobs: BlobFolder) -> Kept:
    """Copy a sealed recording into the store; PCM gets the head of a wav file, Opus packets an Ogg stream."""
    start = recording.start
    media_type = {PCM: WAV, OPUS: OGG}.get(start.media, start.media)
    sha1 = hashlib.sha1(usedforsecurity=False)
    with blobs.incoming() as file:
        head = wav_head(recording.size, start.rate, start.channels) if start.media == PCM else b""
        for piece in chain((head,), recording.pieces()):
            sha1.update(piece)
            file.write(piece)
        digest, size = file.keep()
    return Kept(media_type, digest, sha1.digest(), size, recording.duration_s)


def media_of(
    session: str,
    start: Start,
    kept: Kept,
    secret: bytes,
    *,
    status: str = "completed",
    note: str = "",
) -> list[dict[str, Any]]:
    """The Binary and the Media of a session; both have its id.

    Parameters
    ----------
    session : str
    start : Start
    kept : Kept
    secret : bytes
        Of the store.
    status : str
        ``stopped`` for what is kept but must not be worked on.
    note : str
        What a person has to know.
    """
    binary = {
        "resourceType": "Binary",
        "id": session,
        "contentType": kept.media_type,
        "securityContext": {"reference": f"Media/{session}"},
    }
    attachment = {
        "contentType": kept.media_type,
        **({"language": start.language} if start.language else {}),
        "url": f"Binary/{session}",
        "size": kept.size,
        "hash": base64.b64encode(kept.sha1).decode(),
    }
    media: dict[str, Any] = {
        "resourceType": "Media",
        "id": session,
        **_roles(start),
        "status": status,
        "type": concept(AUDIO_MEDIA),
        "subject": {"reference": start.patient},
        **({"encounter": {"reference": start.encounter}} if start.encounter else {}),
        "createdPeriod": {"start": start.begun, "end": instant(datetime.now(UTC))},
        **({"operator": {"reference": start.operator}} if start.operator else {}),
        **({} if kept.duration_s is None else {"duration": round(kept.duration_s, 3)}),
        "content": attachment,
        **({"note": [{"text": note}]} if note else {}),
    }
    return [filed(binary, kept.digest, secret), media]


def _roles(start: Start) -> dict[str, Any]:
    said = [{"url": CHANNEL_ROLE, "valueCode": role} for role in start.roles]
    return {"extension": said} if said else {}
