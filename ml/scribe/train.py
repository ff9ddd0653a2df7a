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
from ml.scribe.features import turn_features, unit_features
from ml.scribe.folds import folds_of
from ml.scribe.linear import Linear, Matrix, fit
from ml.scribe.material import Example, divided, read_examples
from ml.scribe.model import DIVISIONS, SHIPPED, ScribeModel, save_model
from ml.scribe.model_card import model_card
from ml.scribe.person import pronouns
from ml.scribe.train_headers import by_class, fit_headers, folded_headers, pieces_of
from ml.scribe.units import units
from ml.text.embedder import load_embedder
from profiles.outcome import OperationOutcomeError

UNIT_WIDTH: Final = 8192
ROLE_WIDTH: Final = 4096
RIDGE: Final = 3.0
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
    headed = pieces_of(pieces, names, load_embedder(models))
    fold = folds_of(len(pieces), folds, seed)
    by_words, told = folded_headers(headed, len(names), fold)
    scores["headers_by_words"] = float((by_words == headed.labels).mean())
    if headed.near.shape[1]:
        scores["headers"] = float((told == headed.labels).mean())
    each = by_class(told, headed.labels, names)
    mean = float(np.mean([one["recall"] for one in each.values()]))
    scores["all_headers_alike"] = {"mean_recall": mean}
    words, dense = fit_headers(headed, len(names))
    progress("roles")
    about = {
        "labels": names,
        "budget": budget(visits),
        "scores": scores,
        "headers": each,
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
