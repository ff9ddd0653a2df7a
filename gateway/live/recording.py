"""One live session on disk: the audio, appended in order, and beside it what it is of.

What is acknowledged is synchronised before. The audio is only ever appended to: the file systems that we run
on make a longer size durable after the bytes that it counts, so that a power cut leaves no hole in front of
the end. A lock on the file tells other gateways of the same folder that somebody is at it.
"""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from gateway.live.messages import Start
from gateway.live.wav import MEDIA_TYPE as WAV
from gateway.live.wav import wav
from profiles.outcome import OperationOutcomeError

AUDIO: Final = "audio"
_PIECE: Final = 1 << 20


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
        self.size = 0
        """Bytes on disk; what a client counts is ``received``."""
        self.received = 0
        self._recover(os.fstat(self._file).st_size)
        os.ftruncate(self._file, self.size)
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
                    "invalid", f"there is a gap: the next {self.unit} is number {self.received}"
                )
            fresh, count = self._fresh(offset, audio)
            if self.size + len(fresh) > most:
                raise OperationOutcomeError("too-costly", f"a session has at most {most} bytes")
            self._write(fresh)
            self.received += count

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

    unit = "byte"
    """What a client counts."""
    window_type = WAV
    """Media type of a window."""

    def seconds(self, unit: int) -> float:
        """When a byte of PCM comes."""
        return unit / self.start.bytes_per_s

    def unit_at(self, seconds: float) -> int:
        """The first byte of the sample at a time."""
        return round(seconds * self.start.rate) * self.start.step

    def window(self, start: int, end: int) -> bytes:
        """A part of the PCM as a file of its own."""
        return wav(self.read(start, end), self.start.rate, self.start.channels)

    @property
    def duration_s(self) -> float | None:
        """How long the audio is; of a container only its decoder knows."""
        per_s = self.start.bytes_per_s
        return self.size / per_s if per_s else None

    def pieces(self) -> Iterator[bytes]:
        """The audio from its beginning, while nobody appends."""
        with self.path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def _recover(self, size: int) -> None:
        """Find how much of what lies on disk is whole."""
        self.size = self.received = size - size % self.start.step

    def _fresh(self, offset: int, audio: bytes) -> tuple[bytes, int]:
        """What of a frame is new, as it is written to disk, and how many that are for its client."""
        if offset % self.start.step or len(audio) % self.start.step:
            raise OperationOutcomeError(
                "invalid", f"a frame has whole samples of {self.start.step} bytes"
            )
        fresh = audio[self.received - offset :]
        return fresh, len(fresh)

    def _write(self, fresh: bytes) -> None:
        rest = memoryview(fresh)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self.size)
            raise OperationOutcomeError("no-store", "the disk takes no more audio") from None
        self.size += len(fresh)

    def _require_open(self) -> None:
        if self._closed:
            raise OperationOutcomeError("conflict", "the session has ended")


def _nothing() -> None:
    """Nobody is connected."""
