"""The tissue of the procedural head: where fat, bone, fluid, grey and white matter lie.

It is rendered once per head on a 2 mm table in patient coordinates (x, y, z; LPS mm); whatever lies
between the entries is their trilinear interpolation, which makes the tissue a continuous function.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

TABLE_STEP_MM: Final = 2.0
TABLE_SHAPE: Final = (88, 108, 96)
TABLE_ORIGIN_MM: Final = tuple(-(n - 1) / 2 * TABLE_STEP_MM for n in TABLE_SHAPE)

# Signal relative to fat; the order of a FLAIR image
AIR, FLUID, BONE, FAT = 0.0, 0.12, 0.06, 0.85
GREY, WHITE, NUCLEI = 0.60, 0.48, 0.55


@dataclass(frozen=True)
class Head:
    """Size and place of one head.

    Parameters
    ----------
    centre : (3,) float
        Centre of the brain, LPS mm.
    radii_mm : (3,) float
        Half axes of the brain: left-right, front-back, head-feet.
    ventricle_mm : (3,) float
        Half axes of one lateral ventricle.
    """

    centre: Matrix
    radii_mm: Matrix
    ventricle_mm: Matrix

    @property
    def midline_mm(self) -> float:
        """X of the interhemispheric plane."""
        return float(self.centre[0])

    def holds(self, point: Matrix, reach_mm: float) -> bool:
        """Whether a ball lies in one hemisphere's parenchyma, clear of skull and ventricles."""
        offset = point - self.centre
        shrunk = self.radii_mm * 0.93 - reach_mm
        if shrunk.min() <= 0 or float(((offset / shrunk) ** 2).sum()) > 1:
            return False
        if abs(offset[0]) < reach_mm + 2:
            return False
        grown = self.ventricle_mm + reach_mm * 0.75
        from_ventricle = offset - np.sign(offset[0]) * np.array([self.ventricle_mm[0] + 2, 0, 0])
        return float(((from_ventricle / grown) ** 2).sum()) > 1


def draw_head(random: np.random.Generator) -> Head:
    """A head of adult size near the origin."""
    return Head(
        centre=random.uniform(-4, 4, 3),
        radii_mm=np.array([62.0, 76.0, 62.0]) * random.uniform(0.95, 1.05, 3),
        ventricle_mm=np.array([6.5, 24.0, 9.0]) * random.uniform(0.75, 1.3, 3),
    )


def render_tissue(head: Head, random: np.random.Generator) -> Floats:
    """Signal (x, y, z) on the table: head, brain, ventricles and everything bright that is no lesion."""
    x, y, z = _offsets(head)
    smooth = _noise(random, 7.0)
    folds = _noise(random, 1.6)
    radii = head.radii_mm.astype(np.float32)
    rho = np.sqrt((x / radii[0]) ** 2 + (y / radii[1]) ** 2 + (z / radii[2]) ** 2) + 0.02 * smooth
    tissue = _layers(rho, folds)
    brain = rho < 0.99
    _hemispheres(tissue, head, (x, y, z), (rho, smooth))
    _vessels(tissue, brain & (rho > 0.3), random)
    tissue[brain] += 0.012 * _noise(random, 0.7)[brain]
    _orbits(tissue, head, random)
    smoothed: Floats = ndimage.gaussian_filter(tissue, 0.45)
    return smoothed


def _layers(rho: Floats, folds: Floats) -> Floats:
    """Air, scalp, bone, fluid, folded cortex and white matter, from outside to inside."""
    tissue = np.zeros(rho.shape, np.float32)
    tissue[rho < 1.20] = FAT
    tissue[rho < 1.135] = BONE
    tissue[rho < 1.04] = FLUID
    tissue[rho < 0.99] = GREY
    tissue[(rho > 0.88) & (rho < 1.0) & (folds > 1.1)] = FLUID
    tissue[rho + 0.05 * folds < 0.85] = WHITE
    return tissue


def _hemispheres(
    tissue: Floats,
    head: Head,
    offsets: tuple[Floats, Floats, Floats],
    fields: tuple[Floats, Floats],
) -> None:
    """Fissure, deep nuclei, and ventricles with their thin bright rim."""
    x, y, z = offsets
    rho, smooth = fields
    tissue[(np.abs(x) < 1.6) & (rho > 0.45) & (rho < 1) & (z > -20)] = FLUID
    a, b, c = head.ventricle_mm.astype(np.float32)
    side = np.abs(x)
    nucleus = ((side - 24) / 9) ** 2 + ((y + 4) / 16) ** 2 + ((z + 6) / 11) ** 2
    tissue[nucleus + 0.1 * smooth < 1] = NUCLEI
    bend = side - a - 2 - 0.004 * y * y * 0.25
    ventricle = (bend / a) ** 2 + (y / b) ** 2 + (z / c) ** 2 + 0.12 * smooth
    tissue[ventricle < 1.35] = 0.72
    tissue[ventricle < 1] = FLUID


def _vessels(tissue: Floats, where: NDArray[np.bool_], random: np.random.Generator) -> None:
    """Bright dots and threads, 1.5 to 3 mm thick: what the network must not take for a lesion."""
    places = np.argwhere(where)
    marks = np.zeros(tissue.shape, bool)
    for _ in range(int(random.integers(5, 10))):
        place = places[random.integers(len(places))].astype(np.float64)
        heading = random.normal(size=3)
        for _ in range(int(random.choice((1, 2, 14)))):
            index = tuple(np.clip(np.rint(place).astype(int), 0, np.subtract(marks.shape, 1)))
            marks[index] = True
            heading = heading / np.linalg.norm(heading) + random.normal(0, 0.25, 3)
            place = place + heading / np.linalg.norm(heading)
    marks = marks & where
    tissue[marks] = np.float32(random.uniform(0.8, 1.1))


def _orbits(tissue: Floats, head: Head, random: np.random.Generator) -> None:
    """Two bright balls before the brain: fat of the orbits."""
    x, y, z = _offsets(head)
    radius = np.float32(random.uniform(9, 13))
    front = np.float32(head.radii_mm[1] * 1.02)
    ball = (np.abs(x) - 30) ** 2 + (y + front) ** 2 + (z + 34) ** 2
    tissue[ball < radius**2] = FAT


def _offsets(head: Head) -> tuple[Floats, Floats, Floats]:
    axes = [
        (start + TABLE_STEP_MM * np.arange(count) - middle).astype(np.float32)
        for start, count, middle in zip(TABLE_ORIGIN_MM, TABLE_SHAPE, head.centre, strict=True)
    ]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    return x, y, z


def _noise(random: np.random.Generator, sigma: float) -> Floats:
    """Smooth Gaussian field of unit variance; sigma in table steps."""
    field = random.standard_normal(TABLE_SHAPE, dtype=np.float32)
    field = ndimage.gaussian_filter(field, sigma, mode="wrap", truncate=3.0)
    scaled: Floats = field / field.std()
    return scaled
