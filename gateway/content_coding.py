"""Compressed request bodies (RFC 9110 8.4): gzip and deflate, unpacked no further than is allowed."""

import zlib
from typing import Final

from profiles.outcome import OperationOutcomeError

CODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""Window bits of zlib by coding; deflate is the format of RFC 1950 (RFC 9110 8.4.1.2)."""


class Unpacker:
    """Unpacks a body piece by piece.

    Parameters
    ----------
    coding : str
        A key of ``CODINGS``.
    limit : int
        Bytes after which nothing more is unpacked; one more tells that there was more.
    """

    def __init__(self, coding: str, limit: int) -> None:
        self._bits = CODINGS[coding]
        self._left = limit + 1
        self._stream = zlib.decompressobj(self._bits)
        self._begun = False

    def feed(self, piece: bytes) -> bytes:
        """What a piece of the body unpacks to (``structure`` when it does not)."""
        made = bytearray()
        while piece and self._left > 0:
            if self._stream.eof:
                # A gzip file may have several members, one after the other (RFC 1952 2.2).
                self._stream = zlib.decompressobj(self._bits)
            try:
                found = self._stream.decompress(piece, self._left)
            except zlib.error:
                raise _broken() from None
            self._begun = True
            self._left -= len(found)
            made += found
            piece = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        return bytes(made)

    def end(self) -> None:
        """The body is over (``structure`` when it breaks off)."""
        if self._begun and not self._stream.eof:
            raise _broken()


def coding_of(header: str) -> str:
    """The one coding of a ``Content-Encoding``, empty for none (``media-type`` for others)."""
    if not header:
        return ""
    listed = [part.strip().lower() for part in header.split(",")]
    named = [part for part in listed if part not in ("", "identity")]
    if not named:
        return ""
    if len(named) > 1 or named[0] not in CODINGS:
        raise OperationOutcomeError("media-type", "the body may be compressed with gzip or deflate")
    return named[0]


def _broken() -> OperationOutcomeError:
    return OperationOutcomeError("structure", "the body is not compressed as Content-Encoding says")
