"""Outline of a lesion in one slice: the closed polygon along the edges of its outermost voxels."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Edge = tuple[tuple[int, int], tuple[int, int]]


def outline_of(plane: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Corner points (n, 2) as fractional (row, column) of the largest piece, clockwise, not closed."""
    pieces, count = ndimage.label(plane)
    if count == 0:
        return np.empty((0, 2))
    largest = int(np.argmax(np.bincount(pieces.ravel())[1:])) + 1
    following = _directed_edges(ndimage.binary_fill_holes(pieces == largest))
    start = min(following)
    polygon, at = [start], following[start].pop()
    while at != start:
        polygon.append(at)
        at = following[at].pop()
    return _without_straight(np.array(polygon, np.float64)) - 0.5


def _directed_edges(mask: npt.NDArray[np.bool_]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Edges between inside and outside with the inside to the right, by their start corner."""
    padded = np.pad(mask, 1)
    following: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row, column in np.argwhere(mask).tolist():
        neighbours = (
            (padded[row, column + 1], (row, column), (row, column + 1)),
            (padded[row + 1, column + 2], (row, column + 1), (row + 1, column + 1)),
            (padded[row + 2, column + 1], (row + 1, column + 1), (row + 1, column)),
            (padded[row + 1, column], (row + 1, column), (row, column)),
        )
        for inside, first, second in neighbours:
            if not inside:
                following.setdefault(first, []).append(second)
    return following


def _without_straight(polygon: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    before, after = np.roll(polygon, 1, axis=0), np.roll(polygon, -1, axis=0)
    incoming, outgoing = polygon - before, after - polygon
    turn = incoming[:, 0] * outgoing[:, 1] - incoming[:, 1] * outgoing[:, 0]
    corners: npt.NDArray[np.float64] = polygon[turn != 0]
    return corners
