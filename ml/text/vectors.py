"""The terms of a code system as vectors: built once, searched by brute force.

One row per distinct term, int8 with its own scale, in a file that is mapped and not read: some ten
megabytes for a release of ICD-10-CM. Many descriptions differ by side or by encounter alone: such a term
is kept once, without it, and stands for the codes of all sides.

While a build runs, rows are appended to a file of another name, and a build that was ended goes on where
it stopped. One process builds at a time. What is there is keyed by the release and by the encoder; whoever
finds none goes on without.
"""

import fcntl
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from ml.text.embedder import Vectors

Progress = Callable[[int, int, str], None]
Found = tuple[str, float, str]
"""Code, cosine from -1 to 1, and the term that was near."""

FOLDER: Final = "vectors"
LAYOUT: Final = 1
"""Part of the key: another number when terms are merged or rows are written in another way."""
STEP: Final = 256
BLOCK: Final = 512
"""Rows unpacked at a time: what stays in the cache."""
FULL: Final = 127
ENCOUNTER: Final = re.compile(
    r",? (?:initial encounter|subsequent encounter|sequela)\b.*$", re.IGNORECASE
)
SIDE: Final = re.compile(
    r"\b(right|left|bilateral|unspecified)\b ?(?!.*\b(?:right|left|bilateral)\b)"
)
SIDES: Final = frozenset({"right", "left"})


class Terms(Protocol):
    """What a vector index asks of a release of a code system."""

    version: str
    digest: str

    def terms(self) -> Iterable[tuple[str, str, str]]:
        """Code, term and kind of term."""


class Encoder(Protocol):
    """What turns texts into rows of length one."""

    digest: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row per text."""


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """An index that is ready; ``open_vectors`` and ``build_vectors`` make it.

    Parameters
    ----------
    rows : array
        Mapped from its file: per term a ``scale`` and the int8 ``values``.
    terms : tuple of (str, tuple of str)
        Term and its codes, one per row.
    """

    rows: npt.NDArray[Any]
    terms: tuple[tuple[str, tuple[str, ...]], ...]

    def search(self, vector: Vectors, limit: int) -> list[Found]:
        """The nearest terms of one vector, best first, one entry per code."""
        return self.search_many(np.asarray(vector)[None, :], limit)[0]

    def search_many(self, vectors: Vectors, limit: int) -> list[list[Found]]:
        """As ``search`` for every row; rows are unpacked once for all of them."""
        scores = np.empty((len(vectors), len(self.rows)), np.float32)
        for start in range(0, len(self.rows), BLOCK):
            block = self.rows[start : start + BLOCK]
            values = block["values"].astype(np.float32)
            for row, vector in zip(scores, vectors, strict=True):
                # Not a product of matrices: that would start threads, which costs more than it gives.
                row[start : start + BLOCK] = np.vecdot(values, vector) * block["scale"]
        return [self._best(row, limit) for row in scores]

    def _best(self, scores: npt.NDArray[np.float32], limit: int) -> list[Found]:
        count = min(limit, len(scores))
        if count <= 0:
            return []
        nearest = np.argpartition(-scores, count - 1)[:count]
        found: dict[str, Found] = {}
        for row in nearest[np.argsort(-scores[nearest], kind="stable")]:
            text, codes = self.terms[row]
            for code in codes:
                found.setdefault(code, (code, float(scores[row]), text))
        return list(found.values())[:limit]


def open_vectors(terminology: Path, release: Terms, encoder: Encoder) -> VectorIndex | None:
    """The index of a release for an encoder, or None when it is not built.

    Parameters
    ----------
    terminology : Path
        Folder of the compiled code systems.
    """
    path = _path(terminology, release, encoder)
    layout = _layout(encoder.dimensions)
    try:
        said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        terms = tuple((text, tuple(codes)) for text, codes in said)
        if not terms or path.stat().st_size != len(terms) * layout.itemsize:
            return None
        return VectorIndex(np.memmap(path, layout, "r"), terms)
    except (OSError, ValueError, TypeError):
        return None


def build_vectors(
    terminology: Path, release: Terms, encoder: Encoder, progress: Progress = lambda *_: None
) -> VectorIndex | None:
    """Build the index of a release, or go on with a build that was ended.

    Parameters
    ----------
    terminology : Path
        Folder of the compiled code systems.
    progress : callable
        Told the number of rows done, of rows in all, and ``terms``.

    Returns
    -------
    VectorIndex or None
        None when another process builds it now, or when the release has no terms.
    """
    ready = open_vectors(terminology, release, encoder)
    if ready is not None:
        return ready
    path = _path(terminology, release, encoder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(path.with_suffix(".lock")) as alone:
        if not alone:
            return None
        terms = distinct_terms(release.terms())
        part = path.with_suffix(".part")
        _append(part, [text for text, _ in terms], encoder, progress)
        # Sorted terms: whoever goes on with a build has the same rows in the same order.
        written = path.with_suffix(".json.part")
        written.write_text(json.dumps(terms, separators=(",", ":")), encoding="utf-8")
        written.replace(path.with_suffix(".json"))
        part.replace(path)
        _remove_older(path, release)
    return open_vectors(terminology, release, encoder)


def distinct_terms(terms: Iterable[tuple[str, str, str]]) -> list[tuple[str, list[str]]]:
    """Terms without encounter and side, sorted, each with the codes that it stands for.

    A side is taken out where the same term is there for right and for left: the left ventricle stays one.
    Of a code and the codes below it only the upper one is kept: a finder of codes expands it.
    """
    codes: dict[str, set[str]] = {}
    for code, text, _ in terms:
        stem = ENCOUNTER.sub("", text).strip()
        if stem:
            codes.setdefault(stem, set()).add(code)
    sides: dict[str, set[str]] = {}
    for stem in codes:
        found = SIDE.search(stem)
        if found:
            sides.setdefault(without_side(stem), set()).add(found[1])
    merged: dict[str, set[str]] = {}
    for stem, of_stem in codes.items():
        plain = without_side(stem)
        merged.setdefault(plain if sides.get(plain, set()) >= SIDES else stem, set()).update(
            of_stem
        )
    return [(text, _uppermost(merged[text])) for text in sorted(merged)]


def without_side(text: str) -> str:
    """A term without its last word of side, as the index has those that exist for both sides."""
    return SIDE.sub("", text, count=1).rstrip(" ,")


def _uppermost(codes: set[str]) -> list[str]:
    kept: list[str] = []
    for code in sorted(codes):
        if not (kept and code.startswith(kept[-1])):
            kept.append(code)
    return kept


def _append(part: Path, texts: Sequence[str], encoder: Encoder, progress: Progress) -> None:
    layout = _layout(encoder.dimensions)
    with part.open("ab") as file:
        done = min(file.tell() // layout.itemsize, len(texts))
        file.truncate(done * layout.itemsize)
        progress(done, len(texts), "terms")
        for start in range(done, len(texts), STEP):
            batch = texts[start : start + STEP]
            file.write(_packed(encoder.encode(batch), layout).tobytes())
            file.flush()
            progress(start + len(batch), len(texts), "terms")


def _packed(vectors: Vectors, layout: np.dtype[Any]) -> npt.NDArray[Any]:
    rows = np.zeros(len(vectors), layout)
    peaks = np.maximum(np.abs(vectors).max(axis=1), np.finfo(np.float32).tiny)
    rows["scale"] = peaks / FULL
    rows["values"] = np.rint(vectors / rows["scale"][:, None])
    return rows


def _layout(dimensions: int) -> np.dtype[Any]:
    return np.dtype([("scale", "<f4"), ("values", "i1", (dimensions,))])


def _path(terminology: Path, release: Terms, encoder: Encoder) -> Path:
    key = f"{release.digest[:16]}-{encoder.digest[:16]}-{LAYOUT}"
    return terminology / FOLDER / f"{_version(release)}.{key}.rows"


def _version(release: Terms) -> str:
    return re.sub(r"[^\w-]", "_", release.version)


def _remove_older(path: Path, release: Terms) -> None:
    """Rows of this version that another release digest or encoder made; what is mapped stays readable."""
    for other in path.parent.glob(f"{_version(release)}.*"):
        if not other.name.startswith(path.stem):
            with suppress(OSError):
                other.unlink()


@contextmanager
def _only_one(lock: Path) -> Iterator[bool]:
    """Whether this process is the one that builds; the system frees the lock of one that ended."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
