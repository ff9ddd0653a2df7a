"""Scaling between two percentiles, found by selection where MONAI sorts the whole volume.

On a head of 0.6 million voxels that is 5 ms instead of 56, half of the preprocessing.
"""

from typing import Any

import numpy as np
import torch


class ScaleIntensityRangePercentilesd:
    """What MONAI's transform of this name does, for the parameters that inference allows here.

    Parameters
    ----------
    keys : str
        ``image``.
    lower, upper : float
        Percentiles, 0 to 100, linear between neighbours.
    b_min, b_max : float
        Values to which they are mapped.
    clip : bool
        Whether values beyond are cut to ``b_min`` and ``b_max``.
    """

    def __init__(
        self,
        keys: str,
        lower: float,
        upper: float,
        b_min: float | None,
        b_max: float | None,
        *,
        clip: bool = False,
    ) -> None:
        if not 0 <= lower < upper <= 100 or b_min is None or b_max is None:
            raise ValueError("lower and upper are percentiles, b_min and b_max are numbers")
        self._key = keys
        self._percentiles = (lower, upper)
        self._range = (b_min, b_max)
        self._clip = clip

    def __call__(self, content: dict[str, Any]) -> dict[str, Any]:
        """Scale the image of a dictionary."""
        image: torch.Tensor = content[self._key]
        low, high = np.percentile(image.numpy(force=True), self._percentiles)
        b_min, b_max = self._range
        scale = (b_max - b_min) / (float(high - low) or 1.0)
        scaled = (image - float(low)) * scale + b_min
        if self._clip:
            scaled = scaled.clamp(b_min, b_max)
        return {**content, self._key: scaled}
