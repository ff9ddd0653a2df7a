"""Channels of one visit as one conversation: merged by time, each person's own words kept once."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Final

from ml.speech.chunks import Levels
from ml.speech.guards import LOW_CONFIDENCE, bare
from ml.speech.segments import LONGEST_S
from profiles.speech_records import Segment

ALIKE: Final = 0.7
"""Share of the words of two segments that are the same when one microphone has heard the other's person."""

OVERLAP: Final = 0.5
QUIETER: Final = 0.5
"""Crosstalk is at least 6 dB below the person's own microphone."""

FAINT: Final = 0.18
"""15 dB below what the channel's own person has: a murmur of theirs, or the other person from afar."""


def merged(
    segments: Sequence[Segment], levels: Mapping[int, Levels], roles: Sequence[str]
) -> tuple[tuple[Segment, ...], int]:
    """Segments of all channels in the order of their beginnings.

    Parameters
    ----------
    segments : sequence of Segment
    levels : mapping of int to Levels
        Loudness of each channel as recorded.
    roles : sequence of str
        Role of each channel; empty where there is but a mix.

    Returns
    -------
    tuple of (tuple of Segment, int)
        Numbered from 0, and how many were left out as heard twice.
    """
    ordered = sorted(segments, key=lambda one: (one.start_s or 0.0, one.channel))
    starts = [one.start_s or 0.0 for one in ordered]
    kept = [
        one
        for one in ordered
        if not _is_crosstalk(one, ordered[slice(*_near(one, starts))], levels)
    ]
    sure = [
        _faint(one, ordered[slice(*_near(one, starts))], levels) if roles else one for one in kept
    ]
    numbered = tuple(_numbered(one, number, roles) for number, one in enumerate(sure))
    return numbered, len(ordered) - len(kept)


def _near(segment: Segment, starts: Sequence[float]) -> tuple[int, int]:
    """The numbers of segments that may last at the same time as one."""
    first = bisect_left(starts, (segment.start_s or 0.0) - 2 * LONGEST_S)
    return first, bisect_right(starts, segment.end_s or 0.0)


def _numbered(segment: Segment, number: int, roles: Sequence[str]) -> Segment:
    role = roles[segment.channel] if segment.channel < len(roles) else ""
    return replace(segment, number=number, role=role, role_confidence=1.0 if role else 0.0)


def _is_crosstalk(
    segment: Segment, others: Sequence[Segment], levels: Mapping[int, Levels]
) -> bool:
    """Whether another channel has the same words at the same time, and louder."""
    return any(
        other.channel != segment.channel
        and _overlap(segment, other) >= OVERLAP
        and _alike(segment, other) >= ALIKE
        and _level(segment, levels) < QUIETER * _level(other, levels)
        for other in others
    )


def _faint(segment: Segment, others: Sequence[Segment], levels: Mapping[int, Levels]) -> Segment:
    """The segment, marked where it may be another person from afar: too faint for its own microphone."""
    if _share(segment, segment.channel, levels) > FAINT or LOW_CONFIDENCE in segment.flags:
        return segment
    louder = any(
        other.channel != segment.channel
        and _overlap(segment, other) >= OVERLAP
        and _share(segment, other.channel, levels) > FAINT / QUIETER
        for other in others
    )
    return replace(segment, flags=(*segment.flags, LOW_CONFIDENCE)) if louder else segment


def _share(segment: Segment, channel: int, levels: Mapping[int, Levels]) -> float:
    """Level of a channel while a segment lasts, of that of the person who has the channel."""
    level = levels[channel].between(segment.start_s or 0.0, segment.end_s or 0.0)
    return level / max(levels[channel].loud, 1e-9)


def _overlap(segment: Segment, other: Segment) -> float:
    """Share of the segment's time in which the other one lasts."""
    start, end = segment.start_s or 0.0, segment.end_s or 0.0
    common = min(end, other.end_s or 0.0) - max(start, other.start_s or 0.0)
    return common / max(end - start, 0.01)


def _alike(segment: Segment, other: Segment) -> float:
    """Share of the segment's words that the other one has in the same order."""
    mine, theirs = ([bare(word) for word in one.text.split()] for one in (segment, other))
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(1, len(mine))


def _level(segment: Segment, levels: Mapping[int, Levels]) -> float:
    return levels[segment.channel].between(segment.start_s or 0.0, segment.end_s or 0.0)
