"""Linear models on hashed features: squared loss with a ridge, solved in closed form.

Features are hashed into a fixed number of columns with a sign (Weinberger et al. 2009, "Feature hashing
for large scale multitask learning"), so a model holds no vocabulary and no text can be read out of it. The
solution is exact, so training needs no seed, and a model is one array of 8-bit numbers
with a scale per output.
"""

import math
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
    """Weights of ``width + 1`` columns for each output.

    Parameters
    ----------
    weights : Matrix
    rarity : Matrix or None
        How much each hashed column counts, where rows are weighed by it and brought to length one.
    """

    weights: Matrix
    rarity: Matrix | None = None

    @property
    def width(self) -> int:
        """Hashed columns, without the bias."""
        return int(self.weights.shape[0]) - 1

    def scores(self, features: Sequence[Sequence[str]]) -> Matrix:
        """One row per list of features, one column per output."""
        if not features:
            return np.zeros((0, self.weights.shape[1]), np.float32)
        given = rows(features, self.width)
        if self.rarity is not None:
            given = weighed(given, self.rarity)
        return np.asarray(given @ self.weights, np.float32)


def fit(features: Sequence[Sequence[str]], targets: Matrix, width: int, ridge: float) -> Linear:
    """The weights that are nearest to the targets, with a penalty on their size."""
    given = rows(features, width)
    return Linear(solve(given, targets, ridge))


def solve(given: Matrix, targets: Matrix, ridge: float) -> Matrix:
    """Ridge regression, in the smaller of its two forms."""
    count, size = given.shape
    if count < size:
        return _dual(given, targets, np.full(count, ridge, np.float32))
    gram = given.T @ given
    gram[np.diag_indices(size)] += ridge
    return np.asarray(np.linalg.solve(gram, given.T @ targets), np.float32)


def _dual(given: Matrix, targets: Matrix, ridge: Matrix) -> Matrix:
    """Ridge regression with a penalty for each row: a row with a small one weighs more."""
    gram = given @ given.T
    gram[np.diag_indices(len(gram))] += ridge
    return np.asarray(given.T @ np.linalg.solve(gram, targets), np.float32)


BIAS: Final = math.sqrt(0.1)
"""What the last column of a row of length one is: the bias is penalised like a tenth of the row."""
BALANCE: Final = 0.7
"""How far rows of rare classes weigh more: 0 all rows alike, 1 all classes alike."""


def rarity_of(given: Matrix) -> Matrix:
    """Weights of columns by how few rows have them (inverse document frequency)."""
    few = np.log(len(given) / (1.0 + (given[:, :-1] != 0).sum(axis=0))).clip(-0.5) + 1
    return np.asarray(few, np.float32)


def weighed(given: Matrix, rarity: Matrix) -> Matrix:
    """Rows weighed by column and brought to length one; the last column is the bias."""
    inside = given[:, :-1] * rarity
    inside /= np.maximum(np.linalg.norm(inside, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return with_bias(inside)


def with_bias(given: Matrix) -> Matrix:
    """Rows of length one with a last column for the bias."""
    return np.hstack([given, np.full((len(given), 1), BIAS, np.float32)])


def fit_classes(
    given: Matrix, labels: npt.NDArray[np.int64], classes: int, ridge: Matrix
) -> Matrix:
    """One against the rest by regularised least squares (Rifkin and Klautau 2004).

    Parameters
    ----------
    given : Matrix
        Rows of length one with a bias.
    labels : array
        The class of each row.
    classes : int
    ridge : Matrix
        Penalty of each row, before rows of rare classes are made to weigh more.
    """
    counts = np.bincount(labels, minlength=classes)
    share = (counts[labels] / counts.max()) ** BALANCE
    targets = np.where(labels[:, None] == np.arange(classes), 1.0, -1.0).astype(np.float32)
    return _dual(given, targets, (ridge * share).astype(np.float32))
