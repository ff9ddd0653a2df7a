"""Fit a network to training cases: Dice and cross entropy on patches, one-cycle AdamW."""

import time
from collections.abc import Callable, Sequence
from typing import Final

import torch

from ml.imaging.training_cases import Case, PatchSampler

WARM_UP: Final = 0.1
"""Share of the steps during which the learning rate grows."""


def lesion_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross entropy plus soft Dice over the batch.

    The target is a share of each voxel, not a class: cross entropy then puts the logit's zero where the
    surface passes, also between voxels, which is what measurements need.
    """
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    score = torch.sigmoid(logits)
    overlap = 2 * (score * target).sum() + 1
    dice = overlap / (score.square().sum() + target.square().sum() + 1)
    return entropy + (1 - dice)


def fit(
    network: torch.nn.Module,
    cases: Sequence[Case],
    *,
    seed: int,
    steps: int,
    patch: tuple[int, int, int],
    batch: int,
    learning_rate: float,
    weight_decay: float,
    seconds: float | None,
    progress: Callable[[int, int, str], None],
) -> int:
    """Train in place, on the device that holds the network; the number of steps done.

    Parameters
    ----------
    seconds : float, optional
        Stop after this time: the schedule then follows the clock, and the result depends on the machine.
    """
    sampler = PatchSampler(cases, patch, seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
    network.train()
    device = next(network.parameters()).device
    started = time.monotonic()
    done = 0
    while True:
        share = done / steps if seconds is None else (time.monotonic() - started) / seconds
        if share >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * _schedule(share)
        images, targets = (tensor.to(device) for tensor in sampler.batch(batch))
        optimizer.zero_grad(set_to_none=True)
        loss = lesion_loss(network(images), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        done += 1
        if done % 25 == 0:
            progress(min(round(share * steps), steps), steps, "steps")
    network.eval()
    return done


def _schedule(share: float) -> float:
    """Linear growth, then a cosine down to a hundredth."""
    if share < WARM_UP:
        return max(share / WARM_UP, 0.02)
    turn = torch.pi * (share - WARM_UP) / (1 - WARM_UP)
    return 0.01 + 0.99 * 0.5 * (1 + float(torch.cos(torch.tensor(turn))))
