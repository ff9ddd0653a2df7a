"""A live session of single Opus packets: one in each frame, and counted by its client.

On disk each has its length in front of it. A packet that the end of its gateway has cut is no packet: its
client was told of none, and sends it again.
"""

import io
import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import BinaryIO, Final

from gateway.live.ogg import MEDIA_TYPE as OGG
from gateway.live.ogg import ogg
from gateway.live.opus import RATE, samples_of
from gateway.live.recording import Recording

_LENGTH: Final = struct.Struct(">H")


class PacketRecording(Recording):
    """A recording whose unit is the packet; what it becomes is an Ogg stream."""

    unit = "packet"
    window_type = OGG

    @property
    def duration_s(self) -> float | None:
        """By the packets themselves."""
        return self._samples / RATE

    def pieces(self) -> Iterator[bytes]:
        """The packets as an Ogg stream."""
        with self.path.open("rb") as file:
            yield from self._stream(_packets(file))

    def seconds(self, unit: int) -> float:
        """When a packet comes."""
        return (self._before[unit] if unit < len(self._before) else self._samples) / RATE

    def unit_at(self, seconds: float) -> int:
        """The first packet that begins then or later."""
        return bisect_left(self._before, round(seconds * RATE))

    def window(self, start: int, end: int) -> bytes:
        """Some packets as a stream of their own."""
        first, last = (self._at[n] if n < len(self._at) else self.size for n in (start, end))
        return b"".join(self._stream(_packets(io.BytesIO(self.read(first, last)))))

    def _stream(self, packets: Iterator[bytes]) -> Iterator[bytes]:
        return ogg(packets, self.start.channels, zlib.crc32(self.session.encode()))

    def _recover(self, size: int) -> None:
        del size
        self._at, self._before, self._samples = array("Q"), array("Q"), 0
        with self.path.open("rb") as file:
            for packet in _packets(file):
                self._note(self.size, packet)
                self.received += 1
                self.size += _LENGTH.size + len(packet)

    def _note(self, at: int, packet: bytes) -> None:
        """Where the next packet lies, and when it comes."""
        self._at.append(at)
        self._before.append(self._samples)
        self._samples += samples_of(packet)

    def _fresh(self, offset: int, audio: bytes) -> tuple[bytes, int]:
        samples_of(audio)
        if offset < self.received:
            return b"", 0
        return _LENGTH.pack(len(audio)) + audio, 1

    def _write(self, fresh: bytes) -> None:
        at = self.size
        super()._write(fresh)
        if fresh:
            self._note(at, fresh[_LENGTH.size :])


def _packets(file: BinaryIO) -> Iterator[bytes]:
    """The packets that are whole; what a power cut leaves is cut off or zero."""
    while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        packet = file.read(length)
        if not packet or len(packet) < length:
            return
        yield packet
