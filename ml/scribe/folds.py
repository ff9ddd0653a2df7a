"""Examples dealt into folds: a model is measured on those that it was not trained on."""

from typing import Any

import numpy as np


def folds_of(count: int, folds: int, seed: int) -> Any:
    """The fold of every example."""
    return np.random.default_rng(seed).permutation(count) % folds


def dealt(fold: Any, number: int) -> tuple[list[int], list[int]]:
    """Which examples a fold is trained on, and which it is measured on."""
    seen, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
    return seen.tolist(), held.tolist()
