"""A network made ready for inference: batch norm folded, one logit per voxel, memory per voxel known."""

from collections.abc import Callable
from typing import Any, Final

import torch
from monai.networks.blocks.convolutions import Convolution
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ml.imaging.bundle.read import Head

STRIDE: Final = 32
"""Windows are padded to multiples of this, so that every network of the table can halve five times."""

Forward = Callable[[torch.Tensor], torch.Tensor]


def fold_batch_norm(network: torch.nn.Module) -> None:
    """Fold every batch norm that follows a convolution into its weights, in place.

    In evaluation mode batch norm is a fixed linear map per channel, so the function stays the same.
    """
    network.eval()
    for block in network.modules():
        if not isinstance(block, Convolution):
            continue
        adn: Any = getattr(block, "adn", None)
        norm = getattr(adn, "N", None)
        if not isinstance(norm, torch.nn.BatchNorm3d) or next(iter(adn.children())) is not norm:
            continue
        inner: Any = block.conv
        transposed = isinstance(inner, torch.nn.ConvTranspose3d)
        block.conv = fuse_conv_bn_eval(inner, norm, transpose=transposed)
        adn.N = torch.nn.Identity()


def depends_on_window(network: torch.nn.Module) -> bool:
    """Whether the answer for a voxel depends on the extent of what is shown beside it.

    Instance and group norm take their statistics from the window, and networks with position
    embeddings take one size only: both get exactly the window of the bundle.
    """
    statistics = (
        torch.nn.modules.instancenorm._InstanceNorm,
        torch.nn.GroupNorm,
        torch.nn.LayerNorm,
    )
    return any(isinstance(module, statistics) for module in network.modules())


def lesion_logit(output: torch.Tensor, head: Head) -> torch.Tensor:
    """One channel out of the network's answer (1, C, X, Y, Z): the logit of "is finding", (X, Y, Z).

    Softmax: best foreground channel minus background, whose sign is the sign of the arg max. Sigmoid:
    the highest channel.
    """
    channels = output[0].float()
    if head.activation == "softmax":
        return channels[1:].amax(0) - channels[0]
    return channels.amax(0)


def make_forward(
    network: torch.nn.Module, head: Head, device: torch.device, dtype: torch.dtype
) -> Forward:
    """Function from an image (1, X, Y, Z) to its logits (X, Y, Z) on the device."""
    lower = dtype != torch.float32
    stride = 1 if depends_on_window(network) else STRIDE

    def forward(image: torch.Tensor) -> torch.Tensor:
        size = image.shape[1:]
        missing = [-n % stride for n in size]
        padding = [0, missing[2], 0, missing[1], 0, missing[0]]
        padded = torch.nn.functional.pad(image[None].to(device), padding)
        with torch.inference_mode(), torch.autocast(device.type, dtype, enabled=lower):
            output = network(padded)
        if isinstance(output, list | tuple):  # deep supervision: the finest comes first
            output = output[0]
        return lesion_logit(output, head)[: size[0], : size[1], : size[2]]

    return forward


def activation_bytes(network: torch.nn.Module, size: tuple[int, int, int]) -> float:
    """Bound on the bytes of activations per input voxel, summed over all layers of one float32 pass."""
    total = 0

    def count(_module: torch.nn.Module, _given: object, output: object) -> None:
        nonlocal total
        if isinstance(output, torch.Tensor):
            total += output.numel() * output.element_size()

    leaves = [module for module in network.modules() if not any(module.children())]
    hooks = [module.register_forward_hook(count) for module in leaves]
    try:
        with torch.inference_mode():
            network(torch.zeros(1, 1, *size))
    finally:
        for hook in hooks:
            hook.remove()
    return total / (size[0] * size[1] * size[2])
