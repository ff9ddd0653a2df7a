"""One live session on disk: the audio, appended in order, and beside it what it is of.

What is acknowledged is synchronised before. The audio is only ever appended to: the file systems that we run
on make a longer size durable after the bytes that it counts, so that a power cut leaves no hole in front of
the end. A lock on the file tells other gateways of the same folder that somebody is at it.
"""

import fcntl
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson

from gateway.live.messages import Start
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json, to_json

log = logging.getLogger("isthmus.live")

AUDIO: Final = "audio"
START: Final = "session.json"
MAKING: Final = "."
"""A folder whose name begins so is not a session yet."""


class Recording:
    """The audio of a session, open for one writer at a time.

    Parameters
    ----------
    folder : Path
        Of the session; its name is the id of the session.
    start : Start
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self, folder: Path, start: Start, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self.start = start
        self._clock = clock
        self._lock = threading.Lock()
        self._file = os.open(
            folder / AUDIO, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise OperationOutcomeError(
                "conflict", "another gateway is at work on this session"
            ) from None
        self._closed = False
        self._holder = 0
        self._taken: Callable[[], None] = _nothing
        self.opened = clock()
        self.left: float | None = clock()
        """Since when nobody is connected; None while somebody is."""
        size = os.fstat(self._file).st_size
        self.received = size - size % start.step
        if self.received != size:
            os.ftruncate(self._file, self.received)
        os.fsync(self._file)
        self.durable = self.received

    @property
    def session(self) -> str:
        """Id of the session."""
        return self.folder.name

    @property
    def path(self) -> Path:
        """File of the audio."""
        return self.folder / AUDIO

    def attach(self, taken: Callable[[], None]) -> int:
        """A connection takes over; ``taken`` is called when another one does. What to append with."""
        with self._lock:
            self._require_open()
            before, self._taken = self._taken, taken
            self._holder += 1
            self.left = None
            holder = self._holder
        before()
        return holder

    def detach(self, holder: int) -> None:
        """A connection is gone; nothing happens when another one has taken over."""
        with self._lock:
            if holder == self._holder and not self._closed:
                self._taken = _nothing
                self.left = self._clock()

    def append(self, holder: int, offset: int, audio: bytes, most: int) -> None:
        """Take audio that follows what there is; what is there already is skipped.

        Raises
        ------
        OperationOutcomeError
            ``conflict`` when another connection has taken over, ``invalid`` for a gap or half a sample,
            ``too-costly`` beyond ``most`` bytes, ``no-store`` when the disk is full.
        """
        with self._lock:
            self._require_open()
            if holder != self._holder:
                raise OperationOutcomeError(
                    "conflict", "another connection goes on with this session"
                )
            if offset > self.received:
                raise OperationOutcomeError(
                    "invalid", f"there is a gap: the next byte is number {self.received}"
                )
            if offset % self.start.step or len(audio) % self.start.step:
                raise OperationOutcomeError(
                    "invalid", f"a frame has whole samples of {self.start.step} bytes"
                )
            fresh = audio[self.received - offset :]
            if self.received + len(fresh) > most:
                raise OperationOutcomeError("too-costly", f"a session has at most {most} bytes")
            self._write(fresh)

    def sync(self) -> int:
        """Make durable what was received; how many bytes that is."""
        with self._lock:
            if not self._closed and self.durable != self.received:
                received = self.received
                os.fsync(self._file)
                self.durable = received
            return self.durable

    def read(self, start: int, end: int) -> bytes:
        """A part of the audio."""
        with self._lock:
            self._require_open()
            return os.pread(self._file, end - start, start)

    def seal(self) -> int:
        """Take nothing more; how many bytes there are, all of them durable."""
        with self._lock:
            self._holder += 1
            os.fsync(self._file)
            self.durable = self.received
            return self.received

    def reopen(self) -> None:
        """It could not be ended: whoever was connected may come back."""
        with self._lock:
            before, self._taken = self._taken, _nothing
            self._holder += 1
            self.left = self._clock()
        before()

    def close(self) -> None:
        """Let go of the file; nothing can be appended any more."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._file)
            before, self._taken = self._taken, _nothing
        before()

    def remove(self) -> None:
        """Close, and remove the audio and then what says of whom it was."""
        self.close()
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, fresh: bytes) -> None:
        rest = memoryview(fresh)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self.received)
            raise OperationOutcomeError("no-store", "the disk takes no more audio") from None
        self.received += len(fresh)

    def _require_open(self) -> None:
        if self._closed:
            raise OperationOutcomeError("conflict", "the session has ended")


def create(folder: Path, start: Start) -> Recording:
    """A session that is whole on disk, and locked, before it has its name."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    making = folder.with_name(f"{MAKING}{folder.name}")
    making.mkdir(mode=0o700)
    with (making / START).open("xb") as out:
        out.write(orjson.dumps(to_json(start)))
        out.flush()
        os.fsync(out.fileno())
    recording = Recording(making, start)
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
    return Recording(folder, start)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _nothing() -> None:
    """Nobody is connected."""
