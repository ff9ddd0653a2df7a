"""Everything that an evaluation of a coder says, computed from its results: no input, no output."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from conformance.coding_notes import Codes
from conformance.coding_quality import Billable, Excludes, Quality, quality, suggested
from conformance.coding_report import (
    compared,
    counts_shown,
    notes_shown,
    point_shown,
    quality_shown,
    rounded,
)
from conformance.coding_run import Coded
from conformance.coding_scores import (
    Point,
    agreement,
    at_threshold,
    best_f1,
    cross_validated,
    exact,
    folds,
    pooled,
    precision_first,
    sweep,
)

PRECISE: Final = 0.75
"""Precision of the precision-first setting."""
SHOWN: Final = 40
"""Points of the sweep that are reported, evenly spread; the raw lists give the others."""


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """What the evaluation asks of the code system on the date."""

    system: str
    version: str
    billable: Billable
    excludes1: Excludes


@dataclass(frozen=True, slots=True)
class Material:
    """What the results are compared with.

    Parameters
    ----------
    labels : mapping of str to Codes
        Codes of each coder under the coder's name; the first one is scored in full.
    peers : mapping of str to Codes
        Codes of other programs under their names.
    fold_count, seed : int
        How the encounters are dealt into folds.
    """

    labels: Mapping[str, Codes]
    peers: Mapping[str, Codes] = field(default_factory=dict)
    fold_count: int = 5
    seed: int = 1


def evaluation(done: Sequence[Coded], material: Material, system: CodeSystem) -> dict[str, Any]:
    """Scores, folds, sweep, agreement, quality and raw lists of a run.

    Parameters
    ----------
    done : sequence of Coded
        Every labelled encounter, under the name that the labels use.
    """
    name, labels = next(iter(material.labels.items()))
    predicted = {c.key: frozenset(s.code for s in suggested(c.result, system.system)) for c in done}
    scored = {
        c.key: {s.code: s.score for s in c.result.suggestions if s.system == system.system}
        for c in done
    }
    points = sweep(scored, labels)
    best, precise = best_f1(points), precision_first(points, PRECISE)
    live = _alive(labels, system.billable)
    rows = [
        *(compared("coder", one, predicted, codes) for one, codes in material.labels.items()),
        compared("coder", f"{name}, without dead codes", predicted, live),
        *_at(best, "coder at best F1", name, scored, labels),
        *_at(precise, f"coder at P >= {PRECISE}", name, scored, labels),
        *(compared(peer, name, codes, labels) for peer, codes in material.peers.items()),
    ]
    split = folds(list(labels), min(material.fold_count, len(labels)), material.seed)
    return {
        "rows": rows,
        "labels": {
            one: _labels_shown(codes, system.billable) for one, codes in material.labels.items()
        },
        "folds": _folds(predicted, scored, labels, split, material.seed),
        "best_f1": point_shown(best),
        "precision_first": point_shown(precise),
        "sweep": [point_shown(point) for point in _thinned(points)],
        **_agreements(predicted, material),
        "quality": quality_shown(_quality(done, system)),
        "notes": notes_shown(done, system.system, material.labels, material.peers),
    }


def _alive(labels: Codes, billable: Billable) -> dict[str, frozenset[str]]:
    return {key: frozenset(filter(billable, codes)) for key, codes in labels.items()}


def _labels_shown(labels: Codes, billable: Billable) -> dict[str, Any]:
    dead = sorted({c for codes in labels.values() for c in codes if not billable(c)})
    return {
        "encounters": len(labels),
        "codes": sum(map(len, labels.values())),
        "distinct": len(frozenset().union(*labels.values())),
        "dead_on_the_date": dead,
    }


def _at(
    point: Point | None,
    source: str,
    name: str,
    scored: Mapping[str, Mapping[str, float]],
    labels: Codes,
) -> list[dict[str, Any]]:
    if point is None:
        return []
    row = compared(source, name, at_threshold(scored, point.threshold), labels)
    return [{**row, "threshold": rounded(point.threshold)}]


def _folds(
    predicted: Codes,
    scored: Mapping[str, Mapping[str, float]],
    labels: Codes,
    split: Sequence[Sequence[str]],
    seed: int,
) -> dict[str, Any]:
    """Each fold at the coder's own threshold, and at the one that is best on the other folds."""
    each = []
    chosen_elsewhere = cross_validated(scored, labels, split)
    for held_out, (threshold, counts) in zip(split, chosen_elsewhere, strict=True):
        row = compared("coder", "fold", predicted, {key: labels[key] for key in held_out})
        chosen = {"threshold": rounded(threshold), **counts_shown(counts)}
        each.append(
            {k: row[k] for k in ("encounters", "exact", "category")}
            | {"threshold_of_other_folds": chosen}
        )
    together = pooled([counts for _, counts in chosen_elsewhere])
    return {"seed": seed, "each": each, "threshold_of_other_folds": counts_shown(together)}


def _thinned(points: Sequence[Point]) -> list[Point]:
    step = max(1, -(-len(points) // SHOWN))
    return list(points[::step])


def _agreements(predicted: Codes, material: Material) -> dict[str, Any]:
    """The coder and every peer against what several coders say; nothing with one coder."""
    coders = [exact(codes) for codes in material.labels.values()]
    if len(coders) < 2 or not set(coders[0]).intersection(*coders[1:]):
        return {}
    sources = {"coder": predicted, **material.peers}
    return {
        "agreement": {
            source: {
                k: v if isinstance(v, int) else rounded(v)
                for k, v in asdict(agreement(exact(codes), coders)).items()
            }
            for source, codes in sources.items()
        }
    }


def _quality(done: Sequence[Coded], system: CodeSystem) -> Quality:
    total = Quality()
    for coded in done:
        total += quality(
            coded.request, coded.result, system.system, system.billable, system.excludes1
        )
    return total


def fold_f1(folded: Mapping[str, Any]) -> list[float]:
    """Exact micro-F1 of each fold at the coder's own threshold."""
    return [fold["exact"]["f1"] for fold in folded["each"]]
