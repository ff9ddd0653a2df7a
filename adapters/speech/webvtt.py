"""WebVTT (W3C CR 2019-04-04) as it is written by people and by recorders: cues with their voices.

What the standard lets a parser drop (a malformed cue) is an error here: of a medical record nothing is lost
without a word.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from profiles.outcome import OperationOutcomeError

Turn = tuple[float | None, float | None, str, str]
"""Start, end, speaker as it is written, words."""

_TIMES: Final = re.compile(
    r"(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})[ \t]+-->[ \t]+"
    r"(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})(?:[ \t].*)?",
    re.ASCII,
)
_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]*)?(?:[ \t]+([^<>]*))?>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?(?:[bciurv]|ruby|rt|lang)(?:[.\s][^<>]*)?>|<[\d:.]+>", re.IGNORECASE)
_HEADER: Final = re.compile(r"WEBVTT(?:[ \t].*)?")
_IGNORED: Final = frozenset({"NOTE", "STYLE", "REGION"})


def cues(text: str) -> Iterator[Turn]:
    """Every cue; one with several voices is several turns.

    Raises
    ------
    OperationOutcomeError
        ``structure`` for what is no WebVTT, with the number of the line.
    """
    lines = text.split("\n")
    if _HEADER.fullmatch(lines[0]) is None:
        raise OperationOutcomeError("structure", "a WebVTT file begins with the line WEBVTT")
    at = _after_header(lines)
    while at < len(lines):
        block = _block(lines, at)
        if block and block[0].split(None, 1)[0] not in _IGNORED:
            yield from _cue(block, at + 1)
        at += len(block) + 1


def _after_header(lines: list[str]) -> int:
    at = 1
    while at < len(lines) and lines[at].strip():
        if "-->" in lines[at]:
            raise OperationOutcomeError("structure", "an empty line goes before the first cue")
        at += 1
    return at


def _block(lines: list[str], at: int) -> list[str]:
    end = at
    while end < len(lines) and lines[end].strip():
        end += 1
    return lines[at:end]


def _cue(block: list[str], number: int) -> Iterator[Turn]:
    timed = 0 if "-->" in block[0] else 1
    found = _TIMES.fullmatch(block[timed].strip()) if timed < len(block) else None
    if found is None:
        raise OperationOutcomeError("structure", f"line {number + timed}: this is no WebVTT timing")
    start, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
    if end < start:
        raise OperationOutcomeError(
            "structure", f"line {number + timed}: the cue ends before it begins"
        )
    for voice, said in _voices(" ".join(block[timed + 1 :])):
        yield start, end, voice, said


def _voices(payload: str) -> Iterator[tuple[str, str]]:
    pieces = _VOICE.split(payload)
    for voice, said in zip(["", *pieces[1::2]], [pieces[0], *pieces[2::2]], strict=True):
        words = " ".join(unescape(_TAG.sub("", said)).split())
        if words:
            yield unescape(voice or "").strip(), words


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in parts)
    return 3600 * hours + 60 * minutes + seconds + milliseconds / 1000
