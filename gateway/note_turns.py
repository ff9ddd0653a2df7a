"""The turns of a transcript as the page of a note shows them: who, when, which words, where they are used."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from profiles.speaker_corrections import CORRECTED, UNKNOWN
from profiles.speech_records import Segment

UNSURE: Final = 0.5
"""Probability of a recognised word below which it is marked."""
_FLAGS: Final = {
    "low-confidence": "low confidence",
    "repetition": "repeated",
    "drug-name": "check the drug name",
    "no-speech": "perhaps no speech",
    CORRECTED: "speaker corrected",
}


def turns(
    segments: Sequence[Segment], sections: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One line for each segment."""
    return [_turn(segment, sections) for segment in segments]


def speakers(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """Everybody who is told apart in a transcript, by channel, name and role, with the number of turns."""
    counted = Counter((one.channel, one.speaker, one.role or UNKNOWN) for one in segments)
    several = len({channel for channel, _, _ in counted}) > 1
    return [
        {
            "field": f"speaker-{at}",
            "channel": channel,
            "name": name,
            "role": role,
            "label": ", ".join(filter(None, (f"channel {channel}" * several, name, role))),
            "turns": times,
        }
        for at, ((channel, name, role), times) in enumerate(sorted(counted.items()))
    ]


def _turn(segment: Segment, sections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    used = [
        (sentence["id"], f"{section['at'] + 1}.{n}")
        for section in sections
        for n, sentence in enumerate(section["sentences"], 1)
        if segment.number in sentence["segments"]
    ]
    start, end = segment.start_s, segment.end_s
    return {
        "number": segment.number,
        "role": segment.role or UNKNOWN,
        "name": segment.speaker,
        "sure": _sure(segment),
        "start": start,
        "end": end,
        "clock": "" if start is None else clock(start),
        "words": _words(segment),
        "flags": [(flag, _FLAGS.get(flag, flag)) for flag in segment.flags],
        "used": used,
    }


def _sure(segment: Segment) -> str:
    """That a role was estimated, with how sure that is where it was said; empty where somebody knows it."""
    if not segment.role or segment.role_confidence >= 1:
        return ""
    return f"estimated, {segment.role_confidence:.0%}" if segment.role_confidence else "estimated"


def _words(segment: Segment) -> list[tuple[str, bool]]:
    """Words with whether the recogniser was unsure; the text alone where it gave no words."""
    if not segment.words:
        return [(segment.text, False)]
    return [
        (word.text.strip(), word.probability is not None and word.probability < UNSURE)
        for word in segment.words
    ]


def clock(seconds: float) -> str:
    """Minutes and seconds from the beginning."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
