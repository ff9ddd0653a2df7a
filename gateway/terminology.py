"""``isthmus terminology``: import the official files of code systems, list what is there, search it."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gateway.settings import TERMINOLOGY, load_settings
from ml.coding.coder import Coders
from ml.text.embedder import HOW_TO_GET, load_embedder
from ml.worker import Places
from profiles.outcome import OperationOutcomeError
from terminology.hcc_import import compile_installed
from terminology.icd10cm.base import compile_base
from terminology.icd10cm.release import Icd10Cm
from terminology.importers import Found, Import, Importer, Table, importers, require_date
from terminology.store_folder import Progress, TerminologyError, silent

NICE: Final = 10
_OWN: Final = frozenset({"command", "name", "data", "files", "begins", "ends", "json"})


def main(arguments: Sequence[str]) -> int:
    """Run one of the subcommands; the exit status of the process."""
    chosen = _parser().parse_args(arguments)
    folder = Path(chosen.data or load_settings().data) / TERMINOLOGY
    try:
        answer = _COMMANDS[chosen.command](folder, chosen)
    except TerminologyError as error:
        raise OperationOutcomeError("invalid", str(error)) from None
    if chosen.json:
        sys.stdout.write(json.dumps([asdict(one) for one in answer], indent=1) + "\n")
    else:
        sys.stdout.write("".join(f"{_line(one)}\n" for one in answer))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="isthmus terminology", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", default="", help="data folder; default: the setting `data`")
    common.add_argument("--json", action="store_true", help="print one JSON array")
    imported = commands.add_parser("import", help="compile the official files of one release")
    names = imported.add_subparsers(dest="name", required=True, metavar="TABLE")
    for importer in importers().values():
        _add_importer(names, importer, common)
    base = commands.add_parser(
        "base", parents=[common], help="compile what is installed: ICD-10-CM, condition categories"
    )
    base.add_argument("--background", action="store_true", help="leave the processor to others")
    index = commands.add_parser(
        "index", parents=[common], help="build the coder's index of ICD-10-CM with its vectors"
    )
    index.add_argument("--models", default="", help="models folder; default: the setting `models`")
    index.add_argument("--date", default="", help="date of service; default: every release")
    commands.add_parser("list", parents=[common], help="list the compiled releases")
    search = commands.add_parser("search", parents=[common], help="search codes by words")
    search.add_argument("text", metavar="TEXT")
    search.add_argument("--table", default="", help="search this table only")
    search.add_argument("--date", default="", help="date of service; default: the newest release")
    search.add_argument("--limit", type=int, default=10, help="answers per table; default: 10")
    return parser


def _add_importer(names: Any, importer: Importer, common: argparse.ArgumentParser) -> None:
    parser = names.add_parser(importer.name, parents=[common], help=importer.text)
    parser.add_argument("--begins", required=True, help="first service date, such as 2026-10-01")
    parser.add_argument("--ends", default="", help="last service date")
    for option in importer.options:
        parser.add_argument(
            f"--{option.name}",
            default=option.default,
            choices=option.choices or None,
            help=option.text,
        )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")


def _import(folder: Path, chosen: argparse.Namespace) -> list[Table]:
    options = {name: value for name, value in vars(chosen).items() if name not in _OWN}
    wanted = Import(
        folder, tuple(chosen.files), chosen.begins, chosen.ends, options, _progress(chosen)
    )
    return [importers()[chosen.name].run(wanted)]


def _base(folder: Path, chosen: argparse.Namespace) -> list[Table]:
    if chosen.background:
        os.nice(NICE)
    path = compile_base(folder, _progress(chosen))
    made = [table for table in importers()["icd10cm"].tables(folder) if table.path == str(path)]
    return made + compile_installed(folder, _progress(chosen))


def _index(folder: Path, chosen: argparse.Namespace) -> list[Table]:
    models = Path(chosen.models or load_settings().models)
    if load_embedder(models) is None:
        raise OperationOutcomeError("required", f"There is no embedder: {HOW_TO_GET}.")
    coders = Coders(Places(models, folder))
    when = require_date(chosen.date, "--date") if chosen.date else ""
    releases = [one for one in Icd10Cm(folder).releases if not when or one.covers(when)]
    for release in releases:
        coders.build_vectors(release.begins, _progress(chosen))
    versions = {release.version for release in releases}
    return [one for one in importers()["icd10cm"].tables(folder) if one.version in versions]


def _list(folder: Path, chosen: argparse.Namespace) -> list[Table]:
    del chosen
    return compiled(folder)


def compiled(folder: Path) -> list[Table]:
    """Every compiled release of a folder."""
    return [table for importer in importers().values() for table in importer.tables(folder)]


def _search(folder: Path, chosen: argparse.Namespace) -> list[Found]:
    when = require_date(chosen.date, "--date") if chosen.date else ""
    return [
        found
        for importer in importers().values()
        if importer.search is not None and chosen.table in ("", importer.name)
        for found in importer.search(folder, chosen.text, when, chosen.limit)
    ]


_COMMANDS: Final[dict[str, Callable[[Path, argparse.Namespace], Sequence[Table | Found]]]] = {
    "import": _import,
    "base": _base,
    "index": _index,
    "list": _list,
    "search": _search,
}


def _progress(chosen: argparse.Namespace) -> Progress:
    if chosen.json and not sys.stderr.isatty():
        return silent

    def said(done: int, total: int, what: str) -> None:
        sys.stderr.write(f"{done}/{total} {what}\n")

    return said


def _line(one: Table | Found) -> str:
    if isinstance(one, Table):
        return (
            f"{one.name:<19}{one.version:<12}{one.begins} to {one.ends:<10}  {one.rows:>9,} rows  "
            f"{one.digest[:12]}"
        )
    fitted = "" if one.term in ("", one.display) else f"  ({one.term})"
    return f"{one.code:<10}{one.score:6.1f}  {one.display}{fitted}"
