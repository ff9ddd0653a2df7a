"""``isthmus evaluate scribe``: notes against notes of clinicians, section headers against their labels.

With ``--folds`` the models are trained anew without the visits that they are measured on. Another program's
notes (``--peer NAME=FILE``, a CSV with ``encounter_id`` and ``note``, or as many notes in the same order) go
through the same scorer. Nothing that was said is printed or written.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.scribe_scores import Scored, means, plain_text, scored
from gateway.settings import load_settings
from ml.scribe.dialogue import transcript_of
from ml.scribe.folds import dealt, folds_of
from ml.scribe.material import Example, read_examples
from ml.scribe.model import ScribeModel
from ml.scribe.scribe import Scribe, load, run
from ml.scribe.train import budget, fit_roles, fit_units, unit_rows
from ml.scribe.train_headers import by_class, folded_headers, headers_told, pieces_of
from ml.text.embedder import load_embedder
from ml.worker import Places
from profiles.outcome import OperationOutcomeError
from profiles.speech_records import ScribeNote, ScribeRequest

MEASURES = (
    ("rouge1", "ROUGE-1"),
    ("rouge2", "ROUGE-2"),
    ("rouge_l", "ROUGE-L"),
    ("rouge_lsum", "ROUGE-Lsum"),
    ("unsupported", "unsupported sentences"),
    ("number_mismatch", "numbers not said"),
    ("omission", "left out of what the reference has"),
    ("drug_recall", "medicines said that are in the note"),
    ("evidence", "sentences with evidence"),
)


def main(arguments: Sequence[str]) -> int:
    """Evaluate and print; 0 unless the material cannot be read."""
    chosen = _parser().parse_args(arguments)
    models = chosen.models or Path(load_settings().models)
    places = Places(models, models)
    scribe = load(places)
    result: dict[str, Any] = {"files": {}}
    for file in chosen.dialogues:
        examples = read_examples(file)
        _say(f"{file.name}: {len(examples)} dialogues")
        name = file.name if file.name not in result["files"] else f"{file.parent.name}/{file.name}"
        result["files"][name] = evaluate(examples, scribe, places, chosen)
    if chosen.out:
        chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(for_people(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="isthmus evaluate scribe",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--dialogues", type=Path, nargs="+", required=True, help="CSV files")
    add("--folds", type=int, default=0, help="train without the fold that is measured")
    add("--seed", type=int, default=1, help="how dialogues are dealt into folds")
    add("--template", default="h-and-p", help="section template of the notes")
    add("--models", type=Path, help="models of the site; those of the settings if absent")
    add("--peer", action="append", default=[], metavar="NAME=FILE", help="another program's notes")
    add("--json", dest="out", type=Path, metavar="OUT", help="write the scores of every visit")
    return parser


def evaluate(
    examples: Sequence[Example], scribe: Scribe, places: Places, chosen: argparse.Namespace
) -> dict[str, Any]:
    """Everything that one file can tell: headers where it has headers, whole notes elsewhere."""
    if all(one.header for one in examples):
        return {"headers": headers(examples, scribe.model, places, chosen)}
    visits = [one for one in examples if one.note]
    if not visits:
        raise OperationOutcomeError("value", "A file of dialogues has neither notes nor headers.")
    started = time.perf_counter()
    notes = folded(visits, scribe, chosen)
    told = [scored(one, note) for one, note in zip(visits, notes, strict=True)]
    shown = _summary(told)
    shown["seconds_per_visit"] = (time.perf_counter() - started) / len(visits)
    peers = {
        name: _summary(_peer(visits, Path(file)))
        for name, _, file in (peer.partition("=") for peer in chosen.peer)
    }
    return {"notes": shown, "peers": peers}


def _summary(told: Sequence[Scored]) -> dict[str, Any]:
    return {
        "visits": len(told),
        "mean": means(told),
        "each": {one.name: dict(one.scores) for one in told},
    }


def folded(
    visits: Sequence[Example], scribe: Scribe, chosen: argparse.Namespace
) -> list[ScribeNote]:
    """A note for every visit, by a model that has not seen it where folds are asked for."""
    if not chosen.folds:
        return [_note(one, scribe, chosen.template) for one in visits]
    rows = [unit_rows(one) for one in visits]
    fold = folds_of(len(visits), chosen.folds, chosen.seed)
    notes: list[ScribeNote | None] = [None] * len(visits)
    for number in range(chosen.folds):
        seen, held = dealt(fold, number)
        others = [visits[at] for at in seen]
        about = {**scribe.model.about, "budget": budget(others)}
        model = replace(
            scribe.model,
            units=fit_units([rows[at] for at in seen]),
            roles=fit_roles(others),
            about=about,
        )
        for at in held:
            notes[at] = _note(visits[at], replace(scribe, model=model), chosen.template)
        _say(f"fold {number + 1} of {chosen.folds}")
    return [one for one in notes if one is not None]


def _note(one: Example, scribe: Scribe, template: str) -> ScribeNote:
    request = ScribeRequest(transcript_of(one.dialogue), template, patient_sex=one.sex)
    return run(scribe, request, lambda *_: None)


def headers(
    examples: Sequence[Example], model: ScribeModel, places: Places, chosen: argparse.Namespace
) -> dict[str, Any]:
    """Accuracy of the section header, and number, recall and precision of every header."""
    names = sorted({one.header for one in examples}) if chosen.folds else list(model.labels)
    pieces = pieces_of(examples, names, load_embedder(places.models))
    if chosen.folds:
        fold = folds_of(len(examples), chosen.folds, chosen.seed)
        by_words, told = folded_headers(pieces, len(names), fold)
    else:
        by_words, told = headers_told((model.headers, model.headers_near), pieces)
    return {
        "pieces": len(examples),
        "classes": len({one.header for one in examples}),
        "embedder": bool(pieces.near.shape[1]),
        "accuracy": float((told == pieces.labels).mean()),
        "accuracy_by_words": float((by_words == pieces.labels).mean()),
        "each": by_class(told, pieces.labels, names),
    }


def _peer(visits: Sequence[Example], file: Path) -> list[Scored]:
    """Another program's notes by the same scorer, matched by name, else by order."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            stored = list(csv.DictReader(opened))
        notes = {row.get("encounter_id") or str(at): row["note"] for at, row in enumerate(stored)}
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise OperationOutcomeError("value", "A peer's notes cannot be read.") from error
    if not any(one.name in notes for one in visits) and len(stored) == len(visits):
        notes = {one.name: row["note"] for one, row in zip(visits, stored, strict=True)}
    return [scored(one, notes[one.name]) for one in visits if one.name in notes]


def for_people(result: dict[str, Any]) -> str:
    """The scores as a table."""
    lines = []
    for name, told in result["files"].items():
        if "headers" in told:
            said = told["headers"]
            with_it = "with" if said["embedder"] else "without"
            lines.append(
                f"{name}: section header {said['accuracy']:.3f} on {said['classes']} classes, "
                f"{said['pieces']} pieces, {with_it} embedder "
                f"({said['accuracy_by_words']:.3f} by words alone)"
            )
            lines.append(f"{'':16}{'pieces':>8}{'recall':>8}{'precision':>11}")
            lines += [
                f"{name:16}{one['pieces']:8}{one['recall']:8.2f}{one['precision']:11.2f}"
                for name, one in said["each"].items()
            ]
            continue
        columns = {"isthmus": told["notes"], **told["peers"]}
        lines.append(f"{name}: {told['notes']['visits']} visits")
        lines.append(f"{'':38}" + "".join(f"{column:>14}" for column in columns))
        for key, label in MEASURES:
            values = [column["mean"].get(key) for column in columns.values()]
            shown = "".join("             -" if v is None else f"{v:14.4f}" for v in values)
            lines.append(f"{label:38}{shown}")
        lines.append(f"{'seconds per visit':38}{told['notes']['seconds_per_visit']:14.3f}")
    return "\n".join(lines) + "\n"


def _say(what: str) -> None:
    sys.stderr.write(what + "\n")


__all__ = ["evaluate", "for_people", "main", "plain_text"]
