"""Paraphrases: the rows of the coder's index that lie nearest to the words of a problem."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ml.coding.index import Index
from ml.coding.index import Release as IndexedRelease
from ml.text.vectors import (
    Encoder,
    Progress,
    VectorIndex,
    build_vectors,
    open_vectors,
    without_side,
)

WIDE: Final = 6
"""Digits of a row number; as wide as one another, none is the beginning of another."""


class IndexTerms:
    """The rows of an index as terms of which vectors are made; a row's number is its code.

    Parameters
    ----------
    release : Release
        What the index was built of.
    index : Index
    """

    def __init__(self, release: IndexedRelease, index: Index) -> None:
        self.version = f"{release.version}-coding"
        # Of the rows themselves: their numbers are the codes, so any other order needs other vectors.
        self.digest = hashlib.sha256("\n".join(index.texts).encode()).hexdigest()
        self._texts = index.texts

    def terms(self) -> Iterator[tuple[str, str, str]]:
        """Every row."""
        return ((f"{row:0{WIDE}}", text, "") for row, text in enumerate(self._texts))


class NearestRows:
    """Finds rows by meaning; none as long as their vectors are not built.

    Parameters
    ----------
    folder : Path
        Folder of the compiled code systems, with the vectors in it.
    terms : IndexTerms
    embedder : Embedder
    """

    def __init__(self, folder: Path, terms: IndexTerms, embedder: Encoder) -> None:
        self._folder = folder
        self._terms = terms
        self._embedder = embedder
        self._vectors: VectorIndex | None = None

    def nearest(self, text: str, limit: int) -> list[tuple[int, float]]:
        """Row of the index and cosine similarity, best first."""
        if not self.is_ready() or self._vectors is None:
            return []
        (vector,) = self._embedder.encode([without_side(text)])
        return [(int(row), score) for row, score, _ in self._vectors.search(vector, limit)]

    def is_ready(self) -> bool:
        """Whether the vectors are there; looked up anew until they are."""
        if self._vectors is None:
            self._vectors = open_vectors(self._folder, self._terms, self._embedder)
        return self._vectors is not None

    def build(self, progress: Progress) -> bool:
        """Build them, or go on with a build that was ended; False while another process does."""
        build_vectors(self._folder, self._terms, self._embedder, progress)
        return self.is_ready()
