"""``isthmus evaluate coding``: the registered coder on your notes, against the codes of your coders.

Labels are compared as they are given; a code that the release of the date does not bill any more is counted
as missed, named, and left out in a second row. Nothing that a note says is printed or written.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from conformance.coding_evaluation import CodeSystem, Material, evaluation, fold_f1
from conformance.coding_notes import (
    Codes,
    Encounter,
    by_name,
    named_as_labels,
    read_codes,
    read_notes,
    with_notes,
)
from conformance.coding_report import speed_shown, table
from conformance.coding_run import (
    coder,
    run_coder,
)
from gateway.settings import TERMINOLOGY, load_settings
from ml.worker import Places, Worker
from profiles.coding_records import CodingRequest, Note
from profiles.outcome import OperationOutcomeError
from terminology.icd10cm.base import compile_base
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.store_folder import TerminologyError
from terminology.systems import ICD_10_CM


def main(arguments: Sequence[str]) -> int:
    """Evaluate and print; 0 unless the material cannot be read or there is no coder."""
    chosen = _parser().parse_args(arguments)
    peers = {name: by_name(read_codes(file)) for name, file in map(_named, chosen.peer)}
    given: dict[str, Codes] = {file.name: by_name(read_codes(file)) for file in chosen.labels}
    notes = named_as_labels(read_notes(chosen.notes), _united(given))
    labels = _noted(given, notes)
    encounters = _labelled(notes, labels)
    settings = load_settings()
    places = Places(Path(settings.models), chosen.terminology or Path(settings.data) / TERMINOLOGY)
    release = release_on(places.terminology, chosen.service_date)
    date = chosen.service_date or release.begins
    material = Material(labels, peers, chosen.folds, chosen.seed)
    asked = requests(encounters, date, chosen.threshold)
    result = evaluate(coder(), asked, material, places, release)
    if chosen.out:
        chosen.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(for_people(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="isthmus evaluate coding",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--notes", type=Path, action="append", required=True, help="CSV; may be given again")
    add("--labels", type=Path, action="append", required=True, help="NNN CODE ...; one per coder")
    add("--peer", action="append", default=[], metavar="NAME=FILE", help="another program's codes")
    add("--folds", type=int, default=5, help="folds over the encounters")
    add("--seed", type=int, default=1, help="how encounters are dealt into folds")
    add("--threshold", type=float, help="score from which a code counts; the coder's own if absent")
    add("--from", dest="service_date", metavar="YYYY-MM-DD", help="date of service of every note")
    add("--terminology", type=Path, help="compiled code systems; the gateway's own if absent")
    add(
        "--json", dest="out", type=Path, metavar="OUT", help="write everything, with lists per note"
    )
    return parser


def evaluate(
    worker: Worker,
    asked: Sequence[tuple[str, CodingRequest]],
    material: Material,
    places: Places,
    release: Release,
) -> dict[str, Any]:
    """Run a coder and say how well, how fast and how large it was.

    A first process codes one note, so that what the coder builds only once is there for the measured one.
    """
    module = cast("ModuleType", worker).__name__
    built = run_coder(module, places, asked[:1], lambda *_: None)
    ran = run_coder(module, places, asked, show_progress)
    request = asked[0][1]
    return {
        "coder": {"name": worker.SPEC.name, "version": worker.SPEC.version},
        "ran_with": dict(ran.done[0].result.digests),
        "code_system": {"system": release.system, "version": release.version},
        "service_date": request.service_date,
        "threshold": request.threshold,
        "speed": {
            **speed_shown(ran.done),
            "peak_memory_mb": ran.peak_memory_mb,
            "first_suggestion_s": ran.first_suggestion_s,
            "first_suggestion_with_building_s": built.first_suggestion_s,
        },
        **evaluation(ran.done, material, judged(release)),
    }


def requests(
    encounters: Sequence[Encounter], date: str, threshold: float | None
) -> list[tuple[str, CodingRequest]]:
    """Each encounter as the coder is asked for its diagnoses: one note of an outpatient visit."""
    return [
        (
            encounter.key,
            CodingRequest(
                (Note(f"DocumentReference/{number}", encounter.text),),
                date,
                systems=(ICD_10_CM,),
                threshold=threshold,
            ),
        )
        for number, encounter in enumerate(encounters, 1)
    ]


def judged(release: Release) -> CodeSystem:
    """The questions of the evaluation, answered by a release."""

    def billable(code: str) -> bool:
        found = release.get(code)
        return found is not None and found.billable

    return CodeSystem(release.system, release.version, billable, release.excludes1)


def for_people(result: dict[str, Any]) -> str:
    """The result without its raw lists."""
    speed, found = result["speed"], result["quality"]
    lines = [
        f"{result['coder']['name']} {result['coder']['version']},"
        f" ICD-10-CM {result['code_system']['version']}, {result['service_date']},"
        f" {speed['notes']} notes",
        "",
        table(result["rows"]),
        f"F1 per fold            {' '.join(f'{value:.3f}' for value in fold_f1(result['folds']))}",
        f"F1, threshold of other folds  {result['folds']['threshold_of_other_folds']['f1']:.3f}",
    ]
    for name, codes in result["labels"].items():
        dead = codes["dead_on_the_date"]
        lines.append(f"dead codes of {name}  {len(dead)}  {' '.join(dead)}")
    for source, values in result.get("agreement", {}).items():
        said = ", ".join(f"{key} {value}" for key, value in values.items())
        lines.append(f"{source} among coders  {said}")
    lines += [
        f"spans verbatim         {found['verbatim']} of {found['spans']},"
        f" {found['without_evidence']} codes without any",
        f"billable               {found['billable']} of {found['codes']}",
        f"Excludes1 conflicts    {found['conflicts']}, unreported {found['unreported_conflicts']}",
        f"seconds per note       median {speed['wall_s']['median']}, p95 {speed['wall_s']['p95']}"
        f" (processor {speed['cpu_s']['median']}, {speed['cpu_s']['p95']})",
        f"peak memory            {speed['peak_memory_mb']} MB",
        f"first suggestion       {speed['first_suggestion_s']} s after the start of a process",
    ]
    return "\n".join(lines) + "\n"


def _named(given: str) -> tuple[str, Path]:
    name, sign, file = given.partition("=")
    if not sign or not name or not file:
        raise OperationOutcomeError("invalid", "--peer is NAME=FILE")
    return name, Path(file)


def _united(labels: dict[str, Codes]) -> Codes:
    """Every labelled encounter with the codes of all coders."""
    united: dict[str, frozenset[str]] = {}
    for codes in labels.values():
        for key, named in codes.items():
            united[key] = united.get(key, frozenset()) | named
    return united


def _noted(labels: dict[str, Codes], encounters: Sequence[Encounter]) -> dict[str, Codes]:
    """The labels of what has a note.

    Raises
    ------
    OperationOutcomeError
        A coder has labelled none of it.
    """
    kept: dict[str, Codes] = {name: with_notes(c, encounters) for name, c in labels.items()}
    for name, codes in kept.items():
        if not codes:
            raise OperationOutcomeError("not-found", f"{name} names no encounter that has a note")
        if left := len(labels[name]) - len(codes):
            sys.stderr.write(f"{left} encounters of {name} have no note and are left out\n")
    return kept


def _labelled(encounters: Sequence[Encounter], labels: dict[str, Codes]) -> list[Encounter]:
    wanted = _united(labels)
    kept = [encounter for encounter in encounters if encounter.key in wanted]
    if left := len(encounters) - len(kept):
        sys.stderr.write(f"{left} notes have no labels and are left out\n")
    return kept


def release_on(folder: Path, date: str | None) -> Release:
    """The release for a date, else the newest; the one that ships is compiled when there is none.

    Raises
    ------
    OperationOutcomeError
        There is no release and nothing to compile one of.
    """
    try:
        compile_base(folder, show_progress)
        systems = Icd10Cm(folder)
        return systems.on(date) if date else systems.releases[-1]
    except TerminologyError as error:
        raise OperationOutcomeError("not-found", str(error)) from error


def show_progress(done: int, total: int, unit: str) -> None:
    """Progress on standard error: one line that changes on a terminal, every tenth line elsewhere."""
    terminal = sys.stderr.isatty()
    if done and (terminal or done == total or done % 10 == 0):
        sys.stderr.write(f"{unit} {done}/{total}" + ("\r" if terminal and done < total else "\n"))
