"""Which series of a study a model is run on, and why not on the others."""

from typing import Final

from profiles.records import Refusal, SeriesOutcome, SeriesRef, StudyRef
from terminology.refusals import refusal_text

FEWEST_SLICES: Final = 4
"""Slices without which a series is no volume."""
LOCALIZER: Final = frozenset({"LOCALIZER", "SCOUT", "SURVEY"})


def rank_series(
    study: StudyRef, modalities: frozenset[str]
) -> tuple[tuple[SeriesRef, ...], tuple[SeriesOutcome, ...]]:
    """Candidates, the best first, and the series that are not this model's business.

    Original before derived images, more slices before fewer, then Series Number and UID: the same
    study always gives the same order.
    """
    candidates: list[SeriesRef] = []
    outcomes: list[SeriesOutcome] = []
    for series in study.series:
        code = _unfit(series, modalities)
        if code is None:
            candidates.append(series)
        elif not series.ours:
            outcomes.append(not_analysed(series, code))
    return tuple(sorted(candidates, key=_rank)), tuple(outcomes)


def not_analysed(series: SeriesRef, code: str) -> SeriesOutcome:
    """The record that a series was left out, with the reason."""
    return SeriesOutcome(series.series_uid, "not-analysed", Refusal(code, refusal_text(code)))


def slices_of(series: SeriesRef) -> int:
    """Number of frames of a series, from its headers."""
    return sum(max(1, instance.header.frames) for instance in series.instances)


def _unfit(series: SeriesRef, modalities: frozenset[str]) -> str | None:
    headers = [instance.header for instance in series.instances]
    images = [header for header in headers if header.rows and header.columns]
    if series.ours or not images:
        return "no-images"
    if series.modality not in modalities:
        return "modality"
    types = {part for header in images for part in header.image_type.upper().split("\\")}
    if types & LOCALIZER or slices_of(series) < FEWEST_SLICES:
        return "not-a-volume"
    return None


def _rank(series: SeriesRef) -> tuple[bool, int, int, str]:
    derived = series.instances[0].header.image_type.upper().startswith("DERIVED")
    number = int(series.number) if series.number.isdecimal() else 1 << 30
    return derived, -slices_of(series), number, series.series_uid
