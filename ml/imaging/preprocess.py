"""From a volume to what the network sees: the one preprocessing, for training and for inference.

The steps are those of the bundle's configuration. MONAI counts in RAS, DICOM in LPS: the affine is
turned on the way in, and turned back in what is returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from monai.data.meta_tensor import MetaTensor
from numpy.typing import NDArray

LPS_TO_RAS: Final = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Prepared:
    """A volume on the grid of the network.

    Parameters
    ----------
    image : float32 tensor (1, X, Y, Z)
    affine : float64 (4, 4)
        Index (x, y, z, 1) of the grid to LPS mm.
    """

    image: torch.Tensor
    affine: NDArray[np.float64]


def prepare(
    voxels: NDArray[Any], affine: NDArray[np.float64], transforms: Sequence[Any]
) -> Prepared:
    """Apply a bundle's preprocessing.

    Parameters
    ----------
    voxels : (slices, rows, columns)
    affine : float64 (4, 4)
        (slice, row, column, 1) to LPS mm.
    transforms : sequence
        As built by ``build_transforms``.
    """
    tensor = torch.from_numpy(np.ascontiguousarray(voxels, dtype=np.float32))[None]
    image = MetaTensor(tensor, affine=torch.from_numpy(LPS_TO_RAS @ affine))
    content: dict[str, Any] = {"image": image}
    for transform in transforms:
        content = transform(content)
    result = content["image"]
    to_lps = LPS_TO_RAS @ np.asarray(result.affine, dtype=np.float64)
    return Prepared(result.as_tensor().contiguous(), to_lps)
