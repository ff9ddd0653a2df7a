"""Strict volume builder: slices become a volume only when their geometry proves that they are one.

Slices are ordered by position along the normal; Instance Number is no order and Slice Thickness is no
spacing (PS3.3 C.7.6.2). A gap, a duplicate, a tilt or mixed geometry is refused with a coded reason,
because a volume built over it gives confident wrong millilitres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.imaging.frames import Frame, read_frames
from ml.imaging.pixels import decode_frame
from ml.imaging.refusal import Refused
from ml.imaging.select import FEWEST_SLICES
from profiles.label_map import pack_voxels
from profiles.records import FrameGeometry, LabelMap, Point, SeriesRef

__all__ = ["Refused", "Volume", "build_volume", "label_map"]

# A position is written with about 1e-3 mm; scanners' own rounding reaches a few hundredths.
POSITION_TOLERANCE_MM: Final = 0.02
SPACING_TOLERANCE: Final = 0.01
"""Share of the slice spacing by which two distances may differ."""
COSINE_TOLERANCE: Final = 1e-3
"""Difference of a direction cosine: 0.06 degrees."""
SHEAR_TOLERANCE: Final = 0.02
"""Sideways step per step along the normal: 1.1 degrees of gantry tilt."""


@dataclass(frozen=True)
class Volume:
    """One regular stack of slices.

    Parameters
    ----------
    voxels : (slices, rows, columns) float32
        Rescaled values; larger is brighter.
    valid : (slices, rows, columns) bool or None
        False where the sender padded.
    frames : tuple of FrameGeometry
        One per slice, along the growing normal.
    orientation : (6,) float
        Image Orientation (Patient).
    affine : (4, 4) float64
        (slice, row, column, 1) to LPS millimetres.
    """

    voxels: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_] | None
    frames: tuple[FrameGeometry, ...]
    orientation: tuple[float, float, float, float, float, float]
    row_spacing_mm: float
    column_spacing_mm: float
    slice_spacing_mm: float
    frame_of_reference_uid: str
    series_uid: str
    modality: str
    affine: npt.NDArray[np.float64]

    @property
    def spacing_mm(self) -> Point:
        """Distance between voxel centres along slice, row and column axis."""
        return (self.slice_spacing_mm, self.row_spacing_mm, self.column_spacing_mm)

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return self.slice_spacing_mm * self.row_spacing_mm * self.column_spacing_mm / 1000

    def to_lps(self, index: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Points (n, 3) in LPS millimetres of fractional (slice, row, column) indices (n, 3)."""
        points = np.atleast_2d(np.asarray(index, dtype=np.float64))
        moved: npt.NDArray[np.float64] = points @ self.affine[:3, :3].T + self.affine[:3, 3]
        return moved


def build_volume(series: SeriesRef, *, max_bytes: int) -> Volume:
    """Build the volume of a series, or refuse it.

    Parameters
    ----------
    series : SeriesRef
        Its instances, in any order; single-frame or Enhanced multi-frame.
    max_bytes : int
        Memory that the float32 volume may take; checked on headers alone.

    Raises
    ------
    Refused
        With a code of ``terminology.refusals``.
    """
    if announced_bytes(series) > max_bytes:
        raise Refused("too-large")
    frames = read_frames(series)
    _require_uniform(frames)
    if 4 * frames[0].rows * frames[0].columns * len(frames) > max_bytes:
        raise Refused("too-large")
    ordered, spacing = _ordered(frames)
    return _assemble(series, ordered, spacing)


def announced_bytes(series: SeriesRef) -> int:
    """Size of the float32 volume by what the index knows, before any file is opened."""
    headers = [instance.header for instance in series.instances]
    return sum(4 * header.rows * header.columns * max(1, header.frames) for header in headers)


def label_map(volume: Volume, labels: npt.NDArray[np.uint8]) -> LabelMap:
    """Lesion numbers of a volume as the record that leaves the process."""
    return LabelMap(
        frames=volume.frames,
        orientation=volume.orientation,
        row_spacing_mm=volume.row_spacing_mm,
        column_spacing_mm=volume.column_spacing_mm,
        slice_spacing_mm=volume.slice_spacing_mm,
        rows=volume.voxels.shape[1],
        columns=volume.voxels.shape[2],
        frame_of_reference_uid=volume.frame_of_reference_uid,
        voxels=pack_voxels(labels),
    )


def _require_uniform(frames: Sequence[Frame]) -> None:
    first = frames[0]
    checks = (
        ("mixed-frames-of-reference", lambda f: f.frame_of_reference_uid),
        ("mixed-shape", lambda f: (f.rows, f.columns)),
    )
    for code, value in checks:
        _refuse_odd(code, [f for f in frames if value(f) != value(first)])
    orientation = np.array([f.orientation for f in frames])
    spacing = np.array([f.spacing for f in frames])
    turned = np.abs(orientation - orientation[0]).max(axis=1) > COSINE_TOLERANCE
    _refuse_odd("mixed-orientation", [f for f, odd in zip(frames, turned, strict=True) if odd])
    scaled = np.abs(spacing / spacing[0] - 1).max(axis=1) > SPACING_TOLERANCE / 10
    _refuse_odd("mixed-spacing", [f for f, odd in zip(frames, scaled, strict=True) if odd])
    if len(frames) < FEWEST_SLICES:
        raise Refused("too-few-slices")


def _refuse_odd(code: str, odd: Sequence[Frame]) -> None:
    if odd:
        raise Refused(code, [frame.sop_uid for frame in odd])


def _ordered(frames: Sequence[Frame]) -> tuple[list[Frame], float]:
    """Frames along the normal and their spacing; refuses duplicates, gaps and tilt."""
    normal = np.cross(frames[0].orientation[:3], frames[0].orientation[3:])
    positions = np.array([f.position for f in frames])
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    ordered = [frames[i] for i in order]
    along, positions = along[order], positions[order]
    steps = np.diff(along)
    _refuse_odd(
        "duplicate-position",
        [ordered[i + 1] for i in np.flatnonzero(steps < POSITION_TOLERANCE_MM)],
    )
    spacing = float(np.median(steps))
    tolerance = max(SPACING_TOLERANCE * spacing, POSITION_TOLERANCE_MM)
    _refuse_odd(
        "gap", [ordered[i + 1] for i in np.flatnonzero(np.abs(steps - spacing) > tolerance)]
    )
    # Drift over the whole stack: small errors that all point one way are a wrong spacing too.
    mean = float(along[-1] - along[0]) / (len(ordered) - 1)
    if abs(mean - spacing) > SPACING_TOLERANCE * spacing:
        raise Refused("gap")
    sideways = np.diff(positions, axis=0) - np.outer(steps, normal)
    shear = np.linalg.norm(sideways, axis=1) / spacing
    _refuse_odd("tilt", [ordered[i + 1] for i in np.flatnonzero(shear > SHEAR_TOLERANCE)])
    return ordered, mean


def _assemble(series: SeriesRef, frames: Sequence[Frame], spacing: float) -> Volume:
    first = frames[0]
    voxels = np.empty((len(frames), first.rows, first.columns), np.float32)
    valid: npt.NDArray[np.bool_] | None = None
    for index, frame in enumerate(frames):
        voxels[index], padding = decode_frame(frame)
        if padding is not None:
            if valid is None:
                valid = np.ones(voxels.shape, bool)
            valid[index] = ~padding
    if not np.isfinite(voxels).all():
        raise Refused("value-range")
    row_spacing, column_spacing = first.spacing
    orientation = np.array(first.orientation)
    affine = np.eye(4)
    affine[:3, 0] = np.cross(orientation[:3], orientation[3:]) * spacing
    affine[:3, 1] = orientation[3:] * row_spacing
    affine[:3, 2] = orientation[:3] * column_spacing
    affine[:3, 3] = first.position
    return Volume(
        voxels=voxels,
        valid=valid,
        frames=tuple(FrameGeometry(f.sop_uid, f.sop_class, f.number, f.position) for f in frames),
        orientation=first.orientation,
        row_spacing_mm=row_spacing,
        column_spacing_mm=column_spacing,
        slice_spacing_mm=spacing,
        frame_of_reference_uid=first.frame_of_reference_uid,
        series_uid=series.series_uid,
        modality=series.modality,
        affine=affine,
    )
