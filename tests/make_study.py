"""Small MR studies with one bright block whose size is known."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml.imaging.mr_series import SeriesFacts, write_mr_series
from profiles.uids import derived_uid

SLICES = 10
BLOCK_ML = 6 * 6 * 4 * 2.0 * 2.0 * 3.0 / 1000


@dataclass(frozen=True)
class SmallStudy:
    """A written study: its files, one per slice, and its facts."""

    files: tuple[Path, ...]
    facts: SeriesFacts

    @property
    def uid(self) -> str:
        """Study Instance UID."""
        return self.facts.study_uid


def small_study(
    folder: Path, name: str, *, series: int = 1, slices: int = SLICES, **facts: str
) -> SmallStudy:
    """Write a study of 32 x 32 pixels with a block of ``BLOCK_ML`` on the patient's left."""
    voxels = np.full((slices, 32, 32), 100, np.int16)
    voxels[3:7, 12:18, 20:26] = 1800
    affine = np.array(
        [[0, 0, 2.0, -32], [0, 2.0, 0, -32], [3.0, 0, 0, -15], [0, 0, 0, 1]], dtype=np.float64
    )
    given = replace(
        SeriesFacts(
            patient_id=f"P-{name}"[:64],
            accession=f"A-{name}"[:16],
            study_uid=derived_uid("test-study", name),
            series_uid=derived_uid("test-series", name, str(series)),
            frame_of_reference_uid=derived_uid("test-frame", name),
            series_number=series,
        ),
        **facts,
    )
    return SmallStudy(write_mr_series(voxels, affine, folder, given), given)
