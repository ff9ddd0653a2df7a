"""What a model is worth on held-out phantoms, with patient-level bootstrap confidence intervals.

Everything is measured where a reader would look: on the grid of the acquired slices, after the whole
way through preprocessing, network and inverse mapping.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ml.imaging.infer import segment
from ml.imaging.lesions import connected_lesions
from ml.imaging.model import Model
from ml.imaging.phantom import Anatomy, Phantom, acquire
from ml.imaging.training_cases import draw_geometry

RESAMPLES: Final = 2000
FOUND_SHARE: Final = 0.1
"""A lesion counts as found when at least this share of it is marked."""
BINS: Final = 10

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class ScanResult:
    """One held-out scan, which is one head.

    Parameters
    ----------
    seed : int
    lesions, found, false_positives : int
    dice : float or None
        None when there is no lesion.
    volume_errors : tuple of float
        (measured - true) / true of every found lesion.
    bins : (BINS, 3) float
        Voxels, sum of scores, lesion voxels, by score.
    """

    seed: int
    lesions: int
    found: int
    false_positives: int
    dice: float | None
    volume_errors: tuple[float, ...]
    bins: NDArray[np.float64]


def evaluate(model: Model, seeds: Sequence[int], progress: Progress) -> dict[str, Any]:
    """Scan the heads of these seeds, segment them, and hold the masks against the truth.

    Returns
    -------
    dict
        Every figure as ``{"value", "low", "high"}`` (95 % interval over heads), beside counts.
    """
    scans = []
    for number, seed in enumerate(seeds, start=1):
        scans.append(score_scan(model, seed))
        progress(number, len(seeds), "held-out phantoms")
    with_lesions = [scan for scan in scans if scan.dice is not None]
    free = [scan for scan in scans if scan.lesions == 0]
    dices = [scan.dice for scan in with_lesions if scan.dice is not None]
    return {
        "heads": len(scans),
        "seeds": [int(seeds[0]), int(seeds[-1])],
        "lesions": sum(scan.lesions for scan in scans),
        "lesion_free_heads": len(free),
        "lesion_free_heads_flagged": sum(scan.false_positives > 0 for scan in free),
        "dice": bootstrap(with_lesions, _mean_dice),
        "dice_lowest": round(min(dices), 4) if dices else None,
        "lesion_sensitivity": bootstrap(with_lesions, _sensitivity),
        "false_positives_per_scan": bootstrap(scans, _false_positives),
        "volume_bias": bootstrap(with_lesions, _volume_bias),
        "volume_error_absolute": bootstrap(with_lesions, _volume_error),
        "calibration_error": bootstrap(with_lesions, _calibration_error),
        "worst": [_described(scan) for scan in sorted(with_lesions, key=_by_dice)[:3]],
    }


def score_scan(model: Model, seed: int) -> ScanResult:
    """Result of one head, scanned as its seed says."""
    geometry = draw_geometry(np.random.default_rng([seed, 3]))
    phantom = acquire(Anatomy(seed), geometry)
    scores = segment(model, phantom.voxels, phantom.affine, lambda *_: None)
    voxel_ml = abs(float(np.linalg.det(phantom.affine[:3, :3]))) / 1000
    marked = connected_lesions(scores.mask > 0, voxel_ml)
    truth, mask = phantom.labels > 0, marked > 0
    overlap, total = int((truth & mask).sum()), int(truth.sum()) + int(mask.sum())
    errors, found = _lesion_errors(phantom, marked, voxel_ml)
    hit = set(np.unique(marked[truth]).tolist())
    return ScanResult(
        seed=seed,
        lesions=len(phantom.lesions),
        found=found,
        false_positives=sum(number not in hit for number in range(1, int(marked.max()) + 1)),
        dice=2 * overlap / total if phantom.lesions else None,
        volume_errors=errors,
        bins=_bins(scores.scores, truth),
    )


def bootstrap(
    scans: Sequence[ScanResult], figure: Callable[[Sequence[ScanResult]], float]
) -> dict[str, float]:
    """A figure and its 95 % percentile interval; whole heads are drawn, never single lesions."""
    if not scans:
        return {}
    random = np.random.default_rng(0)
    draws = random.integers(0, len(scans), (RESAMPLES, len(scans)))
    values = [figure([scans[i] for i in draw]) for draw in draws]
    low, high = np.percentile(values, (2.5, 97.5))
    return {
        "value": round(figure(scans), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def _lesion_errors(
    phantom: Phantom, marked: NDArray[np.uint8], voxel_ml: float
) -> tuple[tuple[float, ...], int]:
    errors = []
    for number, lesion in enumerate(phantom.lesions, start=1):
        inside = phantom.labels == number
        counts = np.bincount(marked[inside], minlength=2)
        counts[0] = 0
        if counts.max() < FOUND_SHARE * inside.sum():
            continue
        volume = float((marked == counts.argmax()).sum()) * voxel_ml
        errors.append(volume / lesion.volume_ml - 1)
    return tuple(errors), len(errors)


def _bins(scores: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Reliability around the marked places: scores far from any lesion are trivially right."""
    near = ndimage.binary_dilation(truth, iterations=3) | (scores > 0.05)
    bins = np.minimum((scores[near] * BINS).astype(int), BINS - 1)
    return np.stack(
        [
            np.bincount(bins, minlength=BINS),
            np.bincount(bins, scores[near], minlength=BINS),
            np.bincount(bins, truth[near], minlength=BINS),
        ],
        axis=1,
    ).astype(np.float64)


def _mean_dice(scans: Sequence[ScanResult]) -> float:
    return float(np.mean([scan.dice for scan in scans if scan.dice is not None]))


def _sensitivity(scans: Sequence[ScanResult]) -> float:
    return sum(scan.found for scan in scans) / max(sum(scan.lesions for scan in scans), 1)


def _false_positives(scans: Sequence[ScanResult]) -> float:
    return sum(scan.false_positives for scan in scans) / len(scans)


def _volume_bias(scans: Sequence[ScanResult]) -> float:
    errors = [error for scan in scans for error in scan.volume_errors]
    return float(np.mean(errors)) if errors else 0.0


def _volume_error(scans: Sequence[ScanResult]) -> float:
    errors = [abs(error) for scan in scans for error in scan.volume_errors]
    return float(np.mean(errors)) if errors else 0.0


def _calibration_error(scans: Sequence[ScanResult]) -> float:
    total = np.sum([scan.bins for scan in scans], axis=0)
    return float(np.abs(total[:, 1] - total[:, 2]).sum() / max(total[:, 0].sum(), 1.0))


def _by_dice(scan: ScanResult) -> float:
    return 1.0 if scan.dice is None else scan.dice


def _described(scan: ScanResult) -> dict[str, Any]:
    return {
        "seed": scan.seed,
        "dice": round(_by_dice(scan), 4),
        "lesions": scan.lesions,
        "found": scan.found,
        "false_positives": scan.false_positives,
        "volume_errors": [round(error, 3) for error in scan.volume_errors],
    }
