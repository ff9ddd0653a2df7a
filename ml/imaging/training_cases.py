"""Training material: phantom heads scanned in many ways and put on the network's grid.

Every head is scanned once, with a random plane, tilt, slice thickness and resolution, and goes
through the same preprocessing as a series of a patient would. The target is the lesion's share of each voxel,
taken from the continuous anatomy on the very grid on which the network sees the image.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from ml.imaging.phantom import Anatomy, Geometry, acquire
from ml.imaging.preprocess import prepare

FIELD_MM: Final = {
    "axial": (158, 192, 164),
    "coronal": (196, 160, 164),
    "sagittal": (162, 162, 198),
}
"""Extent of a scan between slices, rows and columns, by plane."""


@dataclass(frozen=True)
class Case:
    """One scanned head on the network's grid.

    Parameters
    ----------
    image, target : float32 tensor (1, X, Y, Z)
        Normalised signal; share of lesion, 0 to 1.
    """

    image: torch.Tensor
    target: torch.Tensor


def draw_geometry(random: np.random.Generator) -> Geometry:
    """A scan as a site might order it: plane, tilt, 2 to 5 mm slices, 1 to 1.4 mm pixels."""
    plane = str(random.choice(["axial", "axial", "coronal", "sagittal"]))
    pixel = float(random.uniform(1.0, 1.4))
    between = float(random.choice([2.0, 3.0, 3.0, 4.0, 5.0]))
    slices, rows, columns = FIELD_MM[plane]
    shape = (round(slices / between), round(rows / pixel), round(columns / pixel))
    return Geometry(
        plane,
        shape,
        (between, pixel, pixel),
        tilt_deg=float(random.uniform(-15, 15)),
        reverse=bool(random.integers(2)),
    )


def make_case(seed: int, transforms: Sequence[Any]) -> Case:
    """Scan the head of this seed and prepare it."""
    anatomy = Anatomy(seed)
    geometry = draw_geometry(np.random.default_rng([seed, 3]))
    phantom = acquire(anatomy, geometry, measure=False)
    prepared = prepare(phantom.voxels, phantom.affine, transforms)
    _, *shape = prepared.image.shape
    target = anatomy.occupancy(prepared.affine, (shape[0], shape[1], shape[2]))
    return Case(prepared.image, torch.from_numpy(target)[None])


def make_cases(
    seeds: Sequence[int], transforms: Sequence[Any], progress: Callable[[int, int, str], None]
) -> list[Case]:
    """Cases of several seeds, in their order."""
    cases = []
    for number, seed in enumerate(seeds, start=1):
        cases.append(make_case(seed, transforms))
        progress(number, len(seeds), "phantoms")
    return cases


class PatchSampler:
    """Draws training patches: every second one around a lesion, the others anywhere.

    Parameters
    ----------
    cases : list of Case
    size : (3,) int
    seed : int
        Same seed, same patches.
    """

    def __init__(self, cases: Sequence[Case], size: tuple[int, int, int], seed: int) -> None:
        self._cases = cases
        self._size = np.asarray(size)
        self._random = np.random.default_rng([seed, 4])
        self._places = [np.argwhere(case.target[0].numpy() > 0.5) for case in cases]
        self._positive = [n for n, places in enumerate(self._places) if len(places)]

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and targets (count, 1, *size), mirrored left to right at random."""
        drawn = [self._patch(around_lesion=bool(n % 2)) for n in range(count)]
        images, targets = zip(*drawn, strict=True)
        return torch.stack(images), torch.stack(targets)

    def _patch(self, *, around_lesion: bool) -> tuple[torch.Tensor, torch.Tensor]:
        random = self._random
        pool: Sequence[int] = self._positive if around_lesion else range(len(self._cases))
        number = int(pool[int(random.integers(len(pool)))])
        case = self._cases[number]
        shape = np.asarray(case.image.shape[1:])
        spare = np.maximum(shape - self._size, 0)
        if around_lesion:
            places = self._places[number]
            middle = places[int(random.integers(len(places)))]
            start = middle - self._size // 2 + random.integers(-12, 13, 3)
        else:
            start = random.integers(0, spare + 1)
        start = np.clip(start, 0, spare)
        image, target = (self._cut(tensor, start) for tensor in (case.image, case.target))
        image = image * float(random.uniform(0.9, 1.1)) + float(random.uniform(-0.1, 0.1))
        if random.integers(2):
            image, target = image.flip(1), target.flip(1)
        return image, target

    def _cut(self, tensor: torch.Tensor, start: Any) -> torch.Tensor:
        parts = [slice(int(a), int(a + n)) for a, n in zip(start, self._size, strict=True)]
        patch = tensor[:, parts[0], parts[1], parts[2]]
        missing = [int(n - m) for n, m in zip(self._size, patch.shape[1:], strict=True)]
        padding = [0, missing[2], 0, missing[1], 0, missing[0]]
        return torch.nn.functional.pad(patch, padding)
