"""A transcript that a person has supplied, accepted as it is: WebVTT, our JSON, or text with its speakers.

Nothing is added and nothing corrected; what cannot be read is refused with the place.
"""

import re
from collections.abc import Iterator
from typing import Final

from adapters.speech.speakers import is_speaker, role_of
from adapters.speech.transcript_json import transcript_of_json
from adapters.speech.webvtt import Turn, cues
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Segment, Transcript

ATTACHED: Final = "attached"
LARGEST: Final = 20_000_000
LONGEST: Final = 80
"""Characters of what a speaker is called."""
MOST_SEGMENTS: Final = 50_000
_BRACKETED: Final = re.compile(r"\[([A-Za-z][\w .'-]{0,40})\]:?\s*(.*)")
_COLON: Final = re.compile(r"([A-Za-z][\w .'-]{0,40}?)\s*:\s*(.*)")


def attached_transcript(content: bytes, media_type: str, language: str = "") -> Transcript:
    """The transcript in an attachment of ``text/vtt``, ``application/json`` or ``text/plain``.

    Raises
    ------
    OperationOutcomeError
        ``value`` or ``structure`` for what is not of its format, ``business-rule`` when nothing is said in
        it, ``too-costly`` beyond the limits, ``not-supported`` for another format.
    """
    if len(content) > LARGEST:
        raise OperationOutcomeError("too-costly", f"a transcript has at most {LARGEST} bytes")
    name = media_type.partition(";")[0].strip().lower()
    if name == "application/json":
        # What a person has supplied was attached, whatever had recognised it once.
        found = transcript_of_json(content, ATTACHED)
        _require_some(sum(1 for one in found.segments if one.text.strip()))
        return found
    if name not in ("text/vtt", "text/plain"):
        raise OperationOutcomeError(
            "not-supported", "a transcript is text/vtt, application/json or text/plain"
        )
    text = _text(content)
    turns = list(cues(text) if name == "text/vtt" else _turns(text))
    _require_some(len(turns))
    # Numbers follow the order in which people begin to speak; cues may come in another one.
    ordered = sorted(turns, key=lambda turn: turn[0] or 0.0)
    segments = tuple(_segment(number, turn) for number, turn in enumerate(ordered))
    ends = [one.end_s for one in segments if one.end_s is not None]
    return Transcript(ATTACHED, "1", language, max(ends) if ends else None, segments)


def _segment(number: int, turn: Turn) -> Segment:
    start, end, speaker, words = turn
    role = role_of(speaker)
    sure = 1.0 if role else 0.0
    named = "" if speaker.lower() == role else speaker[:LONGEST]
    return Segment(number, start, end, words, role=role, role_confidence=sure, speaker=named)


def _turns(text: str) -> Iterator[Turn]:
    """Turns of a text; a line without a speaker goes on with the turn before it."""
    speaker = ""
    said: list[str] = []
    for line in text.split("\n"):
        opened = _opening(line.strip())
        if opened is None:
            said += [" ".join(line.split())] if line.strip() else []
            continue
        if said:
            yield None, None, speaker, " ".join(said)
        speaker, first = opened
        said = [first] if first else []
    if said:
        yield None, None, speaker, " ".join(said)


def _opening(line: str) -> tuple[str, str] | None:
    """Speaker and first words of a line that begins a turn."""
    for pattern in (_BRACKETED, _COLON):
        found = pattern.fullmatch(line)
        if found is not None and is_speaker(found[1]):
            return found[1], " ".join(found[2].split())
    return None


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise OperationOutcomeError("value", "a transcript is written in UTF-8") from None


def _require_some(count: int) -> None:
    if count == 0:
        raise OperationOutcomeError("business-rule", "nothing is said in the transcript")
    if count > MOST_SEGMENTS:
        raise OperationOutcomeError("too-costly", f"a transcript has at most {MOST_SEGMENTS} turns")
