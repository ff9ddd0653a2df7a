"""What kind of file a recording is, by its first bytes; what is declared is only compared with it.

The demultiplexer is chosen here and never by FFmpeg's own probing: a playlist (HLS, concat) would make it
open other files and addresses. Signatures: RIFF/WAVE (Microsoft 1991; RF64, EBU Tech 3306), RFC 9639 8.1
(FLAC), RFC 3533 6 (Ogg), ISO/IEC 14496-12 4.3 (ftyp), RFC 8794 11.2.1 (EBML), ISO/IEC 11172-3 2.4.2.3 (MPEG).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from profiles.outcome import OperationOutcomeError

HEAD_BYTES: Final = 132
_OGG_PAGE: Final = b"OggS"
_OGG_TAIL: Final = 1 << 16
_OGG_LAST_PAGE: Final = 4
"""Flag in the header type of a page."""

_SIZE_UNKNOWN: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Container:
    """A file format.

    Parameters
    ----------
    name : str
        For people.
    demuxer : str
        FFmpeg's name of what opens it.
    media_types : tuple of str
        Media types that rightly declare it.
    """

    name: str
    demuxer: str
    media_types: tuple[str, ...]


WAV: Final = Container("WAV", "wav", ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"))
FLAC: Final = Container("FLAC", "flac", ("audio/flac", "audio/x-flac"))
OGG: Final = Container("Ogg", "ogg", ("audio/ogg", "audio/opus", "application/ogg", "video/ogg"))
MP4: Final = Container(
    "MP4", "mp4", ("audio/mp4", "audio/m4a", "audio/x-m4a", "video/mp4", "audio/aac")
)
WEBM: Final = Container(
    "WebM", "matroska", ("audio/webm", "video/webm", "audio/matroska", "video/matroska")
)
MP3: Final = Container("MP3", "mp3", ("audio/mpeg", "audio/mp3", "audio/mpeg3"))
AAC: Final = Container("AAC", "aac", ("audio/aac", "audio/aacp", "audio/x-aac"))

DICOM: Final = Container("DICOM", "", ("application/dicom",))
"""Preamble and prefix of PS3.10 7.1; its demultiplexer follows from what is inside."""

FORMATS: Final = (WAV, FLAC, OGG, MP4, WEBM, MP3, AAC, DICOM)
NAMES: Final = ", ".join(one.name for one in FORMATS)
_ANY: Final = ("", "application/octet-stream", "audio/*")


def container_of(path: Path) -> Container:
    """The format of a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Container

    Raises
    ------
    OperationOutcomeError
        ``not-found`` without a file, ``structure`` for an empty one, ``media-type`` for one that is no audio.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise OperationOutcomeError("not-found", "The recording's file cannot be read.") from error
    if not head:
        raise OperationOutcomeError("structure", "The recording has no bytes.")
    found = _by_signature(head)
    if found is None:
        text = f"The bytes are not audio in a format that is read here ({NAMES})."
        raise OperationOutcomeError("media-type", text)
    return found


def declared_otherwise(container: Container, content_type: str) -> bool:
    """Whether a media type (RFC 9110 8.3.1) names another format than the bytes are."""
    bare = content_type.partition(";")[0].strip().lower()
    return bare not in (*_ANY, *container.media_types)


def ended_early(container: Container, path: Path) -> bool:
    """Whether the bytes break off: a RIFF file shorter than it says, an Ogg stream without its last page.

    The others announce a duration, or, recorded live, nothing.
    """
    if container is WAV:
        return _riff_cut(path)
    return container is OGG and _ogg_cut(path)


def _riff_cut(path: Path) -> bool:
    """The size in a RIFF header is that of all that follows; zero and all ones say that it was not known."""
    with path.open("rb") as file:
        said = int.from_bytes(file.read(8)[4:], "little")
    return said not in (0, _SIZE_UNKNOWN) and path.stat().st_size < said + 8


def _ogg_cut(path: Path) -> bool:
    """The last page of an Ogg stream is marked as such (RFC 3533 6)."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _OGG_TAIL))
        tail = file.read()
    at = tail.rfind(_OGG_PAGE)
    return at < 0 or at + 5 >= len(tail) or not tail[at + 5] & _OGG_LAST_PAGE


def _by_signature(head: bytes) -> Container | None:
    """The format whose signature the first bytes are."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return WAV
    if head[4:8] == b"ftyp":
        return MP4
    if head[128:132] == b"DICM":
        return DICOM
    for mark, container in _MARKS:
        if head.startswith(mark):
            return container
    return _mpeg(head)


_MARKS: Final = (
    (b"fLaC", FLAC),
    (_OGG_PAGE, OGG),
    (b"\x1a\x45\xdf\xa3", WEBM),
    (b"ID3", MP3),
)


def _mpeg(head: bytes) -> Container | None:
    """MPEG audio by its frame header: eleven set bits, then version, layer, bit rate and sample rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    if layer == 0:
        # ADTS (ISO/IEC 13818-7 6.2): the layer is always 0, twelve bits of sync.
        return AAC if head[1] & 0xF0 == 0xF0 else None
    real = head[1] >> 3 & 3 != 1 and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3
    return MP3 if real else None
