"""A transcript as WebVTT (W3C CR 2019-04-04): one cue per segment, the speaker in its voice tag.

A transcript without times cannot be WebVTT: it is written as text, one turn per line.
"""

from html import escape
from typing import Final

from profiles.speech_records import Segment, Transcript

_SHORTEST: Final = 0.001
"""The end of a cue is after its start (section 4.1)."""


def is_timed(transcript: Transcript) -> bool:
    """Whether every segment has its times."""
    segments = transcript.segments
    return bool(segments) and all(
        one.start_s is not None and one.end_s is not None for one in segments
    )


def webvtt(transcript: Transcript) -> str:
    """The transcript as WebVTT; ``segment-N`` is the identifier of a cue."""
    return "\n".join(["WEBVTT", "", *(_cue(segment) for segment in transcript.segments)])


def turns(transcript: Transcript) -> str:
    """The transcript as text: one line per segment, ``role: words`` where the role is known."""
    lines = [
        f"{one.role}: {_line(one.text)}" if one.role else _line(one.text)
        for one in transcript.segments
    ]
    return "".join(f"{line}\n" for line in lines)


def _cue(segment: Segment) -> str:
    start = max(0.0, segment.start_s or 0.0)
    end = max(segment.end_s or 0.0, start + _SHORTEST)
    text = escape(_line(segment.text), quote=False)
    voiced = f"<v {segment.role}>{text}" if segment.role.isalpha() else text
    return f"segment-{segment.number}\n{timestamp(start)} --> {timestamp(end)}\n{voiced}\n"


def _line(text: str) -> str:
    """A cue ends with an empty line: its text is one line."""
    return " ".join(text.split())


def timestamp(seconds: float) -> str:
    """``HH:MM:SS.mmm`` (section 4.1)."""
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
