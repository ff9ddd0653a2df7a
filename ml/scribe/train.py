"""``isthmus train sections``: the models of the scribe from dialogues, with cross-validated scores.

Solutions are exact, so the same files give the same weights; the seed only deals examples into folds.
Nothing but hashed counts of single words and pairs goes into the weights: no text can be read out of them.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ml.scribe.candidates import Candidate, content, written
from ml.scribe.dialogue import segments_of
from ml.scribe.features import dialogue_features, turn_features, unit_features
from ml.scribe.linear import Linear, Matrix, fit, fit_classes, fit_dense
from ml.scribe.material import Example, divided, read_examples
from ml.scribe.model import DIVISIONS, SHIPPED, ScribeModel, save_model
from ml.scribe.model_card import model_card
from ml.scribe.person import pronouns
from ml.scribe.units import units
from ml.text.embedder import Embedder, load_embedder
from profiles.outcome import OperationOutcomeError

UNIT_WIDTH: Final = 8192
HEADER_WIDTH: Final = 16384
ROLE_WIDTH: Final = 4096
RIDGE: Final = 3.0
NEAR: Final = 1.0
"""How much the embedder's scores weigh beside those of the words."""
SAME: Final = 0.34
"""Share of a unit's words in one sentence of the note from which the unit is taken to stand there."""
FEW: Final = 2

Rows = tuple[list[list[str]], Matrix]
Progress = Callable[[str], None]


def unit_rows(example: Example) -> Rows:
    """Features of every sentence that a visit gives, and how far each stands in its note."""
    segments = segments_of(example.dialogue)
    spoken = units(segments)
    made = written(spoken, {one.number: one.text for one in segments}, pronouns(example.sex))
    note = [(division, content(text)) for division, text in divided(example.note)]
    targets = np.array([_target(one, note) for one in made], np.float32)
    features = [unit_features(spoken, one.number, one.text) for one in made]
    return features, targets.reshape(len(made), FEW + len(DIVISIONS))


def _target(one: Candidate, note: Sequence[tuple[str, frozenset[str]]]) -> list[float]:
    """Share in the nearest sentence, share in the note, and the nearest sentence's division."""
    near = max(((len(one.words & words), division) for division, words in note), default=(0, ""))
    everywhere = frozenset[str]().union(*(words for _, words in note))
    best = near[0] / len(one.words)
    if near[0] < FEW < len(one.words):
        best /= 2
    division = near[1] if best >= SAME else "none"
    share = len(one.words & everywhere) / len(one.words)
    return [best, share, *(float(division == name) for name in DIVISIONS)]


def fit_units(many: Sequence[Rows]) -> Linear:
    """The model of salience and division."""
    features = [row for rows, _ in many for row in rows]
    return fit(features, np.vstack([targets for _, targets in many]), UNIT_WIDTH, RIDGE)


def budget(examples: Sequence[Example]) -> tuple[float, float]:
    """Words of a note as a line over the words spoken."""
    spoken = np.array([[1.0, len(one.dialogue.split())] for one in examples])
    words = np.array([len(one.note.split()) for one in examples], float)
    fixed, share = np.linalg.lstsq(spoken, words, rcond=None)[0]
    return float(fixed), float(share)


def header_rows(examples: Sequence[Example]) -> list[list[str]]:
    """Features of dialogues about one subject, each once."""
    turns = [[(one.role, one.text) for one in segments_of(e.dialogue)] for e in examples]
    return [sorted(set(dialogue_features(one))) for one in turns]


def fit_headers(
    features: Sequence[Sequence[str]], near: Matrix, labels: Any, classes: int
) -> tuple[Linear, Linear]:
    """The model of section headers, by words and by an embedder's vectors where there are some."""
    words = fit_classes(features, labels, classes, HEADER_WIDTH)
    if not near.shape[1]:
        return words, Linear(np.zeros((1, classes), np.float32))
    return words, fit_dense(near, labels, classes)


def header_scores(
    models: tuple[Linear, Linear], features: Sequence[Sequence[str]], near: Matrix
) -> Matrix:
    """Scores of the headers of dialogues."""
    words, dense = models
    scores = words.scores(features)
    if near.shape[1] and near.shape[1] + 1 == len(dense.weights):
        scores = scores + NEAR * (near @ dense.weights[:-1] + dense.weights[-1])
    return np.asarray(scores, np.float32)


def vectors(examples: Sequence[Example], embedder: Embedder | None) -> Matrix:
    """Vectors of dialogues; no column where there is no embedder."""
    if embedder is None:
        return np.zeros((len(examples), 0), np.float32)
    return embedder.encode([" ".join(one.dialogue.split()) for one in examples])


def role_rows(examples: Sequence[Example]) -> Rows:
    """Features of every turn with a role: a doctor is 1, a patient -1."""
    turns = [one for e in examples for one in segments_of(e.dialogue) if one.role != "other"]
    turns = [one for one in turns if one.role]
    targets = np.array([[1.0 if one.role == "doctor" else -1.0] for one in turns], np.float32)
    return [turn_features(one.text) for one in turns], targets


def fit_roles(examples: Sequence[Example]) -> Linear:
    """The model of who speaks."""
    features, targets = role_rows(examples)
    return fit(features, targets, ROLE_WIDTH, RIDGE)


def folds_of(count: int, folds: int, seed: int) -> Any:
    """The fold of every example."""
    return np.random.default_rng(seed).permutation(count) % folds


def dealt(fold: Any, number: int) -> tuple[list[int], list[int]]:
    """Which examples a fold is trained on, and which it is measured on."""
    seen, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
    return seen.tolist(), held.tolist()


def validated_headers(
    features: Sequence[Sequence[str]], near: Matrix, labels: Any, classes: int, fold: Any
) -> float:
    """Cross-validated accuracy of the section header."""
    right = 0
    for number in range(int(fold.max()) + 1):
        seen, held = dealt(fold, number)
        models = fit_headers([features[at] for at in seen], near[seen], labels[seen], classes)
        scores = header_scores(models, [features[at] for at in held], near[held])
        right += int((scores.argmax(axis=1) == labels[held]).sum())
    return right / len(labels)


def train(
    files: Sequence[Path], models: Path, folds: int, seed: int, progress: Progress
) -> ScribeModel:
    """Fit every model and measure it.

    Parameters
    ----------
    files : sequence of Path
        CSV files of dialogues with notes, with section headers, or both.
    models : Path
        Where an embedder may be; without one headers are told by words alone.
    folds, seed : int
    progress : callable
    """
    examples = [one for file in files for one in read_examples(file)]
    visits = [one for one in examples if one.note and not one.header]
    pieces = [one for one in examples if one.header]
    if len(visits) < folds or len(pieces) < folds:
        said = "Training needs dialogues with notes and dialogues with section headers."
        raise OperationOutcomeError("value", said)
    progress("units")
    rows = [unit_rows(one) for one in visits]
    scores: dict[str, Any] = {"units": _validated_units(rows, folds_of(len(rows), folds, seed))}
    unit_model = fit_units(rows)
    progress("headers")
    names = sorted({one.header for one in pieces})
    labels = np.array([names.index(one.header) for one in pieces])
    features = header_rows(pieces)
    near = vectors(pieces, load_embedder(models))
    fold = folds_of(len(pieces), folds, seed)
    bare = np.zeros((len(pieces), 0), np.float32)
    scores["headers_by_words"] = validated_headers(features, bare, labels, len(names), fold)
    if near.shape[1]:
        scores["headers"] = validated_headers(features, near, labels, len(names), fold)
    words, dense = fit_headers(features, near, labels, len(names))
    progress("roles")
    about = {
        "labels": names,
        "budget": budget(visits),
        "scores": scores,
        "visits": len(visits),
        "pieces": len(pieces),
        "folds": folds,
        "seed": seed,
    }
    return ScribeModel(unit_model, words, dense, fit_roles(visits), about)


def _validated_units(rows: Sequence[Rows], fold: Any) -> dict[str, float]:
    """Cross-validated correlation of salience and accuracy of the division."""
    told, right, count = [], 0, 0
    for number in range(int(fold.max()) + 1):
        model = fit_units([one for one, at in zip(rows, fold, strict=True) if at != number])
        for features, targets in (one for one, at in zip(rows, fold, strict=True) if at == number):
            scores = model.scores(features)
            told.append(float(np.corrcoef(scores[:, 0], targets[:, 0])[0, 1]))
            right += int((scores[:, FEW:].argmax(1) == targets[:, FEW:].argmax(1)).sum())
            count += len(targets)
    return {"salience_correlation": float(np.nanmean(told)), "division_accuracy": right / count}


def main(arguments: Sequence[str]) -> int:
    """Run ``isthmus train sections``."""
    parser = argparse.ArgumentParser(
        prog="isthmus train sections",
        description="Train the section, salience and role models of the scribe.",
    )
    add = parser.add_argument
    add("--dialogues", type=Path, nargs="+", required=True, help="CSV files")
    add("--out", type=Path, required=True, help="folder of the new model")
    add("--models", type=Path, default=Path("none"), help="folder in which an embedder may be")
    add("--folds", type=int, default=5)
    add("--seed", type=int, default=1)
    add("--json", action="store_true", help="print the scores as JSON")
    chosen = parser.parse_args(arguments)
    model = train(chosen.dialogues, chosen.models, chosen.folds, chosen.seed, _say)
    chosen.out.mkdir(parents=True, exist_ok=True)
    save_model(model, chosen.out / SHIPPED.name)
    card = model_card(model.about)
    (chosen.out / "README.md").write_text(card, encoding="utf-8")
    scores = json.dumps(model.about["scores"], indent=1)
    sys.stdout.write(scores + "\n" if chosen.json else card)
    return 0


def _say(what: str) -> None:
    sys.stderr.write(f"training: {what}\n")
