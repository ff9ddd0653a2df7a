"""A bundle loaded for inference: the network folded, its precision decided, its identity computed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from ml.imaging.bundle.build import build_network, build_transforms, load_weights
from ml.imaging.bundle.read import Bundle
from ml.imaging.bundle.refused import BundleRefused
from ml.imaging.network import (
    Forward,
    activation_bytes,
    depends_on_window,
    fold_batch_norm,
)
from ml.imaging.phantom import Anatomy, Geometry, acquire
from ml.imaging.precision import Precision, choose_precision
from ml.imaging.preprocess import prepare

PROBE: Final = (64, 64, 64)
REFERENCE: Final = Geometry("axial", (52, 96, 82), (3.0, 2.0, 2.0))
REFERENCE_SEED: Final = 20


@dataclass(frozen=True)
class Model:
    """A network that is ready.

    Parameters
    ----------
    bundle : Bundle
    transforms : sequence
        The bundle's preprocessing.
    forward : callable
        Image (1, X, Y, Z) to logits (X, Y, Z), in the chosen precision.
    precision : Precision
    window : tuple of int
        Size of a window when the volume is tiled.
    fixed_window : bool
        Whether the network must see exactly this window.
    bytes_per_voxel : float
        Bound on the activations of one pass.
    voxel_mm3 : float
        Volume of a voxel of the network's grid; 0 when the bundle does not resample.
    """

    bundle: Bundle
    transforms: Sequence[Any]
    forward: Forward
    precision: Precision
    window: tuple[int, int, int]
    fixed_window: bool
    bytes_per_voxel: float
    voxel_mm3: float


def load_model(bundle: Bundle) -> Model:
    """Build, fill, fold, check and warm up the network of a bundle.

    Raises
    ------
    BundleRefused
        Network, transforms or weights do not fit together.
    """
    network = build_network(bundle)
    load_weights(bundle, network)
    return make_model(bundle, network)


def make_model(bundle: Bundle, network: torch.nn.Module) -> Model:
    """As ``load_model`` for a network that is in memory, which is changed."""
    transforms = build_transforms(bundle)
    fold_batch_norm(network)
    fixed = depends_on_window(network)
    window = bundle.window.size or PROBE
    size = window if fixed else PROBE
    try:
        bytes_per_voxel = activation_bytes(network, size)
    except (RuntimeError, ValueError) as error:
        where = "inference.json network_def"
        raise BundleRefused(where, f"the network takes no window of {size}: {error}") from None
    reference = _reference(transforms, window if fixed else None)
    precision, forward = choose_precision(network, bundle.head, reference)
    return Model(
        bundle, transforms, forward, precision, window, fixed, bytes_per_voxel, _voxel_mm3(bundle)
    )


def _reference(transforms: Sequence[Any], window: tuple[int, int, int] | None) -> torch.Tensor:
    """Image of a phantom with lesions, cut to the window when the network insists on one."""
    phantom = acquire(Anatomy(REFERENCE_SEED, lesions=3), REFERENCE, measure=False)
    image = prepare(phantom.voxels.astype(np.float32), phantom.affine, transforms).image
    if window is None:
        return image
    padding = [n for size in reversed(window) for n in (0, size)]
    x, y, z = window
    return torch.nn.functional.pad(image, padding)[:, :x, :y, :z].contiguous()


def _voxel_mm3(bundle: Bundle) -> float:
    for step in bundle.transforms:
        if step["_target_"] == "Spacingd":
            pixdim = step.get("pixdim", 1.0)
            sides = [pixdim] * 3 if isinstance(pixdim, int | float) else list(pixdim)
            return float(np.prod([abs(float(side)) for side in sides]))
    return 0.0
