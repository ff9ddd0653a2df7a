"""MR series on disk that a test may damage, and the reference by which a worker sees them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset

from ml.imaging.mr_series import SeriesFacts, write_mr_series
from ml.imaging.phantom_study import PhantomStudy, study_ref
from profiles.records import SeriesRef

FACTS = SeriesFacts(study_uid="1.2.3.1", series_uid="1.2.3.2", frame_of_reference_uid="1.2.3.3")
SHAPE = (8, 12, 10)


def oblique_affine() -> np.ndarray:
    """(slice, row, column, 1) to LPS: tilted about two axes, 3 x 1.5 x 1.25 mm."""
    a, b = np.radians(20), np.radians(10)
    turn = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]) @ np.array(
        [[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn[:, [2, 1, 0]] * (3.0, 1.5, 1.25)
    affine[:3, 3] = (-20.0, -30.0, 5.0)
    return affine


def voxels(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """A different value at every voxel."""
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape)


def write_series(folder: Path, shape: tuple[int, int, int] = SHAPE) -> tuple[Path, ...]:
    """Files of a good oblique series, in the order of its slices."""
    return write_mr_series(voxels(shape), oblique_affine(), folder, FACTS)


def series_of(files: Sequence[Path]) -> SeriesRef:
    """The files as one series of a study."""
    return study_ref(PhantomStudy(tuple(files), "1.2.3.1", ())).series[0]


def change(file: Path, edit: Callable[[Dataset], None]) -> None:
    """Edit a file in place."""
    dataset = pydicom.dcmread(file)
    edit(dataset)
    dataset.save_as(file)
