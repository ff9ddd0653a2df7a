"""Which number format the network runs in: bfloat16 where the machine has it and it proves equal.

A capability alone is not trusted. At load both formats see the same reference phantom, and the fast
one is used only when their masks agree.
"""

import platform
from dataclasses import dataclass
from typing import Final

import torch

from ml.imaging.bundle.read import Head
from ml.imaging.network import Forward, make_forward

MIN_DICE: Final = 0.985
MAX_LOGIT_ERROR: Final = 0.03
MIN_VOXELS: Final = 50
"""A reference mask smaller than this proves nothing: the logits are compared instead."""


@dataclass(frozen=True)
class Precision:
    """The format in use and why.

    Parameters
    ----------
    name : str
        ``bf16`` or ``fp32``.
    device : torch.device
    dtype : torch.dtype
    reason : str
        One sentence for the operator.
    dice : float or None
        Agreement of the two masks on the reference, where it was measured.
    """

    name: str
    device: torch.device
    dtype: torch.dtype
    reason: str
    dice: float | None = None


def probe() -> tuple[torch.device, bool]:
    """The device to run on, and whether it computes bfloat16 in hardware."""
    if torch.cuda.is_available():
        return torch.device("cuda"), bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return torch.device("cpu"), _cpu_has_bf16()


def choose_precision(
    network: torch.nn.Module, head: Head, reference: torch.Tensor
) -> tuple[Precision, Forward]:
    """Decide the format on a reference image (1, X, Y, Z), and return the pass in that format."""
    device, fast = probe()
    network.to(device)
    full = make_forward(network, head, device, torch.float32)
    if not fast:
        reason = "this machine has no bfloat16 arithmetic"
        return Precision("fp32", device, torch.float32, reason), full
    quick = make_forward(network, head, device, torch.bfloat16)
    agreed, dice, reason = compare(full(reference), quick(reference))
    if agreed:
        return Precision("bf16", device, torch.bfloat16, reason, dice), quick
    return Precision("fp32", device, torch.float32, reason, dice), full


def compare(full: torch.Tensor, quick: torch.Tensor) -> tuple[bool, float | None, str]:
    """Whether two logit volumes say the same, their mask Dice where it means something, and why."""
    a, b = full > 0, quick > 0
    count = int(a.sum())
    if count >= MIN_VOXELS:
        dice = 2 * int((a & b).sum()) / (count + int(b.sum()))
        word = "agrees" if dice >= MIN_DICE else "disagrees"
        return dice >= MIN_DICE, dice, f"bf16 {word} with fp32: mask Dice {dice:.4f}"
    error = float(
        (full - quick).square().mean().sqrt() / full.square().mean().sqrt().clamp_min(1e-6)
    )
    word = "agrees" if error <= MAX_LOGIT_ERROR else "disagrees"
    return error <= MAX_LOGIT_ERROR, None, f"bf16 {word} with fp32: relative error {error:.4f}"


def _cpu_has_bf16() -> bool:
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    flags = (
        getattr(torch.cpu, "_is_avx512_bf16_supported", None),
        getattr(torch.cpu, "_is_amx_tile_supported", None),
    )
    return any(bool(flag()) for flag in flags if flag is not None)
