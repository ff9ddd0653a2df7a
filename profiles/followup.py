"""Follow-up recommendations: published rules as data, evaluated over facts, never guessed.

A rule names its source and edition. Where an input is missing the answer is "not evaluable: needs X".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "lt": lambda value, limit: value < limit,
    "le": lambda value, limit: value <= limit,
    "gt": lambda value, limit: value > limit,
    "ge": lambda value, limit: value >= limit,
    "eq": lambda value, limit: value == limit,
    "in": lambda value, limit: value in limit,
}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What a rule recommends, or which inputs it lacks; months are (earliest, latest)."""

    rule: str
    text: str
    citation: str
    months: tuple[int, int] | None = None
    needs: tuple[str, ...] = ()


def mean_diameter_mm(long_axis_mm: float, short_axis_mm: float) -> int:
    """Size as the guidelines use it: mean of long and short axis, rounded to whole millimetres."""
    return int((long_axis_mm + short_axis_mm) / 2 + 0.5)


def recommend(finding: str, facts: Mapping[str, Any]) -> tuple[Recommendation, ...]:
    """Recommendations of every guideline for a finding.

    Parameters
    ----------
    finding : str
        ``brain-lesion`` or ``pulmonary-nodule``.
    facts : mapping
        Inputs by name; a missing or ``None`` one is missing.
    """
    return tuple(
        answer
        for guideline in _guidelines()
        if guideline["finding"] == finding
        for answer in _evaluate(guideline, facts)
    )


def _guidelines() -> list[dict[str, Any]]:
    folder = files("profiles") / "followup_rules"
    return [
        json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".json")
    ]


def _evaluate(guideline: dict[str, Any], facts: Mapping[str, Any]) -> list[Recommendation]:
    citation = guideline["citation"]
    absent = tuple(text for name, text in guideline["needs"].items() if facts.get(name) is None)
    if absent:
        said = f"{guideline['title']}: not evaluable: needs {', '.join(absent)}."
        return [Recommendation(guideline["id"], said, citation, needs=absent)]
    for condition, reason in zip(guideline["excludes"], guideline["exclusions"], strict=True):
        if _holds(condition, facts):
            said = f"{guideline['title']}: does not apply ({reason})."
            return [Recommendation(guideline["id"], said, citation, needs=(reason,))]
    for rule in guideline["rules"]:
        if all(_holds(condition, facts) for condition in rule["when"]):
            months = tuple(rule["months"]) if "months" in rule else None
            return [Recommendation(rule["id"], rule["text"], citation, months)]
    return []


def _holds(condition: list[Any], facts: Mapping[str, Any]) -> bool:
    name, operator, limit = condition
    return _OPERATORS[operator](facts[name], limit)
