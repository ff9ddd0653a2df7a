"""Opus packets as an Ogg stream (RFC 3533, RFC 7845), for every program that plays a file.

What an encoder does not say is not made up: nothing is skipped at the beginning, so that no sample is lost.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gateway.live.opus import RATE, samples_of

MEDIA_TYPE: Final = "audio/ogg; codecs=opus"
_FIRST, _LAST = 2, 4
_MOST_SEGMENTS: Final = 255
_HEAD: Final = struct.Struct("<4sBBqIII")
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def ogg(packets: Iterable[bytes], channels: int, serial: int) -> Iterator[bytes]:
    """Pages of about a second.

    Parameters
    ----------
    packets : iterable of bytes
        Well formed.
    channels : int
        One or two.
    serial : int
        Number of the stream, 32 bits.
    """
    # RFC 7845 5.1: version 1, channels, nothing to skip, rate of the input, no gain, mapping family 0.
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 0, RATE, 0, 0)
    yield _page([head], 0, _FIRST, serial, 0)
    vendor = b"Isthmus"
    tags = struct.pack("<8sI", b"OpusTags", len(vendor)) + vendor + bytes(4)
    yield _page([tags], 0, 0, serial, 1)
    number, granule, held = 2, 0, 0
    waiting: list[bytes] = []
    for packet in packets:
        samples, segments = samples_of(packet), len(packet) // 255 + 1
        full = held + segments > _MOST_SEGMENTS or len(waiting) >= 50
        if waiting and full:
            yield _page(waiting, granule, 0, serial, number)
            waiting, held, number = [], 0, number + 1
        waiting.append(packet)
        held, granule = held + segments, granule + samples
    yield _page(waiting, granule, _LAST, serial, number)


def packets_in(file: Path) -> int:
    """How many packets of sound a stream of ours has."""
    count = -2
    with file.open("rb") as stream:
        while head := stream.read(_HEAD.size + 1):
            lacing = stream.read(head[-1])
            count += sum(value < 255 for value in lacing)
            stream.seek(sum(lacing), 1)
    return count


def _page(packets: list[bytes], granule: int, flags: int, serial: int, number: int) -> bytes:
    """One page (RFC 3533 section 6); packets never go on in the next."""
    lacing = bytearray()
    for packet in packets:
        lacing += b"\xff" * (len(packet) // 255)
        lacing.append(len(packet) % 255)
    head = _HEAD.pack(b"OggS", 0, flags, granule, serial, number, 0)
    page = bytearray(b"".join((head, bytes((len(lacing),)), lacing, *packets)))
    page[22:26] = checksum(page).to_bytes(4, "little")
    return bytes(page)


def checksum(page: bytes | bytearray) -> int:
    """CRC-32 of the polynomial 0x04c11db7 without reflection and inversions (RFC 3533 section 6).

    That is zlib's, of bytes that are mirrored, mirrored itself.
    """
    found = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(found.to_bytes(4, "little").translate(_MIRRORED), "big")
