"""A live session of single Opus packets: one in each frame, and counted by its client.

On disk each has its length in front of it. A packet that the end of its gateway has cut is no packet: its
client was told of none, and sends it again.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from gateway.live.ogg import ogg
from gateway.live.opus import RATE, samples_of
from gateway.live.recording import Recording

_LENGTH: Final = struct.Struct(">H")


class PacketRecording(Recording):
    """A recording whose unit is the packet; what it becomes is an Ogg stream."""

    unit = "packet"

    @property
    def duration_s(self) -> float | None:
        """By the packets themselves."""
        return sum(map(samples_of, self._packets())) / RATE

    def pieces(self) -> Iterator[bytes]:
        """The packets as an Ogg stream."""
        serial = zlib.crc32(self.session.encode())
        return ogg(self._packets(), self.start.channels, serial)

    def _packets(self) -> Iterator[bytes]:
        """The packets that are whole; what a power cut leaves is cut off or zero."""
        with self.path.open("rb") as file:
            while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
                (length,) = _LENGTH.unpack(head)
                packet = file.read(length)
                if not packet or len(packet) < length:
                    return
                yield packet

    def _recover(self, size: int) -> None:
        del size
        for packet in self._packets():
            self.received += 1
            self.size += _LENGTH.size + len(packet)

    def _fresh(self, offset: int, audio: bytes) -> tuple[bytes, int]:
        samples_of(audio)
        if offset < self.received:
            return b"", 0
        return _LENGTH.pack(len(audio)) + audio, 1
