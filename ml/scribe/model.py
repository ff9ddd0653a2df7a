"""The weights of a scribe: one small file of 8-bit numbers, made by ``isthmus train sections``.

Outputs of ``units``: how much of a unit stands in one sentence of a note, how much in the note as a whole,
and its division (subjective, examination, results, assessment, none). Outputs of ``headers``: the section
headers of MTS-Dialog; ``headers_near`` adds to them where an embedder is
installed. ``roles``: above zero is a doctor.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml.scribe.linear import Linear, Matrix
from profiles.outcome import OperationOutcomeError

SHIPPED: Final = Path(__file__).parent / "weights.npz"
FOLDER: Final = "scribe"
"""Folder below the site's models where a model of its own replaces the one that ships."""
NAMES: Final = ("units", "headers", "headers_near", "roles")
OF_SENTENCES: Final = 0.9
"""Share of a note's words that chosen sentences may take; lists of facts and titles take the rest."""
DIVISIONS: Final = ("subjective", "examination", "results", "assessment", "none")


@dataclass(frozen=True, slots=True)
class ScribeModel:
    """Loaded weights.

    Parameters
    ----------
    units, headers, headers_near, roles : Linear
    about : mapping
        Labels, budget, scores and sources: what the model card says too.
    digest : str
        SHA-256 of the file.
    """

    units: Linear
    headers: Linear
    headers_near: Linear
    roles: Linear
    about: Mapping[str, Any]
    digest: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """Section headers, in the order of the outputs of ``headers``."""
        return tuple(self.about["labels"])

    def words(self, spoken: int) -> int:
        """How many words a note of a visit has in which so many were spoken."""
        fixed, share = self.about["budget"]
        return max(1, int((fixed + share * spoken) * OF_SENTENCES))


def _small(weights: Matrix) -> tuple[Matrix, Matrix]:
    """8-bit numbers and the scale of each output."""
    scale = np.abs(weights).max(axis=0) / 127
    scale[scale == 0] = 1
    return np.rint(weights / scale).astype(np.int8), scale.astype(np.float32)


def save_model(model: ScribeModel, path: Path) -> None:
    """Write the weights; the same weights give the same bytes."""
    arrays: dict[str, Any] = {}
    for name in NAMES:
        linear = getattr(model, name)
        arrays[name], arrays[f"{name}_scale"] = _small(linear.weights)
        if linear.rarity is not None:
            arrays[f"{name}_rarity"] = linear.rarity.astype(np.float16)
    about = json.dumps(dict(model.about), sort_keys=True).encode("utf-8")
    arrays["about"] = np.frombuffer(about, np.uint8)
    np.savez_compressed(path, **arrays)


def _linear(stored: Mapping[str, Any], name: str) -> Linear:
    weights = stored[name].astype(np.float32) * stored[f"{name}_scale"]
    rarity = f"{name}_rarity"
    return Linear(weights, stored[rarity].astype(np.float32) if rarity in stored else None)


def load_model(path: Path) -> ScribeModel:
    """Read the weights.

    Raises
    ------
    OperationOutcomeError
        ``value``: the file is absent or damaged.
    """
    try:
        stored_bytes = path.read_bytes()
        digest = hashlib.sha256(stored_bytes).hexdigest()
        with np.load(io.BytesIO(stored_bytes), allow_pickle=False) as stored:
            loaded = [_linear(stored, name) for name in NAMES]
            about = json.loads(stored["about"].tobytes())
    except Exception as error:  # zipfile, zlib and numpy each raise their own
        raise OperationOutcomeError("value", "The model of the scribe cannot be read.") from error
    units, headers, headers_near, roles = loaded
    return ScribeModel(units, headers, headers_near, roles, about, digest)


def find_model(models: Path) -> Path:
    """The site's model where there is one, else the one that ships."""
    own = models / FOLDER / SHIPPED.name
    return own if own.is_file() else SHIPPED
