"""Who speaks where the transcript does not say, and whether tags are the wrong way round.

A linear model scores each turn; scores of one channel, and of one name that the transcript gives, are taken
together, since one turn alone says little.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ml.scribe.features import turn_features
from ml.scribe.model import ScribeModel
from profiles.speaker_corrections import CORRECTED
from profiles.speech_records import Segment, SpeakerRole, SpeechRemark

SURE: Final = 0.05
"""Mean difference of scores from which tags that contradict them are turned round."""
LEAST_TURNS: Final = 6


def with_roles(
    segments: Sequence[Segment], model: ScribeModel
) -> tuple[tuple[Segment, ...], list[SpeechRemark]]:
    """Segments that each have a role, with what was done to get there."""
    scores = [
        float(row[0]) for row in model.roles.scores([turn_features(s.text) for s in segments])
    ]
    if all(one.role for one in segments):
        return _checked(tuple(segments), scores)
    named = _named(segments, scores)
    text = "Who speaks was not recorded; it was told from what is said."
    unknown = tuple(one.number for one in segments if not one.role)
    return named, [SpeechRemark("roles-estimated", text, unknown)]


def _named(segments: Sequence[Segment], scores: Sequence[float]) -> tuple[Segment, ...]:
    """Roles for those who have none: one for all turns of a person who is told apart, else turn by turn."""
    known = {one.role for one in segments if one.role}
    groups: dict[tuple[int, str], list[float]] = {}
    for one, score in zip(segments, scores, strict=True):
        if not one.role:
            groups.setdefault((one.channel, one.speaker), []).append(score)
    apart = all(name for _, name in groups) or len({channel for channel, _ in groups}) > 1
    means = {group: sum(values) / len(values) for group, values in groups.items()}
    roles = _shared(means, {group: len(values) for group, values in groups.items()}, known)
    named = []
    for one, score in zip(segments, scores, strict=True):
        group = (one.channel, one.speaker)
        told = means.get(group, score) if apart else score
        role = roles.get(group, "") if apart else ("doctor" if score > 0 else "patient")
        sure = min(1.0, 0.5 + abs(told) / 2)
        named.append(one if one.role else replace(one, role=role, role_confidence=sure))
    return tuple(named)


def _shared(
    means: Mapping[tuple[int, str], float],
    turns: Mapping[tuple[int, str], int],
    known: Collection[str],
) -> dict[tuple[int, str], str]:
    """One role for each person: most like a doctor, then who speaks most, then the others."""
    left = sorted(means, key=lambda group: -means[group])
    if len(left) == 1 and not known:
        return {left[0]: "doctor" if means[left[0]] > 0 else "patient"}
    found = {}
    if left and "doctor" not in known:
        found[left.pop(0)] = "doctor"
    if left and "patient" not in known:
        patient = max(left, key=lambda group: turns[group])
        left.remove(patient)
        found[patient] = "patient"
    return {**dict.fromkeys(left, "other"), **found}


def taken(before: Sequence[Segment], after: Sequence[Segment]) -> tuple[SpeakerRole, ...]:
    """The roles that were estimated or turned round."""
    pairs = zip(before, after, strict=True)
    return tuple(
        SpeakerRole(new.number, new.role, round(new.role_confidence, 3))
        for old, new in pairs
        if old.role != new.role
    )


def _checked(
    segments: tuple[Segment, ...], scores: Sequence[float]
) -> tuple[tuple[Segment, ...], list[SpeechRemark]]:
    """Turn doctor and patient round where what they say is clearly the other's.

    What a person has said stands.
    """
    if any(CORRECTED in one.flags for one in segments):
        return segments, []
    of = {
        role: [score for one, score in zip(segments, scores, strict=True) if one.role == role]
        for role in ("doctor", "patient")
    }
    if min(len(of["doctor"]), len(of["patient"])) < LEAST_TURNS:
        return segments, []
    means = {role: sum(values) / len(values) for role, values in of.items()}
    if means["patient"] - means["doctor"] < SURE:
        return segments, []
    other = {"doctor": "patient", "patient": "doctor"}
    sure = min(1.0, 0.5 + (means["patient"] - means["doctor"]) / 2)
    turned = tuple(
        replace(one, role=other[one.role], role_confidence=sure) if one.role in other else one
        for one in segments
    )
    text = "Doctor and patient were the wrong way round and have been exchanged."
    return turned, [SpeechRemark("roles-swapped", text)]
