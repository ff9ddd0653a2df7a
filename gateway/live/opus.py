"""Opus packets (RFC 6716 section 3): whether one is well formed, and how long it sounds."""

from typing import Final

from profiles.outcome import OperationOutcomeError

RATE: Final = 48_000
"""In whose samples Opus counts time (RFC 7845 section 4)."""
LONGEST: Final = RATE * 120 // 1000
"""Samples of a packet at most (RFC 6716 3.4, R5)."""
LARGEST_FRAME: Final = 1275
"""Bytes of one frame of a packet at most (RFC 6716 3.4, R2)."""

_SILK: Final = (480, 960, 1920, 2880)
_HYBRID: Final = (480, 960)
_CELT: Final = (120, 240, 480, 960)


def samples_of(packet: bytes) -> int:
    """How long a packet sounds, in samples of 48 kHz.

    Parameters
    ----------
    packet : bytes

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for what breaks a rule of RFC 6716 3.4; the rule is named.
    """
    if not packet:
        raise _malformed("R1: a packet has at least one byte")
    code = packet[0] & 3
    if code == 0:
        count = 1
        _require_frame(len(packet) - 1)
    elif code == 1:
        count = 2
        if len(packet) % 2 == 0:
            raise _malformed("R3: two frames of equal size need an even number of bytes")
        _require_frame((len(packet) - 1) // 2)
    elif code == 2:
        count = 2
        first, at = _length(packet, 1)
        if at + first > len(packet):
            raise _malformed("R4: the first frame is longer than the packet")
        _require_frame(len(packet) - at - first)
    else:
        count = _many(packet)
    samples = count * _frame_samples(packet[0] >> 3)
    if samples > LONGEST:
        raise _malformed("R5: a packet lasts at most 120 ms")
    return samples


def _frame_samples(configuration: int) -> int:
    """Samples of a frame by its configuration (RFC 6716 3.1, table 2)."""
    if configuration < 12:
        return _SILK[configuration % 4]
    if configuration < 16:
        return _HYBRID[configuration % 2]
    return _CELT[configuration % 4]


def _many(packet: bytes) -> int:
    """Frames of a packet of code 3 (RFC 6716 3.2.5)."""
    if len(packet) < 2:
        raise _malformed("R6: the number of frames is missing")
    count, at = packet[1] & 63, 2
    if count == 0:
        raise _malformed("R5: a packet has at least one frame")
    padding = 0
    if packet[1] & 64:
        padding, at = _padding(packet, at)
    end = len(packet) - padding
    if packet[1] & 128:
        for _ in range(count - 1):
            size, at = _length(packet, at)
            end -= size
        rest = end - at
    else:
        rest, odd = divmod(end - at, count)
        if odd:
            raise _malformed("R6: frames of equal size do not fill the packet")
    if rest < 0:
        raise _malformed("R6 and R7: the frames are longer than the packet")
    _require_frame(rest)
    return count


def _padding(packet: bytes, at: int) -> tuple[int, int]:
    """Bytes of padding, and where what follows their number begins."""
    padding = 0
    while True:
        if at >= len(packet):
            raise _malformed("R6: the length of the padding is missing")
        more = packet[at]
        at += 1
        padding += min(more, 254)
        if more < 255:
            return padding, at


def _length(packet: bytes, at: int) -> tuple[int, int]:
    """Length of a frame (RFC 6716 3.2.1), and where what follows it begins."""
    size = 1 if packet[at : at + 1] < b"\xfc" else 2
    if at + size > len(packet):
        raise _malformed("R4 and R7: the length of a frame is missing")
    if size == 1:
        return packet[at], at + 1
    return packet[at] + 4 * packet[at + 1], at + 2


def _require_frame(size: int) -> None:
    if size > LARGEST_FRAME:
        raise _malformed(f"R2: a frame has at most {LARGEST_FRAME} bytes")


def _malformed(rule: str) -> OperationOutcomeError:
    return OperationOutcomeError("invalid", f"this is no Opus packet (RFC 6716 3.4, {rule})")
