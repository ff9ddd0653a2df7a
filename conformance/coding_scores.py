"""Scores of code lists against code lists, for one set of encounters.

Every figure compares sets per encounter. *Micro* counts code decisions over all encounters; *macro* is the
mean over the codes that any side names; *encounter* is the mean over the encounters. A share of nothing is 1
where nothing was to be found, else 0.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.coding_notes import Codes, normal

Scored = Mapping[str, Mapping[str, float]]
"""Score of every code that a coder considered, per encounter."""

CATEGORY: Final = 3
"""Characters of an ICD-10-CM category."""


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        """Share of the named codes that are right."""
        return _share(self.tp, self.tp + self.fp, self.fn)

    @property
    def recall(self) -> float:
        """Share of the right codes that are named."""
        return _share(self.tp, self.tp + self.fn, self.fp)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn, 0)


@dataclass(frozen=True, slots=True)
class Scores:
    """How well code lists agree at one level (exact codes or categories)."""

    micro: Counts
    macro_precision: float
    macro_recall: float
    macro_f1: float
    encounter_f1: float
    encounters: int


@dataclass(frozen=True, slots=True)
class Point:
    """Micro scores when every code with at least this score is named."""

    threshold: float
    counts: Counts


def _share(part: int, whole: int, missed: int) -> float:
    return part / whole if whole else float(not missed)


def exact(codes: Codes) -> dict[str, frozenset[str]]:
    """Whole codes."""
    return {key: frozenset(map(normal, named)) for key, named in codes.items()}


def categories(codes: Codes) -> dict[str, frozenset[str]]:
    """The three-character categories of codes."""
    return {key: frozenset(normal(c)[:CATEGORY] for c in named) for key, named in codes.items()}


def score(predicted: Codes, labels: Codes) -> Scores:
    """Scores over the labelled encounters; an encounter that the prediction leaves out has no code."""
    named: dict[str, list[int]] = {}
    per_encounter = []
    for key, right in labels.items():
        said = predicted.get(key, frozenset())
        per_encounter.append(Counts(len(said & right), len(said - right), len(right - said)))
        for code in said | right:
            counts = named.setdefault(code, [0, 0, 0])
            counts[0 if code in said and code in right else 1 if code in said else 2] += 1
    per_code = [Counts(*counts) for counts in named.values()]
    return Scores(
        micro=pooled(per_encounter),
        macro_precision=_mean([counts.precision for counts in per_code]),
        macro_recall=_mean([counts.recall for counts in per_code]),
        macro_f1=_mean([counts.f1 for counts in per_code]),
        encounter_f1=_mean([counts.f1 for counts in per_encounter]),
        encounters=len(labels),
    )


def pooled(counts: Sequence[Counts]) -> Counts:
    """Counts of several sets of encounters together."""
    return Counts(
        sum(one.tp for one in counts), sum(one.fp for one in counts), sum(one.fn for one in counts)
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 1.0


def sweep(scored: Scored, labels: Codes) -> list[Point]:
    """Micro scores at every threshold that changes anything, from the strictest to the loosest."""
    considered = sorted(
        (
            (value, code in right)
            for key, right in labels.items()
            for code, value in _best(scored.get(key, {})).items()
        ),
        key=lambda one: -one[0],
    )
    wanted = sum(map(len, labels.values()))
    points: list[Point] = []
    right_so_far = 0
    for count, (value, is_right) in enumerate(considered, 1):
        right_so_far += is_right
        if count == len(considered) or considered[count][0] != value:
            counts = Counts(right_so_far, count - right_so_far, wanted - right_so_far)
            points.append(Point(value, counts))
    return points


def _best(scores: Mapping[str, float]) -> dict[str, float]:
    """The best score of every code, however it is written."""
    best: dict[str, float] = {}
    for code, value in scores.items():
        name = normal(code)
        best[name] = max(value, best.get(name, value))
    return best


def at_threshold(scored: Scored, threshold: float) -> dict[str, frozenset[str]]:
    """Codes with at least a score."""
    return {
        key: frozenset(code for code, value in _best(scores).items() if value >= threshold)
        for key, scores in scored.items()
    }


def best_f1(points: Sequence[Point]) -> Point | None:
    """The point with the largest micro-F1; of several the strictest."""
    return max(points, key=lambda point: point.counts.f1, default=None)


def precision_first(points: Sequence[Point], precision: float) -> Point | None:
    """The point with the largest recall among those that have a precision; None when none has."""
    precise = [point for point in points if point.counts.precision >= precision]
    return max(precise, key=lambda point: (point.counts.recall, point.counts.f1), default=None)


def folds(keys: Sequence[str], count: int, seed: int) -> list[list[str]]:
    """Encounters dealt into folds of nearly equal size."""
    shuffled = sorted(keys)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - a reproducible split, not a secret
    return [shuffled[start::count] for start in range(count)]


def cross_validated(
    scored: Scored, labels: Codes, split: Sequence[Sequence[str]]
) -> list[tuple[float, Counts]]:
    """Per fold the threshold that is best on the other folds, and what it gives on this one."""
    found = []
    for held_out in split:
        inside = {key: labels[key] for key in held_out}
        outside = {key: right for key, right in labels.items() if key not in inside}
        chosen = best_f1(sweep(scored, outside))
        threshold = chosen.threshold if chosen else 0.0
        found.append((threshold, score(at_threshold(scored, threshold), inside).micro))
    return found


@dataclass(frozen=True, slots=True)
class Agreement:
    """A prediction against several coders of the same encounters.

    Parameters
    ----------
    any_coder_precision : float
        Share of the named codes that at least one coder has.
    consensus_recall : float
        Share of the codes that all coders have that is named.
    coders_f1 : float
        Mean micro-F1 of every coder against every other: what people reach among themselves.
    encounters : int
        Those that every coder has labelled.
    """

    any_coder_precision: float
    consensus_recall: float
    coders_f1: float
    encounters: int


def agreement(predicted: Codes, coders: Sequence[Codes]) -> Agreement:
    """A prediction against what two or more coders have in common and have together."""
    shared = set(coders[0]).intersection(*coders[1:])
    united = _joined(coders, shared, frozenset.union)
    common = _joined(coders, shared, frozenset.intersection)
    pairs = [
        score(_only(one, shared), _only(other, shared)).micro.f1
        for at, one in enumerate(coders)
        for other in coders[at + 1 :]
    ]
    return Agreement(
        any_coder_precision=score(predicted, united).micro.precision,
        consensus_recall=score(predicted, common).micro.recall,
        coders_f1=_mean(pairs),
        encounters=len(shared),
    )


def _only(codes: Codes, keys: set[str]) -> dict[str, frozenset[str]]:
    return {key: codes[key] for key in keys}


def _joined(
    coders: Sequence[Codes], keys: set[str], join: Callable[..., frozenset[str]]
) -> dict[str, frozenset[str]]:
    return {key: join(*(coder[key] for coder in coders)) for key in keys}
