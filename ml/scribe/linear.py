"""Linear models on hashed features: squared loss with a ridge, solved in closed form.

Features are hashed into a fixed number of columns with a sign (Weinberger et al. 2009, "Feature hashing
for large scale multitask learning"), so a model holds no vocabulary and no text can be read out of it. The
solution is exact, so training needs no seed, and a model is one array of 8-bit numbers
with a scale per output.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


def columns(features: Sequence[str], width: int) -> tuple[npt.NDArray[np.int64], Matrix]:
    """Columns and signed values of one row, of length one."""
    hashed = np.array([zlib.crc32(one.encode("utf-8")) for one in features], np.int64)
    where = hashed % width
    values = np.where((hashed >> 20) & 1, 1.0, -1.0).astype(np.float32)
    return where, values / np.float32(max(1.0, np.sqrt(len(values))))


def rows(many: Sequence[Sequence[str]], width: int) -> Matrix:
    """One dense row per list of features, the last column for the bias."""
    matrix = np.zeros((len(many), width + 1), np.float32)
    for row, features in zip(matrix, many, strict=True):
        where, values = columns(features, width)
        np.add.at(row, where, values)
        row[-1] = 1.0
    return matrix


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of ``width + 1`` columns for each output."""

    weights: Matrix

    @property
    def width(self) -> int:
        """Hashed columns, without the bias."""
        return int(self.weights.shape[0]) - 1

    def scores(self, features: Sequence[Sequence[str]]) -> Matrix:
        """One row per list of features, one column per output."""
        if not features:
            return np.zeros((0, self.weights.shape[1]), np.float32)
        return np.asarray(rows(features, self.width) @ self.weights, np.float32)


def fit(features: Sequence[Sequence[str]], targets: Matrix, width: int, ridge: float) -> Linear:
    """The weights that are nearest to the targets, with a penalty on their size."""
    given = rows(features, width)
    return Linear(solve(given, targets, ridge))


def solve(given: Matrix, targets: Matrix, ridge: float) -> Matrix:
    """Ridge regression, in the smaller of its two forms."""
    count, size = given.shape
    if count < size:
        gram = given @ given.T
        gram[np.diag_indices(count)] += ridge
        return np.asarray(given.T @ np.linalg.solve(gram, targets), np.float32)
    gram = given.T @ given
    gram[np.diag_indices(size)] += ridge
    return np.asarray(np.linalg.solve(gram, given.T @ targets), np.float32)


def fit_classes(
    features: Sequence[Sequence[str]], labels: npt.NDArray[np.int64], classes: int, width: int
) -> Linear:
    """One against the rest with a squared hinge, columns weighed by how few rows have them.

    The loss is Chang, Hsieh and Lin 2008 (L2-loss linear SVM); with few rows its dual is small, so a step
    of Newton's method is one exact solution over the rows inside the margin.
    """
    given = rows(features, width)
    weight = np.log(len(given) / (1.0 + (given != 0).sum(axis=0))).clip(-0.5) + 1
    weight[-1] = 1
    given = given * weight.astype(np.float32)
    return Linear(_hinge(given, labels, classes) * weight[:, None].astype(np.float32))


def fit_dense(given: Matrix, labels: npt.NDArray[np.int64], classes: int) -> Linear:
    """The same for rows of numbers, such as the vectors of an embedder."""
    return Linear(_hinge(np.hstack([given, np.ones((len(given), 1), np.float32)]), labels, classes))


MARGIN_STEPS: Final = 6
COST: Final = 0.5


def _hinge(given: Matrix, labels: npt.NDArray[np.int64], classes: int) -> Matrix:
    scale = float(np.square(given).sum(axis=1).mean())
    gram = np.asarray(given @ given.T / np.float32(scale), np.float32)
    weights = np.zeros((given.shape[1], classes), np.float32)
    for one in range(classes):
        side = np.where(labels == one, 1.0, -1.0).astype(np.float32)
        inside = np.ones(len(side), bool)
        dual = np.zeros(len(side), np.float32)
        for _ in range(MARGIN_STEPS):
            at = np.flatnonzero(inside)
            block = gram[np.ix_(at, at)]
            block[np.diag_indices(len(at))] += COST
            dual = np.zeros(len(side), np.float32)
            dual[at] = np.linalg.solve(block, side[at])
            now = side * (gram @ dual) < 1
            if np.array_equal(now, inside):
                break
            inside = now
        weights[:, one] = given.T @ (dual / np.float32(scale))
    return weights
