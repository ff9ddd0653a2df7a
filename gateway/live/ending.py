"""What has become of a live session, as its client is told, also long after its end."""

from dataclasses import dataclass
from typing import Any

from adapters.store import Store, StoredVersion
from gateway.content_file import file_of
from gateway.live.ogg import MEDIA_TYPE as OGG
from gateway.live.ogg import packets_in
from gateway.live.wav import HEAD as WAV_HEAD
from gateway.live.wav import MEDIA_TYPE as WAV


@dataclass(frozen=True, slots=True)
class Ended:
    """What has become of a session.

    Parameters
    ----------
    media : str
        Reference of the Media; empty where nothing was kept.
    size : int
        What the client has counted of it: bytes, or Opus packets.
    why : str
        Why it was stopped; empty when its client has finished it.
    note : str
        What a person has to know of it; empty when it is complete.
    """

    media: str
    size: int
    why: str = ""
    note: str = ""


def ended_as(stored: StoredVersion, store: Store) -> Ended:
    """What a session has become, as its Media says."""
    if stored.deleted:
        return Ended("", 0)
    media = stored.json()
    note = " ".join(one.get("text", "") for one in media.get("note", ()))
    stopped = media.get("status") == "stopped"
    size = _size(media.get("content", {}), stored.id, store)
    return Ended(f"Media/{stored.id}", size, note if stopped else "", note)


def _size(attachment: dict[str, Any], session: str, store: Store) -> int:
    media_type, size = attachment.get("contentType"), int(attachment.get("size", 0))
    if media_type == WAV:
        return max(0, size - WAV_HEAD)
    binary = store.current("Binary", session) if media_type == OGG else None
    if binary is None or binary.deleted:
        return size
    file = file_of(binary.json(), store)
    return size if file is None else packets_in(file)
