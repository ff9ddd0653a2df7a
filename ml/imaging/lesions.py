"""Connected lesions and their measurements, in patient coordinates.

Lengths follow RECIST 1.1: the longest in-plane diameter of the lesion, and the longest one
perpendicular to it in the same slice. Diameters are taken between the outer corners of voxels, because
a lesion fills its voxels.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from ml.imaging.outline import outline_of
from ml.imaging.volume import Volume
from profiles.records import KeySlice, Lesion, Point
from profiles.uids import derived_uid

Floats = npt.NDArray[np.float64]

SMALLEST_ML: Final = 0.03
"""A component below this (about 4 mm across) is noise to the models that are run here."""
MIDLINE_MM: Final = 5.0
"""A centroid nearer to the midline than this has no side."""
_NEIGHBOURS: Final = np.ones((3, 3, 3), bool)


def connected_lesions(
    mask: npt.NDArray[np.bool_], voxel_ml: float, *, smallest_ml: float = SMALLEST_ML
) -> npt.NDArray[np.uint8]:
    """Number the 26-connected components of a mask, the largest first; at most 255.

    Parameters
    ----------
    mask : (slices, rows, columns) bool
    voxel_ml : float
        Volume of one voxel in millilitres.
    smallest_ml : float
        Components below it are dropped.
    """
    numbered = np.zeros(mask.shape, np.uint8)
    box = _bounds(mask)
    if box is None:
        return numbered
    components, count = ndimage.label(mask[box], structure=_NEIGHBOURS)
    sizes = np.bincount(components.ravel(), minlength=count + 1)[1:]
    order = [i + 1 for i in np.argsort(-sizes, kind="stable") if sizes[i] * voxel_ml >= smallest_ml]
    table = np.zeros(count + 1, np.uint8)
    for number, component in enumerate(order[:255], start=1):
        table[component] = number
    numbered[box] = table[components]
    return numbered


def _bounds(mask: npt.NDArray[np.bool_]) -> tuple[slice, slice, slice] | None:
    """Smallest box that holds everything marked: lesions are small, volumes are not."""
    slices = np.flatnonzero(mask.any(axis=(1, 2)))
    if not len(slices):
        return None
    plane = np.asarray(mask[int(slices[0]) : int(slices[-1]) + 1].any(axis=0))
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    first, second, third = (slice(int(a[0]), int(a[-1]) + 1) for a in (slices, rows, columns))
    return first, second, third


def measure_lesions(
    labels: npt.NDArray[np.uint8],
    scores: npt.NDArray[np.float32],
    volume: Volume,
    *,
    study_uid: str,
    model_name: str,
    midline_x_mm: float,
) -> tuple[Lesion, ...]:
    """Measure every lesion of a label map.

    Parameters
    ----------
    labels : (slices, rows, columns) uint8
        0 is background; lesions are numbered from 1.
    scores : (slices, rows, columns) float32
        Model output from 0 to 1.
    midline_x_mm : float
        LPS x of the head's midline.
    """
    boxes = ndimage.find_objects(labels)
    return tuple(
        _measure(number, box, labels, scores, volume, study_uid, model_name, midline_x_mm)
        for number, box in enumerate(boxes, start=1)
        if box is not None
    )


def _measure(
    number: int,
    box: tuple[slice, ...],
    labels: npt.NDArray[np.uint8],
    scores: npt.NDArray[np.float32],
    volume: Volume,
    study_uid: str,
    model_name: str,
    midline_x_mm: float,
) -> Lesion:
    mask = labels[box] == number
    start = np.array([part.start for part in box])
    indices = np.argwhere(mask) + start
    centroid = volume.to_lps(indices.mean(axis=0))[0]
    key, long_axis, short_axis = _axes(mask, start, volume)
    frame = volume.frames[key]
    rounded = "\\".join(f"{value:.0f}" for value in centroid)
    return Lesion(
        segment=number,
        tracking_uid=derived_uid("lesion", study_uid, model_name, rounded),
        tracking_id=f"Lesion {number}",
        score=round(float(scores[box][mask].mean()), 4),
        volume_ml=float(len(indices) * volume.voxel_ml),
        long_axis_mm=_length(long_axis),
        short_axis_mm=_length(short_axis),
        long_axis=_ends(long_axis),
        short_axis=_ends(short_axis),
        centroid=_point(centroid),
        laterality=_side(float(centroid[0]) - midline_x_mm),
        key_slice=KeySlice(frame.sop_uid, frame.frame),
        outline=tuple(
            _point(p)
            for p in volume.to_lps(np.insert(outline_of(labels[key] == number), 0, key, axis=1))
        ),
        notes=_notes(mask, volume),
    )


def _axes(
    mask: npt.NDArray[np.bool_], start: npt.NDArray[np.int_], volume: Volume
) -> tuple[int, Floats, Floats]:
    """Slice of the longest diameter, its end points and those of its perpendicular, (2, 3) LPS."""
    best: tuple[float, int, Floats] | None = None
    scale = np.array([volume.row_spacing_mm, volume.column_spacing_mm])
    for index in np.flatnonzero(mask.any(axis=(1, 2))).tolist():
        corners = _corners(mask[index])
        hull = corners[_hull(corners)]
        ends = _farthest(hull * scale)
        length = float(np.linalg.norm((hull[ends[0]] - hull[ends[1]]) * scale))
        if best is None or length > best[0]:
            best = (length, index, hull[list(ends)])
    if best is None:
        raise ValueError("a lesion without a voxel has no axis")
    _, index, long_ends = best
    short_ends = _perpendicular(mask[index], long_ends, scale)
    key = int(start[0]) + index

    def to_lps(points: Floats) -> Floats:
        return volume.to_lps(np.insert(points + start[1:], 0, key, axis=1))

    return key, to_lps(long_ends), to_lps(short_ends)


def _corners(plane: npt.NDArray[np.bool_]) -> Floats:
    """Outer corners of the border voxels of a plane, as fractional (row, column)."""
    border = plane & ~ndimage.binary_erosion(plane)
    centres = np.argwhere(border).astype(np.float64)
    offsets = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)])
    return np.unique((centres[:, None] + offsets).reshape(-1, 2), axis=0)


def _hull(points: Floats) -> npt.NDArray[np.int_]:
    try:
        vertices: npt.NDArray[np.int_] = ConvexHull(points).vertices
    except QhullError:
        return np.arange(len(points))
    return vertices


def _farthest(points: Floats) -> tuple[int, int]:
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    first, second = np.unravel_index(int(distances.argmax()), distances.shape)
    return int(first), int(second)


def _perpendicular(plane: npt.NDArray[np.bool_], long_ends: Floats, scale: Floats) -> Floats:
    """The longest chord across the lesion at right angles to the long axis.

    Chords are cut from the lesion's own border corners, strip by strip along the long axis.
    """
    direction = (long_ends[1] - long_ends[0]) * scale
    direction /= np.linalg.norm(direction)
    across = np.array([-direction[1], direction[0]])
    corners = _corners(plane)
    along, sideways = corners * scale @ direction, corners * scale @ across
    width = max(float(scale.min()), 1e-6)
    strips = np.floor((along - along.min()) / width).astype(int)
    best = (0.0, 0.0, 0.0, 0.0)
    for strip in np.unique(strips):
        inside = sideways[strips == strip]
        length = float(inside.max() - inside.min())
        if length > best[0]:
            middle = float(along[strips == strip].mean())
            best = (length, middle, float(inside.min()), float(inside.max()))
    _, middle, low, high = best
    ends = [middle * direction + side * across for side in (low, high)]
    return np.array(ends) / scale


def _notes(mask: npt.NDArray[np.bool_], volume: Volume) -> tuple[str, ...]:
    """Touching lesions merge into one component: say so instead of counting them as certain."""
    steps = max(1, round(2.0 / min(volume.row_spacing_mm, volume.column_spacing_mm)))
    structure = np.zeros((3, 3, 3), bool)
    structure[1, :, 1] = structure[1, 1, :] = True
    eroded = ndimage.binary_erosion(mask, structure=structure, iterations=steps)
    parts, count = ndimage.label(eroded, structure=_NEIGHBOURS)
    large = int((np.bincount(parts.ravel())[1:] > 0.15 * max(int(eroded.sum()), 1)).sum())
    return ("confluent: may be several lesions that touch",) if count > 1 and large > 1 else ()


def _side(offset_mm: float) -> str:
    if abs(offset_mm) < MIDLINE_MM:
        return "midline"
    return "left" if offset_mm > 0 else "right"


def _length(ends: Floats) -> float:
    return float(np.linalg.norm(ends[1] - ends[0]))


def _ends(ends: Floats) -> tuple[Point, Point]:
    return _point(ends[0]), _point(ends[1])


def _point(values: npt.ArrayLike) -> Point:
    x, y, z = (round(float(value), 3) for value in np.asarray(values))
    return (x, y, z)
