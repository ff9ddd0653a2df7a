"""The model of section headers: by words and counts alone, and with an embedder's vectors beside them.

What a clinician wrote under a header (``section_text``) is a further, lighter row of its words: it has the
vocabulary of the header. It is used in training only, and never of the dialogues that are measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.scribe.dialogue import segments_of
from ml.scribe.folds import dealt
from ml.scribe.header_features import Turns, dialogue_features, text_features
from ml.scribe.linear import Linear, Matrix, fit_classes, rarity_of, rows, weighed, with_bias
from ml.scribe.material import Example
from ml.text.embedder import Embedder

WIDTH: Final = 32768
OF_DIALOGUE: Final = 0.15
OF_NOTE: Final = 0.45
OF_VECTORS: Final = 0.3
"""Penalties of a row: what is written counts a third of what is said."""
NEAR: Final = 0.7
"""How much the embedder's scores weigh beside those of the words."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Dialogues with headers as a model sees them.

    Parameters
    ----------
    features : list of list of str
        Of every dialogue.
    notes : list of list of str
        Of what was written under its header; empty where nothing was.
    near : Matrix
        Vectors of an embedder; no column where there is none.
    labels : array
    """

    features: list[list[str]]
    notes: list[list[str]]
    near: Matrix
    labels: npt.NDArray[np.int64]

    def of(self, which: Sequence[int]) -> "Pieces":
        """Some of them."""
        features = [self.features[at] for at in which]
        notes = [self.notes[at] for at in which]
        return Pieces(features, notes, self.near[which], self.labels[which])


def pieces_of(
    examples: Sequence[Example], names: Sequence[str], embedder: Embedder | None
) -> Pieces:
    """Dialogues about one subject with the number of their header; -1 for one that is not among the names."""
    turns = [[(one.role, one.text) for one in segments_of(e.dialogue)] for e in examples]
    number = {name: at for at, name in enumerate(names)}
    return Pieces(
        [dialogue_features(one) for one in turns],
        [text_features([("", one.note)]) if one.note else [] for one in examples],
        _vectors(turns, embedder),
        np.array([number.get(one.header, -1) for one in examples], np.int64),
    )


def _vectors(turns: Sequence[Turns], embedder: Embedder | None) -> Matrix:
    """Vectors of all that is said, of what the doctor says, and of what others say."""
    if embedder is None:
        return np.zeros((len(turns), 0), np.float32)
    parts = [
        [" ".join(text for role, text in one if fits(role)) or "." for one in turns]
        for fits in (lambda _: True, lambda role: role == "doctor", lambda role: role != "doctor")
    ]
    return np.hstack([embedder.encode(part) for part in parts]) / np.float32(np.sqrt(len(parts)))


def fit_headers(pieces: Pieces, classes: int) -> tuple[Linear, Linear]:
    """The model by words, and the one by vectors where there are some."""
    said = rows(pieces.features, WIDTH)
    rarity = rarity_of(said)
    noted = [at for at, note in enumerate(pieces.notes) if note]
    written = rows([pieces.notes[at] for at in noted], WIDTH)
    given = weighed(np.vstack([said, written]), rarity)
    ridge = np.repeat(np.array([OF_DIALOGUE, OF_NOTE], np.float32), [len(said), len(written)])
    labels = np.concatenate([pieces.labels, pieces.labels[noted]])
    words = Linear(fit_classes(given, labels, classes, ridge), rarity)
    if not pieces.near.shape[1]:
        return words, Linear(np.zeros((1, classes), np.float32))
    ridge = np.full(len(said), OF_VECTORS, np.float32)
    return words, Linear(fit_classes(with_bias(pieces.near), pieces.labels, classes, ridge))


Told = npt.NDArray[np.int64]


def headers_told(models: tuple[Linear, Linear], pieces: Pieces) -> tuple[Told, Told]:
    """The header of every dialogue by words alone, and with vectors where there are some."""
    words, dense = models
    scores = words.scores(pieces.features)
    both = scores
    if pieces.near.shape[1] and pieces.near.shape[1] == dense.width:
        both = scores + NEAR * (with_bias(pieces.near) @ dense.weights)
    return scores.argmax(axis=1), both.argmax(axis=1)


def folded_headers(pieces: Pieces, classes: int, fold: Told) -> tuple[Told, Told]:
    """The same by models that have not seen what they are measured on."""
    by_words, told = np.full((2, len(pieces.labels)), -1, np.int64)
    for number in range(int(fold.max()) + 1):
        seen, held = dealt(fold, number)
        models = fit_headers(pieces.of(seen), classes)
        by_words[held], told[held] = headers_told(models, pieces.of(held))
    return by_words, told


def by_class(told: Told, labels: Told, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Number, recall and precision of every header."""
    return {
        name: {
            "pieces": int((labels == at).sum()),
            "recall": float((told[labels == at] == at).mean()) if (labels == at).any() else 0.0,
            "precision": float((labels[told == at] == at).mean()) if (told == at).any() else 0.0,
        }
        for at, name in enumerate(names)
    }
