"""Lesion numbers on the source grid, packed for crossing a process border as JSON."""

import base64
import zlib

import numpy as np
import numpy.typing as npt

from profiles.records import LabelMap


def pack_voxels(labels: npt.NDArray[np.uint8]) -> str:
    """``base64(zlib(C-ordered bytes))`` of a label array."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(labels).tobytes(), 1)).decode()


def unpack_voxels(label_map: LabelMap) -> npt.NDArray[np.uint8]:
    """The label array (slices, rows, columns) of a label map."""
    shape = (len(label_map.frames), label_map.rows, label_map.columns)
    raw = zlib.decompress(base64.b64decode(label_map.voxels))
    labels: npt.NDArray[np.uint8] = np.frombuffer(raw, np.uint8).reshape(shape)
    return labels
