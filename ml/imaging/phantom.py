"""Procedural brain MR phantoms: images without a patient whose lesions are known exactly.

A phantom is a continuous anatomy: tissue is a trilinear function of the patient coordinate, lesions
are closed analytic surfaces. An acquisition samples it on any affine grid, so the grid of training,
the grid of a DICOM series and the truth speak of the same lesions. Contrast resembles FLAIR: dark
fluid, bright fat, bright lesions, and bright small vessels and periventricular rims that are none.

Points are LPS millimetres; arrays are (slice, row, column); an affine maps (slice, row, column, 1).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, spatial

from ml.imaging.phantom_tissue import TABLE_ORIGIN_MM, TABLE_STEP_MM, Head, draw_head, render_tissue
from profiles.records import Point

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

TRUTH_STEP_MM: Final = 0.5
EDGE_MM: Final = 0.8
"""Half width of the blurred border between a lesion and its surrounding."""


@dataclass(frozen=True, slots=True)
class LesionTruth:
    """What is exactly known of one lesion.

    ``long_axis_mm`` is the longest diameter within a plane parallel to the acquired slices, as a
    reader measures it (RECIST 1.1); it therefore depends on the acquisition.
    """

    volume_ml: float
    long_axis_mm: float
    centroid: Point
    laterality: str


@dataclass(frozen=True)
class LesionShape:
    """A star-shaped surface: an ellipsoid whose radius swells and shrinks with the direction.

    Parameters
    ----------
    centre : (3,) float
        LPS mm.
    frame : (3, 3) float
        Rotation divided by the half axes: maps a millimetre offset to the unit sphere.
    swell : (8,) float
        Weights of the direction polynomials of degree 2 and 3.
    radius_mm, brightness : float
        Mean radius; intensity inside.
    """

    centre: Matrix
    frame: Matrix
    swell: Matrix
    radius_mm: float
    brightness: float

    def distance(self, points: Floats) -> Floats:
        """Approximate signed distance (mm) of points (3, ...); negative inside.

        The zero set is exact; elsewhere the distance is to first order, which is all that the
        blurred border and partial volume need.
        """
        offset = points - self.centre.reshape(3, *(1,) * (points.ndim - 1)).astype(np.float32)
        u = np.tensordot(self.frame.astype(np.float32), offset, axes=1)
        length = np.sqrt(np.einsum("i...,i...->...", u, u)) + np.float32(1e-6)
        x, y, z = u / length
        w = self.swell.astype(np.float32)
        surface = 1 + w[0] * x * y + w[1] * y * z + w[2] * x * z + w[3] * (x * x - y * y)
        surface += w[4] * (z * z - 1 / 3) + w[5] * x * y * z
        surface += w[6] * x * (x * x - 3 * y * y) + w[7] * z * (x * x - y * y)
        result: Floats = (length / surface - 1) * np.float32(self.radius_mm)
        return result

    @property
    def reach_mm(self) -> float:
        """No point of the lesion or its border is farther from the centre than this."""
        half_axes = 1 / np.linalg.norm(self.frame, axis=1)
        swell = 1 + float(np.abs(self.swell).sum())
        return float(half_axes.max()) * min(swell, 1.6) + 2 * EDGE_MM


@dataclass(frozen=True)
class Geometry:
    """How an acquisition cuts the head.

    Parameters
    ----------
    plane : str
        ``axial``, ``sagittal`` or ``coronal``: the plane before the tilt.
    shape : (slices, rows, columns)
    spacing : (between slices, between rows, between columns)
        Millimetres; slices are as thick as they are apart.
    tilt_deg : float
        Rotation about the row direction, and half of it about the column direction.
    reverse : bool
        Slices run against the right-handed normal.
    """

    plane: str
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    tilt_deg: float = 0.0
    reverse: bool = False

    @cached_property
    def affine(self) -> Matrix:
        """(slice, row, column, 1) to LPS mm, centred on the head."""
        axes = _PLANES[self.plane] @ _rotation(self.tilt_deg, self.tilt_deg / 2)
        columns = axes[:, ::-1] * np.asarray(self.spacing)  # slice, row, column directions
        if self.reverse:
            columns[:, 0] = -columns[:, 0]
        affine = np.eye(4)
        affine[:3, :3] = columns
        affine[:3, 3] = -columns @ ((np.asarray(self.shape) - 1) / 2)
        return affine


_PLANES: Final[dict[str, Matrix]] = {
    # columns: direction of increasing column, of increasing row, slice normal (PS3.3 C.7.6.2.1.1)
    "axial": np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]).T,
    "coronal": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).T,
    "sagittal": np.array([[0.0, 1, 0], [0, 0, -1], [-1, 0, 0]]).T,
}

OBLIQUE: Final = Geometry("axial", (53, 192, 160), (3.0, 1.0, 1.0), tilt_deg=12.0)

GEOMETRIES: Final[dict[str, Geometry]] = {
    "axial": Geometry("axial", (53, 192, 160), (3.0, 1.0, 1.0)),
    "sagittal": Geometry("sagittal", (54, 160, 200), (3.0, 1.0, 1.0)),
    "coronal": Geometry("coronal", (66, 160, 160), (3.0, 1.0, 1.0)),
    "oblique": OBLIQUE,
    "reversed": Geometry("axial", (53, 192, 160), (3.0, 1.0, 1.0), tilt_deg=12.0, reverse=True),
    "thick": Geometry("axial", (32, 192, 160), (5.0, 1.0, 1.0), tilt_deg=6.0),
}
"""The acquisitions under which measurements are held against the truth."""


@dataclass(frozen=True)
class Phantom:
    """One acquired phantom.

    Parameters
    ----------
    voxels : uint16 (slices, rows, columns)
    labels : uint8, same shape
        Number of the lesion at the centre of the voxel, from 1; 0 is background.
    affine : float64 (4, 4)
    spacing : (between slices, between rows, between columns), mm
    lesions : tuple of LesionTruth
        In the order of their numbers; empty when they were not measured.
    """

    voxels: NDArray[np.uint16]
    labels: NDArray[np.uint8]
    affine: Matrix
    spacing: tuple[float, float, float]
    lesions: tuple[LesionTruth, ...]


class Anatomy:
    """A head that can be sampled anywhere.

    Parameters
    ----------
    seed : int
        Same seed, same head.
    lesions : int, optional
        How many lesions; drawn from 0 to 3 (0 in one of five heads) when not given.
    """

    def __init__(self, seed: int, lesions: int | None = None) -> None:
        random = np.random.default_rng([seed, 1])
        self.seed = seed
        self.head: Head = draw_head(random)
        self._tissue = render_tissue(self.head, random)
        wanted = int(random.choice(4, p=(0.2, 0.35, 0.3, 0.15))) if lesions is None else lesions
        self.lesions = _draw_lesions(random, self.head, wanted)

    def intensity(self, affine: Matrix, shape: tuple[int, int, int], samples: int = 3) -> Floats:
        """Signal without noise; every slice is the mean of ``samples`` planes across its thickness."""
        total = np.zeros(shape, np.float32)
        for part in range(samples):
            shift = (part + 0.5) / samples - 0.5
            total += self._plane_signal(_shifted(affine, (shift, 0.0, 0.0)), shape)
        return total / np.float32(samples)

    def labels(self, affine: Matrix, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Lesion number at every voxel centre, from 1; 0 is background."""
        result = np.zeros(shape, np.uint8)
        for number, lesion in enumerate(self.lesions, start=1):
            box, points = _box(affine, shape, lesion)
            result[box][lesion.distance(points) < 0] = number
        return result

    def occupancy(self, affine: Matrix, shape: tuple[int, int, int]) -> Floats:
        """Fraction of every voxel that is lesion, to first order, 0 to 1."""
        width = np.float32(np.cbrt(abs(np.linalg.det(affine[:3, :3]))))
        result = np.zeros(shape, np.float32)
        for lesion in self.lesions:
            box, points = _box(affine, shape, lesion)
            part = np.clip(0.5 - lesion.distance(points) / width, 0, 1)
            result[box] = np.maximum(result[box], part)
        return result

    def truth(self, normal: Matrix) -> tuple[LesionTruth, ...]:
        """Measurements of every lesion, for slices with this unit normal."""
        return tuple(_measure(lesion, normal, self.head.midline_mm) for lesion in self.lesions)

    def _plane_signal(self, affine: Matrix, shape: tuple[int, int, int]) -> Floats:
        to_table = np.linalg.inv(_table_affine()) @ affine
        signal: Floats = ndimage.affine_transform(
            self._tissue, to_table[:3, :3], to_table[:3, 3], shape, order=1, cval=0.0
        )
        for lesion in self.lesions:
            box, points = _box(affine, shape, lesion)
            inside = np.clip(0.5 - lesion.distance(points) / np.float32(2 * EDGE_MM), 0, 1)
            signal[box] += inside * (np.float32(lesion.brightness) - signal[box])
        return signal


def acquire(anatomy: Anatomy, geometry: Geometry, *, measure: bool = True) -> Phantom:
    """Scan an anatomy: coil bias, Rician noise, 12-bit integers.

    The noise follows from the seed of the anatomy, so the same call gives the same voxels. The
    measurements of the lesions are left out when ``measure`` is false.
    """
    random = np.random.default_rng([anatomy.seed, 2])
    affine = geometry.affine
    signal = anatomy.intensity(affine, geometry.shape)
    signal *= _bias(random, geometry.shape)
    sigma = np.float32(random.uniform(0.012, 0.03))
    real = signal + sigma * random.standard_normal(geometry.shape, dtype=np.float32)
    imaginary = sigma * random.standard_normal(geometry.shape, dtype=np.float32)
    gain = random.uniform(500, 1600)
    voxels = np.clip(np.rint(np.hypot(real, imaginary) * gain), 0, 4095).astype(np.uint16)
    normal = np.cross(affine[:3, 2], affine[:3, 1])
    lesions = anatomy.truth(normal / np.linalg.norm(normal)) if measure else ()
    labels = anatomy.labels(affine, geometry.shape)
    return Phantom(voxels, labels, affine, geometry.spacing, lesions)


def demo_phantom(seed: int, geometry: Geometry = OBLIQUE) -> Phantom:
    """The phantom of the demonstration: one or two lesions, an oblique series unless told otherwise."""
    return acquire(Anatomy(seed, lesions=1 + seed % 2), geometry)


def _draw_lesions(random: np.random.Generator, head: Head, wanted: int) -> tuple[LesionShape, ...]:
    """Lesions inside the brain, clear of the midline, the ventricles and each other."""
    found: list[LesionShape] = []
    for _ in range(400):
        if len(found) == wanted:
            break
        lesion = _draw_lesion(random, head)
        apart = all(
            np.linalg.norm(lesion.centre - other.centre) > lesion.reach_mm + other.reach_mm + 5
            for other in found
        )
        if apart and head.holds(lesion.centre, lesion.reach_mm):
            found.append(lesion)
    return tuple(sorted(found, key=lambda lesion: -lesion.radius_mm))


def _draw_lesion(random: np.random.Generator, head: Head) -> LesionShape:
    radius = random.uniform(8.0, 15.0)
    stretch = np.exp(random.normal(0, 0.12, 3))
    stretch /= np.cbrt(stretch.prod())
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    centre = (random.uniform(-1, 1, 3) * 0.75 * head.radii_mm) + head.centre
    frame = rotation / (radius * stretch)[:, None]
    return LesionShape(
        centre, frame, random.normal(0, 0.09, 8), radius, float(random.uniform(0.82, 1.05))
    )


def _measure(lesion: LesionShape, normal: Matrix, midline_mm: float) -> LesionTruth:
    """Volume, centroid and longest in-plane diameter on a fine grid aligned to the slices."""
    helper = np.eye(3)[int(np.argmin(np.abs(normal)))]
    across = np.cross(normal, helper)
    across /= np.linalg.norm(across)
    axes = np.stack([normal, across, np.cross(normal, across)], axis=1)
    count = 2 * math.ceil(lesion.reach_mm / TRUTH_STEP_MM) + 1
    affine = np.eye(4)
    affine[:3, :3] = axes * TRUTH_STEP_MM
    affine[:3, 3] = lesion.centre - affine[:3, :3] @ np.full(3, (count - 1) / 2)
    points = _points(affine, [np.arange(count)] * 3)
    inside = lesion.distance(points) < 0
    centroid = points[:, inside].mean(axis=1, dtype=np.float64)
    diameters = [_diameter(plane) for plane in inside if plane.sum() >= 3]
    x = float(centroid[0]) - midline_mm
    return LesionTruth(
        volume_ml=float(inside.sum()) * TRUTH_STEP_MM**3 / 1000,
        long_axis_mm=max(diameters) * TRUTH_STEP_MM,
        centroid=(float(centroid[0]), float(centroid[1]), float(centroid[2])),
        laterality="left" if x > 0 else "right",
    )


def _diameter(plane: NDArray[np.bool_]) -> float:
    places = np.argwhere(plane).astype(np.float64)
    if np.ptp(places, axis=0).min() > 0:
        places = places[spatial.ConvexHull(places).vertices]
    return float(spatial.distance.pdist(places).max()) + 1


def _box(
    affine: Matrix, shape: tuple[int, int, int], lesion: LesionShape
) -> tuple[tuple[slice, slice, slice], Floats]:
    """Part of the grid that a lesion can touch, and the points (3, ...) of that part."""
    inverse = np.linalg.inv(affine)
    centre = inverse[:3, :3] @ lesion.centre + inverse[:3, 3]
    reach = np.linalg.norm(inverse[:3, :3], axis=1) * (lesion.reach_mm + 4) + 1
    low = np.clip(np.floor(centre - reach), 0, shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, 0, shape).astype(int)
    ranges = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    return box, _points(affine, ranges)


def _points(affine: Matrix, ranges: list[NDArray[Any]]) -> Floats:
    index = np.stack(np.meshgrid(*ranges, indexing="ij")).astype(np.float32)
    offset = affine[:3, 3].astype(np.float32).reshape(3, 1, 1, 1)
    points: Floats = np.tensordot(affine[:3, :3].astype(np.float32), index, axes=1) + offset
    return points


def _shifted(affine: Matrix, index: tuple[float, float, float]) -> Matrix:
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ np.asarray(index)
    return moved


def _table_affine() -> Matrix:
    affine = np.diag([TABLE_STEP_MM, TABLE_STEP_MM, TABLE_STEP_MM, 1.0])
    affine[:3, 3] = TABLE_ORIGIN_MM
    return affine


def _bias(random: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    """Smooth gain of the receive coil: the exponential of a quadratic in the array coordinates."""
    z, y, x = np.ogrid[tuple(slice(-1, 1, complex(0, n)) for n in shape)]
    w = random.normal(0, 0.08, 6)
    exponent = w[0] * x + w[1] * y + w[2] * z + w[3] * x * x + w[4] * y * y + w[5] * z * z
    gain: Floats = np.exp(exponent).astype(np.float32)
    return gain


def _rotation(about_row_deg: float, about_column_deg: float) -> Matrix:
    a, b = math.radians(about_row_deg), math.radians(about_column_deg)
    first = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    second = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    rotation: Matrix = first @ second
    return rotation
