"""The lexical index: from the words of a mention to the concepts of one ICD-10-CM release.

A *concept* is what remains of several codes without the side of the body and the 7th character: "Sprain
of
unspecified ligament of ankle" is one concept with a code for each side. That makes the search small
(some 30,000
concepts instead of 75,000 leaves), and the side a matter of rules instead of words.

Ranking is BM25 over descriptions and inclusion terms (Robertson and Zaragoza 2009, k1 and b at their
customary values).
"""

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from ml.coding.words import bag, content, singular, tokens

K1: Final = 1.2
B: Final = 0.5
FORMAT: Final = 3
BRANCH: Final = 5
"""Characters with the dot that siblings of the other sides share."""
UNKNOWN: Final = 3.0
"""Weight of a word that no description has: it may be a name, or a typing error."""
SIDE: Final = re.compile(
    r"\b((?:right|left|unspecified) (?:side|eye|ear)|right|left|bilateral|unspecified)\b",
    re.IGNORECASE,
)

Array = np.ndarray[Any, Any]
Told = Callable[[int, int, str], None]


class Release(Protocol):
    """What the coder asks of a release of ICD-10-CM (``terminology.icd10cm.release``)."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def system(self) -> str:
        """Its canonical URI."""

    @property
    def digest(self) -> str:
        """SHA-256 of what it was made of."""

    def get(self, code: str) -> Any:
        """A code; None when there is none."""

    def billable(self, code: str) -> bool:
        """Whether a code may be reported."""

    def terms(self) -> Iterable[tuple[str, str, str]]:
        """Code, text and kind of every searchable term."""

    def excludes1(self, a: str, b: str) -> Any:
        """The note that keeps two codes apart."""


@dataclass(frozen=True, slots=True)
class Concept:
    """Codes that differ by side and 7th character only.

    Parameters
    ----------
    sides : dict
        Code up to its 6th character by side: ``right``, ``left``, ``bilateral``,
        ``unspecified``, or the
        empty text when the concept has none.
    display : str
        Description without its side.
    """

    sides: dict[str, str]
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
    return " ".join(
        singular(word) for word in SIDE.sub(" ", display.lower()).replace(",", " ").split()
    )


def _parent(code: str, known: dict[str, str]) -> str:
    """The code above another one: its longest beginning that is a code."""
    above = code[:-1].rstrip(".")
    while len(above) > 3 and above not in known:
        above = above[:-1].rstrip(".")
    return above if above in known else ""


def _rows(
    terms: Iterable[tuple[str, str, str]],
) -> tuple[list[Concept], list[tuple[int, str]], dict[str, str]]:
    """The concepts of a release, every searchable row (concept and text), and titles of categories.

    Parameters
    ----------
    terms : iterable of (str, str, str)
        Code, text and kind; a code that takes a 7th character stands for its forms.
    """
    shown: dict[str, str] = {}
    more: dict[str, list[str]] = {}
    for code, text, kind in terms:
        if kind == "description":
            shown[code] = text
        else:
            more.setdefault(code, []).append(text)
    parents = {code: _parent(code, shown) for code in shown}
    inner = set(parents.values())
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for code, display in shown.items():
        if code not in inner:
            _place(groups, code, display)
    found = [Concept(sides, shown[next(iter(sides.values()))]) for sides in groups.values()]
    rows: list[tuple[int, str]] = []
    for at, concept in enumerate(found):
        code = next(iter(concept.sides.values()))
        named = [concept.display, *more.get(code, ())]
        if len(concept.sides) > 1:
            named += more.get(parents[code], ())
        rows += [(at, text) for text in dict.fromkeys(named)]
    return found, rows, {code: text for code, text in shown.items() if len(code) == 3}


def _place(groups: dict[tuple[str, str], dict[str, str]], code: str, display: str) -> None:
    """Put a code with its siblings of the other sides; alone where its side is taken."""
    unsided = "unspecified" if "unspecified" in display.lower() else ""
    name = side_of(display) or unsided
    siblings = groups.setdefault((code[:BRANCH], without_side(display)), {})
    if name in siblings:
        groups[code, display] = {name: code}
    else:
        siblings[name] = code


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
    found, rows, titles = _rows(release.terms())
    progress(1, 3, "steps")
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
    _write(path, found, rows, titles, vocabulary, (word_ids, row_ids, counts))
    progress(3, 3, "steps")


def _write(
    path: Path,
    found: list[Concept],
    rows: list[tuple[int, str]],
    titles: dict[str, str],
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
        "concepts": [[item.sides, item.display] for item in found],
        "titles": titles,
        "texts": [text for _, text in rows],
    }
    half = path.with_suffix(f".{os.getpid()}.half")
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
        self._titles: dict[str, str] = facts["titles"]
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
        """How much a word says: its inverse document frequency, a middling one for unknown words."""
        at = self.vocabulary.get(word)
        return float(self.idf[at]) if at is not None else UNKNOWN

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

    def title(self, category: str) -> frozenset[str]:
        """The content words of a category's title."""
        return bag(self._titles.get(category, ""))

    def words_of(self, row: int) -> frozenset[str]:
        """The content words of one row."""
        words = self._bags.get(row)
        if words is None:
            words = self._bags[row] = bag(self.texts[row])
        return words
