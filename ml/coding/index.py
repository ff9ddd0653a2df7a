"""The lexical index: from the words of a mention to the concepts of one ICD-10-CM release.

A *concept* is what remains of several codes without the side of the body and the 7th character: "Sprain of
unspecified ligament of ankle" is one concept with a code for each side. That makes the search small (some 30,000
concepts instead of 75,000 leaves), and the side a matter of rules instead of words.

Ranking is BM25 over descriptions and inclusion terms (Robertson and Zaragoza 2009, k1 and b at their customary values).
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from ml.coding.words import bag, content, tokens

K1: Final = 1.2
B: Final = 0.5
FORMAT: Final = 1
SIDE: Final = re.compile(r"\b(right|left|bilateral|unspecified side|unspecified)\b", re.IGNORECASE)
PAIRED: Final = re.compile(r"^(right|left|bilateral)$")

Array = np.ndarray[Any, Any]
Told = Callable[[int, int, str], None]


class Code(Protocol):
    """What the index asks of a code of a release."""

    code: str
    display: str
    parent: str
    billable: bool
    inclusion: Any


class Release(Protocol):
    """What the coder asks of a release of ICD-10-CM (``terminology.icd10cm.release``)."""

    version: str
    system: str
    digest: str

    def get(self, code: str) -> Any: ...
    def leaves(self) -> Iterable[Any]: ...
    def children(self, code: str) -> Iterable[Any]: ...


@dataclass(frozen=True, slots=True)
class Concept:
    """Codes that differ by side and 7th character only.

    Parameters
    ----------
    sides : dict
        Code up to its 6th character by side: ``right``, ``left``, ``bilateral``, ``unspecified``, or the
        empty text when the concept has none.
    seventh : str
        The 7th characters that a code needs one of; empty when none.
    display : str
        Description without its side.
    """

    sides: dict[str, str]
    seventh: str
    display: str


def side_of(display: str) -> str:
    """The side that a description names; ``unspecified`` does not count here."""
    low = f" {display.lower()} "
    if " bilateral" in low or "bilaterally" in low:
        return "bilateral"
    found = [side for side in ("right", "left") if re.search(rf"\b{side}\b", low)]
    return found[0] if len(found) == 1 else ""


def without_side(display: str) -> str:
    """A description in which its sides and "unspecified" are left out, for comparing siblings."""
    return " ".join(SIDE.sub(" ", display.lower()).replace(",", " ").split())


def concepts(release: Release) -> list[Concept]:
    """Every concept of a release."""
    bases: dict[str, list[Any]] = {}
    for leaf in release.leaves():
        seven = len(leaf.code) == 8
        base = leaf.parent if seven else leaf.code
        bases.setdefault(base, []).append(leaf)
    groups: dict[tuple[str, str], dict[str, str]] = {}
    seventh: dict[str, str] = {}
    shown: dict[tuple[str, str], str] = {}
    for base, leaves in bases.items():
        code = release.get(base)
        if len(leaves[0].code) == 8:
            seventh[base] = "".join(sorted(leaf.code[7] for leaf in leaves))
        key = (code.parent, without_side(code.display))
        side = side_of(code.display)
        lateral = groups.setdefault(key, {})
        name = side or ("unspecified" if "unspecified" in code.display.lower() else "")
        lateral.setdefault(name, base)
        if lateral[name] != base:
            key = (base, without_side(code.display))
            groups[key] = {name: base}
        shown.setdefault(key, code.display)
    made = []
    for key, lateral in groups.items():
        first = next(iter(lateral.values()))
        made.append(Concept(lateral, seventh.get(first, ""), shown[key]))
    return made


def _rows(release: Release, found: list[Concept]) -> list[tuple[int, str]]:
    """Concept and text of every searchable row: its description, then its and its parents' inclusion terms."""
    rows: list[tuple[int, str]] = []
    for at, concept in enumerate(found):
        rows.append((at, concept.display))
        code = release.get(next(iter(concept.sides.values())))
        rows += [(at, term) for term in code.inclusion]
        parent = release.get(code.parent) if code.parent else None
        if parent and len(concept.sides) > 1:
            rows += [(at, term) for term in parent.inclusion]
    return rows


def build(release: Release, path: Path, progress: Told) -> None:
    """Write the index of a release to one file.

    Parameters
    ----------
    release : Release
    path : Path
        An ``.npz`` file; written beside and moved into place, so that a half-written one is never read.
    progress : callable
        ``progress(done, total, unit)``.
    """
    found = concepts(release)
    progress(1, 3, "steps")
    rows = _rows(release, found)
    vocabulary: dict[str, int] = {}
    word_ids: list[int] = []
    row_ids: list[int] = []
    counts: list[int] = []
    for at, (_, text) in enumerate(rows):
        words = set(content(tokens(text)))
        counts.append(len(words))
        for word in sorted(words):
            word_ids.append(vocabulary.setdefault(word, len(vocabulary)))
            row_ids.append(at)
    progress(2, 3, "steps")
    _write(path, found, rows, vocabulary, (word_ids, row_ids, counts))
    progress(3, 3, "steps")


def _write(
    path: Path,
    found: list[Concept],
    rows: list[tuple[int, str]],
    vocabulary: dict[str, int],
    postings: tuple[list[int], list[int], list[int]],
) -> None:
    """The arrays of an index, sorted by word."""
    word_ids, row_ids = np.array(postings[0], np.int32), np.array(postings[1], np.int32)
    order = np.argsort(word_ids, kind="stable")
    starts = np.searchsorted(word_ids[order], np.arange(len(vocabulary) + 1)).astype(np.int32)
    facts = {
        "format": FORMAT,
        "words": list(vocabulary),
        "concepts": [[item.sides, item.seventh, item.display] for item in found],
        "texts": [text for _, text in rows],
    }
    half = path.with_suffix(".half")
    path.parent.mkdir(parents=True, exist_ok=True)
    with half.open("wb") as file:
        np.savez(
            file,
            facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
            starts=starts,
            postings=row_ids[order],
            sizes=np.array(postings[2], np.int16),
            owner=np.array([at for at, _ in rows], np.int32),
        )
    half.replace(path)


class Index:
    """An index that was read from its file."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as kept:
            facts = json.loads(kept["facts"].tobytes())
            self.starts: Array = kept["starts"]
            self.postings: Array = kept["postings"]
            self.sizes: Array = kept["sizes"].astype(np.float32)
            self.owner: Array = kept["owner"]
        if facts["format"] != FORMAT:
            raise ValueError("the coding index has another format; build it again")
        self.vocabulary = {word: at for at, word in enumerate(facts["words"])}
        self.texts: list[str] = facts["texts"]
        self.concepts = [Concept(*item) for item in facts["concepts"]]
        self._bags: dict[int, frozenset[str]] = {}
        rows = len(self.texts)
        count = np.diff(self.starts)
        self.idf: Array = np.log(1 + (rows - count + 0.5) / (count + 0.5)).astype(np.float32)
        self._norm: Array = K1 * (1 - B + B * self.sizes / float(self.sizes.mean()))
        self.by_code = {
            code: at for at, item in enumerate(self.concepts) for code in item.sides.values()
        }
        self.by_category: dict[str, list[int]] = {}
        for at, item in enumerate(self.concepts):
            category = next(iter(item.sides.values()))[:3]
            self.by_category.setdefault(category, []).append(at)

    def weight(self, word: str) -> float:
        """How much a word says: its inverse document frequency, the highest one for unknown words."""
        at = self.vocabulary.get(word)
        return float(self.idf[at]) if at is not None else 10.0

    def search(self, words: list[str], limit: int = 40) -> list[tuple[int, float]]:
        """The best rows for the words of a mention, with their BM25 scores."""
        scores = np.zeros(len(self.texts), np.float32)
        for word in set(words):
            at = self.vocabulary.get(word)
            if at is None:
                continue
            hit = self.postings[self.starts[at] : self.starts[at + 1]]
            scores[hit] += self.idf[at] * (K1 + 1) / (1 + self._norm[hit])
        best = np.argpartition(-scores, min(limit, len(scores) - 1))[:limit]
        best = best[np.argsort(-scores[best], kind="stable")]
        return [(int(row), float(scores[row])) for row in best if scores[row] > 0]

    def words_of(self, row: int) -> frozenset[str]:
        """The content words of one row."""
        words = self._bags.get(row)
        if words is None:
            words = self._bags[row] = bag(self.texts[row])
        return words
