"""Who speaks, as a person says it: what is corrected of a transcript, and what is kept of it for learning.

A ``SpeakerRecord`` holds counts of turns, never what was said.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from profiles.speech_records import Segment, SpeakerRole, Transcript

ROLES: Final = ("doctor", "patient", "other")
UNKNOWN: Final = "unknown"
"""How a turn is named of which nobody has said who speaks."""
CORRECTED: Final = "role-corrected"
"""Flag of a turn whose speaker a person has named: no model names another one."""


@dataclass(frozen=True, slots=True)
class SpeakerCorrection:
    """Turns and who speaks them.

    Parameters
    ----------
    role : str
        Who it is: ``doctor``, ``patient`` or ``other``.
    heard_as : str
        Turns that are this speaker's now: a role, or ``unknown``; empty for any.
    channel : int or None
        Turns of one channel alone.
    name : str
        Turns of one that the transcript calls so.
    segments : tuple of int
        Single turns, whoever they were taken for; they count before a whole speaker does.
    """

    role: str
    heard_as: str = ""
    channel: int | None = None
    name: str = ""
    segments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeakerRecord:
    """What is kept of a correction.

    Parameters
    ----------
    engine, engine_version : str
        What had made the transcript.
    segments : int
        Its turns.
    changed : tuple of (str, str, int)
        Role before, role after, number of turns.
    performer, recorded : str
    """

    engine: str
    engine_version: str
    segments: int
    changed: tuple[tuple[str, str, int], ...]
    performer: str
    recorded: str


def corrected(transcript: Transcript, corrections: Sequence[SpeakerCorrection]) -> Transcript:
    """The transcript with the speakers that a person has named.

    Raises
    ------
    OperationOutcomeError
        ``code-invalid`` for an unknown role, ``required`` where no turn is named, ``not-found`` for turns
        that are not there, ``business-rule`` where two corrections contradict each other or nothing changes.
    """
    for one in corrections:
        _require_sound(one)
    wide = [one for one in corrections if not one.segments]
    single = _single(transcript, [one for one in corrections if one.segments])
    made = []
    for segment in transcript.segments:
        named = [one.role for one in wide if _is_meant(one, segment)]
        if len(set(named)) > 1:
            raise OperationOutcomeError("business-rule", "one turn is given two roles", "speaker")
        role = single.get(segment.number) or next(iter(named), "")
        made.append(_named(segment, role) if role else segment)
    if tuple(made) == transcript.segments:
        raise OperationOutcomeError("business-rule", "no turn has another speaker now", "speaker")
    return replace(transcript, segments=tuple(made))


def with_estimates(transcript: Transcript, roles: Sequence[SpeakerRole]) -> Transcript:
    """The transcript with the roles that a scribe has worked with, each with how sure it is."""
    known = {one.segment: one for one in roles}

    def estimated(segment: Segment) -> Segment:
        found = known.get(segment.number)
        if found is None or (found.role, found.confidence) == (
            segment.role,
            segment.role_confidence,
        ):
            return segment
        return replace(segment, role=found.role, role_confidence=found.confidence)

    return replace(transcript, segments=tuple(map(estimated, transcript.segments)))


def speaker_changes(before: Transcript, after: Transcript) -> tuple[tuple[str, str, int], ...]:
    """Role before, role after, and how many turns, the most frequent first."""
    pairs = zip(before.segments, after.segments, strict=True)
    counted = Counter((old.role or UNKNOWN, new.role) for old, new in pairs if old.role != new.role)
    return tuple((old, new, times) for (old, new), times in counted.most_common())


def speaker_report(records: Iterable[SpeakerRecord]) -> dict[str, Any]:
    """Corrections in all: turns that were looked at, turns that changed, by engine and by role."""
    listed = list(records)
    engines: dict[str, dict[str, int]] = {}
    changes: Counter[str] = Counter()
    for record in listed:
        name = f"{record.engine} {record.engine_version}".strip()
        counts = engines.setdefault(name, {"corrections": 0, "segments": 0, "changed": 0})
        for key, number in _counts(record).items():
            counts[key] += number
        for old, new, times in record.changed:
            changes[f"{old} -> {new}"] += times
    whole = [_counts(record) for record in listed]
    return {
        **{key: sum(one[key] for one in whole) for key in ("corrections", "segments", "changed")},
        "engines": dict(sorted(engines.items())),
        "changes": dict(changes.most_common()),
    }


def _counts(record: SpeakerRecord) -> Mapping[str, int]:
    changed = sum(times for _, _, times in record.changed)
    return {"corrections": 1, "segments": record.segments, "changed": changed}


def _require_sound(one: SpeakerCorrection) -> None:
    if one.role not in ROLES or one.heard_as not in ("", UNKNOWN, *ROLES):
        raise OperationOutcomeError(
            "code-invalid", f"a speaker is one of {', '.join(ROLES)}", "speaker"
        )
    if not (one.heard_as or one.name or one.segments) and one.channel is None:
        raise OperationOutcomeError(
            "required", "say which turns: a speaker, a name, a channel or segments", "speaker"
        )


def _single(transcript: Transcript, corrections: Sequence[SpeakerCorrection]) -> dict[int, str]:
    numbers = {one.number for one in transcript.segments}
    found: dict[int, str] = {}
    for one in corrections:
        for number in one.segments:
            if number not in numbers:
                raise OperationOutcomeError(
                    "not-found", "the transcript has no such segment", "speaker"
                )
            if found.setdefault(number, one.role) != one.role:
                raise OperationOutcomeError(
                    "business-rule", "one turn is given two roles", "speaker"
                )
    return found


def _is_meant(one: SpeakerCorrection, segment: Segment) -> bool:
    by_role = not one.heard_as or one.heard_as == (segment.role or UNKNOWN)
    return by_role and one.channel in (None, segment.channel) and one.name in ("", segment.speaker)


def _named(segment: Segment, role: str) -> Segment:
    """A turn that a person has named; one that was right already is sure now."""
    flags = tuple(dict.fromkeys((*segment.flags, CORRECTED)))
    return replace(segment, role=role, role_confidence=1.0, flags=flags)
