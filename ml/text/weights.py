"""Read a safetensors file with numpy alone.

The format: eight bytes with the length of the header (little endian), the header as JSON (name to
``dtype``, ``shape`` and ``data_offsets``), then the values (https://github.com/huggingface/safetensors).
Reading it by hand keeps the conversion of a model free of torch.
"""

import json
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from profiles.outcome import OperationOutcomeError

Weights = dict[str, npt.NDArray[np.float32]]

LONGEST_HEADER: Final = 100_000_000
LENGTH_BYTES: Final = 8


def read_weights(content: bytes) -> Weights:
    """The 32-bit tensors of a safetensors file by name; those of another type are left out.

    Parameters
    ----------
    content : bytes
        The whole file.

    Raises
    ------
    OperationOutcomeError
        ``structure``: the header or an offset in it does not fit the file.
    """
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    begins = LENGTH_BYTES + length
    if len(content) < LENGTH_BYTES or length > LONGEST_HEADER or begins > len(content):
        raise OperationOutcomeError("structure", "The file of weights is shorter than it says.")
    try:
        header = json.loads(content[LENGTH_BYTES:begins])
        entries = [(name, entry) for name, entry in header.items() if name != "__metadata__"]
        return {
            name: _tensor(content, begins, entry)
            for name, entry in entries
            if entry["dtype"] == "F32"
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OperationOutcomeError(
            "structure", "The file of weights is not a valid safetensors file."
        ) from error


def _tensor(content: bytes, begins: int, entry: dict[str, Any]) -> npt.NDArray[np.float32]:
    start, end = entry["data_offsets"]
    if not 0 <= start <= end <= len(content) - begins:
        raise ValueError("offsets beyond the file")
    flat = np.frombuffer(content, np.dtype("<f4"), (end - start) // 4, begins + start)
    return flat.reshape(entry["shape"]).astype(np.float32)  # a copy: quantizing works in place
