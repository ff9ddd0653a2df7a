"""Where the midline of the imaged body lies, so that a side can be said."""

from typing import Final

import numpy as np

from ml.imaging.volume import Volume

FOREGROUND: Final = 0.1
"""Share of the bright end of the image above which a voxel is body, not air."""


def midline_x_mm(volume: Volume) -> float:
    """LPS x of the centre of the body in the volume: bodies are symmetric, air around them is dark."""
    sample = volume.voxels[:, ::4, ::4]
    low, high = np.percentile(sample, (1.0, 99.5))
    inside = sample > low + FOREGROUND * (high - low)
    if volume.valid is not None:
        inside &= volume.valid[:, ::4, ::4]
    total = int(inside.sum())
    if total == 0:
        return float(volume.to_lps((np.array(volume.voxels.shape) - 1) / 2)[0, 0])
    index = [
        float(
            (inside.sum(axis=tuple(o for o in range(3) if o != axis)) * np.arange(n) * step).sum()
        )
        / total
        for axis, (n, step) in enumerate(zip(inside.shape, (1, 4, 4), strict=True))
    ]
    return float(volume.to_lps(index)[0, 0])
