"""What an evaluation found, as one JSON object and as a plain table for people."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from conformance.coding_notes import Codes
from conformance.coding_quality import CONFLICT, Quality, suggested
from conformance.coding_run import Coded
from conformance.coding_scores import Counts, Point, Scores, categories, exact, score

DIGITS: Final = 4
COLUMNS: Final = ("P", "R", "F1", "macro F1", "F1/note")


def compared(source: str, against: str, predicted: Codes, labels: Codes) -> dict[str, Any]:
    """A row: one source of codes against one set of labels, exact and by category."""
    return {
        "source": source,
        "labels": against,
        "encounters": len(labels),
        "exact": _scores(score(exact(predicted), exact(labels))),
        "category": _scores(score(categories(predicted), categories(labels))),
    }


def _scores(scores: Scores) -> dict[str, Any]:
    return {
        **counts_shown(scores.micro),
        "macro_precision": rounded(scores.macro_precision),
        "macro_recall": rounded(scores.macro_recall),
        "macro_f1": rounded(scores.macro_f1),
        "encounter_f1": rounded(scores.encounter_f1),
    }


def counts_shown(counts: Counts) -> dict[str, Any]:
    """Counts with the three figures that follow from them."""
    return {
        "precision": rounded(counts.precision),
        "recall": rounded(counts.recall),
        "f1": rounded(counts.f1),
        **asdict(counts),
    }


def point_shown(point: Point | None) -> dict[str, Any] | None:
    """A point of a sweep."""
    if point is None:
        return None
    return {"threshold": rounded(point.threshold), **counts_shown(point.counts)}


def rounded(value: float) -> float:
    """A figure with the digits that mean something."""
    return round(value, DIGITS)


def quality_shown(found: Quality) -> dict[str, Any]:
    """Counts of quality with their rates; a rate of nothing is absent."""
    return {
        **asdict(found),
        "billable_rate": _rate(found.billable, found.codes),
        "verbatim_rate": _rate(found.verbatim, found.spans),
        "unreported_conflicts": found.conflicts - found.reported,
    }


def _rate(part: int, whole: int) -> float | None:
    return rounded(part / whole) if whole else None


def speed_shown(done: Sequence[Coded]) -> dict[str, Any]:
    """Seconds per note."""
    return {
        "notes": len(done),
        "wall_s": _quantiles([coded.wall_s for coded in done]),
        "cpu_s": _quantiles([coded.cpu_s for coded in done]),
    }


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "median": rounded(statistics.median(ordered)),
        "p95": rounded(ordered[max(0, -(-95 * len(ordered) // 100) - 1)]),
        "max": rounded(ordered[-1]),
    }


def notes_shown(
    done: Sequence[Coded], system: str, labels: Mapping[str, Codes], peers: Mapping[str, Codes]
) -> list[dict[str, Any]]:
    """Raw lists per note, so that others can score again. No text of a note is in them."""
    return [
        {
            "encounter": coded.key,
            "suggested": [s.code for s in suggested(coded.result, system)],
            "considered": [
                {
                    "code": s.code,
                    "score": rounded(s.score),
                    "status": s.status,
                    "spans": [[span.start, span.end] for span in s.evidence],
                    "rules": [rule.rule for rule in s.rules],
                }
                for s in coded.result.suggestions
                if s.system == system
            ],
            "conflicts": [list(r.codes) for r in coded.result.remarks if r.kind == CONFLICT],
            "remarks": dict(Counter(remark.kind for remark in coded.result.remarks)),
            "labels": _lists(coded.key, labels),
            "peers": _lists(coded.key, peers),
            "wall_s": rounded(coded.wall_s),
        }
        for coded in done
    ]


def _lists(key: str, named: Mapping[str, Codes]) -> dict[str, list[str]]:
    return {name: sorted(codes[key]) for name, codes in named.items() if key in codes}


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows for people: micro P, R and F1, macro F1 and mean F1 per note, exact and by category."""
    rows = list(rows)
    names = [f"{row['source']} / {row['labels']}" for row in rows]
    width = max(map(len, names), default=0)
    lines = [
        f"{'':<{width}}  {'n':>4}  {'exact':<47}category",
        f"{'':<{width}}  {'':>4}  " + _cells(COLUMNS) + "  " + _cells(COLUMNS),
    ]
    for name, row in zip(names, rows, strict=True):
        halves = (_cells(_figures(row[level])) for level in ("exact", "category"))
        lines.append(f"{name:<{width}}  {row['encounters']:>4}  " + "  ".join(halves))
    return "\n".join(lines) + "\n"


def _figures(scores: Mapping[str, Any]) -> list[str]:
    keys = ("precision", "recall", "f1", "macro_f1", "encounter_f1")
    return [f"{scores[key]:.3f}" for key in keys]


def _cells(cells: Sequence[str]) -> str:
    return " ".join(f"{cell:>8}" for cell in cells)
