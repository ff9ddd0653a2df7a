"""Make the network and the transforms of a checked bundle; here the engines are imported."""

import importlib
import warnings
from typing import Any, Final

import safetensors.torch
import torch

from ml.imaging.bundle.allowed import NETWORKS, TRANSFORMS
from ml.imaging.bundle.percentiles import ScaleIntensityRangePercentilesd
from ml.imaging.bundle.read import Bundle, Component
from ml.imaging.bundle.refused import BundleRefused

_SELECTED: Final = frozenset({"_target_", "keys", "lower", "upper", "b_min", "b_max", "clip"})
"""Parameters that our percentile scaling knows; with others MONAI's own class is used."""


def build_network(bundle: Bundle) -> torch.nn.Module:
    """The untrained network of a bundle.

    Raises
    ------
    BundleRefused
        The network does not take the arguments that the configuration gives.
    """
    network = _build(bundle.network, NETWORKS, "inference.json network_def")
    if not isinstance(network, torch.nn.Module):
        raise BundleRefused("inference.json network_def", "it does not build a network")
    return network


def build_transforms(bundle: Bundle) -> tuple[Any, ...]:
    """The preprocessing steps of a bundle, in their order.

    Raises
    ------
    BundleRefused
        A transform does not take the arguments that the configuration gives.
    """
    where = "inference.json preprocessing"
    return tuple(
        _build({**step, "keys": "image"}, TRANSFORMS, f"{where} {step['_target_']}")
        for step in bundle.transforms
    )


def load_weights(bundle: Bundle, network: torch.nn.Module) -> None:
    """Fill a network with the bundle's weights: tensors only, never an unpickled object.

    Raises
    ------
    BundleRefused
        The file holds something other than tensors, or they do not fit the network.
    """
    where = f"models/{bundle.weights.name}"
    try:
        network.load_state_dict(_state(bundle), strict=True)
    except BundleRefused:
        raise
    except RuntimeError as error:
        line = str(error).strip().splitlines()[-1].strip()
        raise BundleRefused(where, f"the weights do not fit the network ({line[:200]})") from None


def _state(bundle: Bundle) -> dict[str, torch.Tensor]:
    where = f"models/{bundle.weights.name}"
    try:
        if bundle.weights.suffix == ".safetensors":
            return dict(safetensors.torch.load_file(bundle.weights))
        loaded = torch.load(bundle.weights, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - the readers of both formats raise whatever they meet
        kind = type(error).__name__
        raise BundleRefused(
            where, f"the file does not hold plain tensors ({kind}); code in it is not run"
        ) from None
    for key in ("state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict):
        raise BundleRefused(where, "the file must hold a state dict: tensors by name")
    return loaded


def _kind(component: Component, table: dict[str, str]) -> Any:
    """Class of a component: MONAI's, or ours where it does the same in less time."""
    name = component["_target_"]
    if name == "ScaleIntensityRangePercentilesd" and component.keys() <= _SELECTED:
        return ScaleIntensityRangePercentilesd
    module, _, attribute = table[name].rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _build(component: Component, table: dict[str, str], where: str) -> Any:
    kind = _kind(component, table)
    arguments = {key: value for key, value in component.items() if not key.startswith("_")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a coming default of MONAI is no event of ours
            return kind(**arguments)
    except Exception as error:  # noqa: BLE001 - constructors of other people raise anything
        text = str(error).strip().splitlines()
        raise BundleRefused(
            where, f"it cannot be built: {text[0][:200] if text else kind}"
        ) from None
