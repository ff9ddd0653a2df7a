"""The folder of a live session: made whole before it has its name, and read again after a crash."""

import logging
import os
import shutil
from pathlib import Path
from typing import Final

import orjson

from gateway.live.messages import OPUS, Start
from gateway.live.packet_recording import PacketRecording
from gateway.live.recording import AUDIO, Recording
from profiles.records import from_json, to_json

log = logging.getLogger("isthmus.live")

START: Final = "session.json"
MAKING: Final = "."
"""A folder whose name begins so is not a session yet."""


def create(folder: Path, start: Start) -> Recording:
    """A session that is whole on disk, and locked, before it has its name."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    making = folder.with_name(f"{MAKING}{folder.name}")
    making.mkdir(mode=0o700)
    with (making / START).open("xb") as out:
        out.write(orjson.dumps(to_json(start)))
        out.flush()
        os.fsync(out.fileno())
    recording = _opened(making, start)
    _sync(making)
    making.rename(folder)
    recording.folder = folder
    _sync(folder.parent)
    return recording


def found(folder: Path) -> Recording | None:
    """The session that a folder holds; None where it holds none.

    What has no audio is removed. Audio of which it cannot be read whose it is stays for a person to look at.
    """
    try:
        start = from_json(Start, orjson.loads((folder / START).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError):
        audio = folder / AUDIO
        if audio.exists() and audio.stat().st_size:
            log.warning("live.unreadable", extra={"session": folder.name})
        else:
            shutil.rmtree(folder, ignore_errors=True)
        return None
    return _opened(folder, start)


def _opened(folder: Path, start: Start) -> Recording:
    return (PacketRecording if start.media == OPUS else Recording)(folder, start)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
