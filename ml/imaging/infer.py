"""From a volume to scores on its own grid: preprocess, forward, and one inverse mapping of the logits.

The inverse never builds class volumes at full resolution. The single logit channel is interpolated
straight onto the source grid, slab by slab, and only where it can exceed the threshold: a trilinear
value is never above its largest neighbour, so everything outside that box is known to be background.
"""

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from ml.imaging.model import Model
from ml.imaging.network import STRIDE
from ml.imaging.preprocess import Prepared, prepare
from profiles.outcome import OperationOutcomeError

MEMORY_LIMIT: Final = 4 * 1024**3
WHOLE_LIMIT: Final = 1024**3
"""Activations of one pass may take this much; larger volumes are tiled."""
SOURCE_COPIES: Final = 4
"""Arrays of the size of the source, in float32, that live at once: volume, input, scores and a spare."""
SLAB: Final = 8
OUTSIDE: Final = -30.0

Progress = Callable[[int, int, str], None]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Scores:
    """What the network says on the source grid.

    Parameters
    ----------
    mask : uint8 (slices, rows, columns)
        1 where the score reaches the bundle's threshold.
    scores : float32, same shape
        Sigmoid of the logit inside the box that holds the mask, 0 elsewhere.
    highest : float
        Highest score anywhere in the volume.
    tiled : bool
        Whether the volume went through in windows.
    trace : dict
        Seconds per stage.
    """

    mask: NDArray[np.uint8]
    scores: NDArray[np.float32]
    highest: float
    tiled: bool
    trace: dict[str, float] = field(default_factory=dict)


def needed_bytes(shape: tuple[int, int, int], affine: NDArray[np.float64], model: Model) -> int:
    """Bound on the memory of ``segment``, from the header alone: source copies, grid and activations."""
    source = math.prod(shape)
    grid = _grid_voxels(shape, affine, model)
    passed = min(grid * model.bytes_per_voxel, WHOLE_LIMIT)
    return int(source * 4 * SOURCE_COPIES + grid * 4 * 6 + passed)


def segment(
    model: Model, voxels: NDArray[Any], affine: NDArray[np.float64], progress: Progress
) -> Scores:
    """Score every voxel of a volume.

    Parameters
    ----------
    voxels : (slices, rows, columns)
    affine : float64 (4, 4)
        (slice, row, column, 1) to LPS mm.

    Raises
    ------
    OperationOutcomeError
        ``too-costly``: the volume would need more memory than the limit; ``business-rule``:
        preprocessing left nothing of it.
    """
    shape = (voxels.shape[0], voxels.shape[1], voxels.shape[2])
    if needed_bytes(shape, affine, model) > MEMORY_LIMIT:
        raise OperationOutcomeError("too-costly", "the volume needs more memory than the limit")
    trace: dict[str, float] = {}
    started = time.perf_counter()
    prepared = prepare(voxels, affine, model.transforms)
    trace["preprocess"] = time.perf_counter() - started
    if min(prepared.image.shape) == 0 or not bool(
        (prepared.image != prepared.image.flatten()[0]).any()
    ):
        raise OperationOutcomeError("business-rule", "preprocessing left nothing of the volume")
    started = time.perf_counter()
    logits, tiled = forward(model, prepared.image, progress)
    trace["forward"] = time.perf_counter() - started
    started = time.perf_counter()
    mask, scores = map_back(logits, prepared, affine, shape, model.bundle.head.threshold)
    highest = float(torch.sigmoid(logits.max()))
    trace["inverse"] = time.perf_counter() - started
    return Scores(mask, scores, highest, tiled, trace)


def forward(model: Model, image: torch.Tensor, progress: Progress) -> tuple[torch.Tensor, bool]:
    """Logits (X, Y, Z) of an image (1, X, Y, Z), and whether it was tiled."""
    voxels = math.prod(n + -n % STRIDE for n in image.shape[1:])
    if not model.fixed_window and voxels * model.bytes_per_voxel <= WHOLE_LIMIT:
        progress(0, 1, "windows")
        logits = model.forward(image)
        progress(1, 1, "windows")
        return logits, False
    return in_windows(model, image, progress), True


def in_windows(model: Model, image: torch.Tensor, progress: Progress) -> torch.Tensor:
    """Overlapping windows, blended with weights that fall towards their borders."""
    size = model.window
    shape = tuple(image.shape[1:])
    missing = [max(n - m, 0) for n, m in zip(size, shape, strict=True)]
    image = torch.nn.functional.pad(image, [0, missing[2], 0, missing[1], 0, missing[0]])
    weight = _window_weight(size)
    total = torch.zeros(image.shape[1:])
    weights = torch.zeros(image.shape[1:])
    starts = [
        _starts(n, m, model.bundle.window.overlap)
        for n, m in zip(image.shape[1:], size, strict=True)
    ]
    places = list(itertools.product(*starts))
    for number, place in enumerate(places, start=1):
        x, y, z = (slice(a, a + n) for a, n in zip(place, size, strict=True))
        logits = model.forward(image[:, x, y, z]).cpu()
        total[x, y, z] += logits * weight
        weights[x, y, z] += weight
        progress(number, len(places), "windows")
    total /= weights
    return total[: shape[0], : shape[1], : shape[2]]


def _starts(length: int, window: int, overlap: float) -> list[int]:
    step = max(int(window * (1 - overlap)), 1)
    count = max(math.ceil((length - window) / step), 0) + 1
    return sorted({min(number * step, length - window) for number in range(count)})


def _window_weight(size: tuple[int, int, int]) -> torch.Tensor:
    axes = []
    for n in size:
        distance = (torch.arange(n) - (n - 1) / 2) / (n * 0.125 * 2)
        axes.append(torch.exp(-0.5 * distance.square()).clamp_min(1e-3))
    return axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]


def map_back(
    logits: torch.Tensor,
    prepared: Prepared,
    affine: NDArray[np.float64],
    shape: tuple[int, int, int],
    threshold: float,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Mask and scores on the source grid out of logits on the network's grid.

    Parameters
    ----------
    logits : tensor (X, Y, Z)
    prepared : Prepared
        Its affine says where the logits lie.
    affine, shape
        The source grid: (slice, row, column, 1) to LPS mm.
    threshold : float
        Score, 0 to 1.
    """
    mask = np.zeros(shape, np.uint8)
    scores = np.zeros(shape, np.float32)
    limit = math.log(threshold / (1 - threshold))
    to_grid = np.linalg.inv(prepared.affine) @ affine
    box = _box_above(logits > limit, to_grid, shape)
    if box is None:
        return mask, scores
    source = (logits - OUTSIDE)[None, None]
    for start in range(box[0].start, box[0].stop, SLAB):
        slab = (slice(start, min(start + SLAB, box[0].stop)), box[1], box[2])
        grid = _sampling_grid(to_grid, slab, tuple(logits.shape)).to(logits.device)
        sampled = torch.nn.functional.grid_sample(source, grid, align_corners=True)[0, 0] + OUTSIDE
        mask[slab] = (sampled >= limit).to(torch.uint8).cpu().numpy()
        scores[slab] = torch.sigmoid(sampled).cpu().numpy()
    return mask, scores


def _box_above(
    above: torch.Tensor, to_grid: NDArray[np.float64], shape: tuple[int, int, int]
) -> Box | None:
    """Smallest box of the source grid outside of which nothing can be above the threshold."""
    ranges = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        touched = torch.nonzero(above.any(dim=others[1]).any(dim=others[0]))
        if not len(touched):
            return None
        ranges.append((int(touched[0]) - 1.0, int(touched[-1]) + 1.0))
    corners = np.array([(*corner, 1.0) for corner in itertools.product(*ranges)])
    places = (np.linalg.inv(to_grid) @ corners.T)[:3]
    low = np.clip(np.floor(places.min(1)), 0, shape).astype(int)
    high = np.clip(np.ceil(places.max(1)) + 1, 0, shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))  # type: ignore[return-value]


def _sampling_grid(to_grid: NDArray[np.float64], slab: Box, size: tuple[int, ...]) -> torch.Tensor:
    """Normalised coordinates (1, s, r, c, 3) of the slab's voxels, last axis first as torch wants it."""
    scale = np.array([2 / max(n - 1, 1) for n in size])
    matrix = to_grid[:3, :3] * scale[:, None]
    offset = to_grid[:3, 3] * scale - 1
    axes = [torch.arange(part.start, part.stop, dtype=torch.float32) for part in slab]
    coordinates = []
    for axis in (2, 1, 0):
        row = [float(value) for value in matrix[axis]]
        place = axes[0][:, None, None] * row[0] + axes[1][None, :, None] * row[1]
        coordinates.append(place + axes[2][None, None, :] * row[2] + float(offset[axis]))
    return torch.stack(coordinates, dim=-1)[None]


def _grid_voxels(shape: tuple[int, int, int], affine: NDArray[np.float64], model: Model) -> float:
    """Voxels of the network's grid before any crop."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    extent = float(np.prod(spacing * shape))
    voxel = model.voxel_mm3
    return extent / voxel if voxel else float(math.prod(shape))
