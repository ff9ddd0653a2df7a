"""What a recording is by its first bytes, and the file name by which speech servers tell it."""

from typing import Final

from profiles.outcome import OperationOutcomeError

HEAD: Final = 12
"""Bytes that are looked at."""
_MP3: Final = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")


def kind_of(head: bytes) -> tuple[str, str]:
    """File name and media type of a recording.

    Raises
    ------
    OperationOutcomeError
        ``media-type`` for what is none of wav, flac, mp3, ogg, m4a and webm.
    """
    ending, media = _kind(head)
    return f"recording.{ending}", media


def _kind(head: bytes) -> tuple[str, str]:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav", "audio/wav"
    if head[:4] == b"fLaC":
        return "flac", "audio/flac"
    if head[:4] == b"OggS":
        return "ogg", "audio/ogg"
    if head[4:8] == b"ftyp":
        return "m4a", "audio/mp4"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "webm", "audio/webm"
    if head.startswith(_MP3):
        return "mp3", "audio/mpeg"
    raise OperationOutcomeError(
        "media-type", "the recording is none of wav, flac, mp3, ogg, m4a and webm"
    )
