"""``isthmus x12``: Claims of the store out as X12 837, remittances in as X12 835."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from adapters.store import open_store
from adapters.x12.remittance import read_remittances
from gateway.claim_x12 import export_claims, site_of
from gateway.remittance import import_remittances
from gateway.settings import Settings, load_settings
from profiles.outcome import OperationOutcomeError


def main(arguments: Sequence[str]) -> int:
    """Run one of the subcommands on the store of the settings."""
    parser = argparse.ArgumentParser(prog="isthmus x12", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="write Claims as one 837 interchange")
    export.add_argument("claim", nargs="+", help="id of an approved Claim")
    export.add_argument("--out", type=Path, help="file to write; standard output if absent")
    export.add_argument(
        "--control", type=int, help="interchange control number; the next if absent"
    )
    taken = commands.add_parser("import", help="take in 835 remittance files")
    taken.add_argument("file", nargs="+", type=Path, help="file of a payer")
    chosen = parser.parse_args(arguments)
    run = _export if chosen.command == "export" else _import
    return run(load_settings(), chosen)


def _export(settings: Settings, chosen: argparse.Namespace) -> int:
    site = site_of(settings)
    store = open_store(Path(settings.data), database=settings.database, tends=False)
    try:
        text = store.transact(lambda tx: export_claims(tx, chosen.claim, site, chosen.control))
    finally:
        store.close()
    if chosen.out:
        chosen.out.write_text(text, encoding="ascii")
    else:
        sys.stdout.write(text + "\n")
    return 0


def _import(settings: Settings, chosen: argparse.Namespace) -> int:
    """Take in files, each whole or not at all; 1 when a person must look at something."""
    store = open_store(Path(settings.data), database=settings.database, tends=False)
    found = 0
    try:
        for file in chosen.file:
            text = _read(file)
            read = read_remittances(text)
            made = store.transact(partial(import_remittances, text=text, remittances=read))
            sys.stdout.write(f"{file.name}: {made.changed} resources written\n")
            sys.stdout.writelines(f"  {reference}\n" for reference in made.references)
            sys.stdout.writelines(f"  finding: {text}\n" for _, text in made.findings)
            found += len(made.findings)
    finally:
        store.close()
    return int(found > 0)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise OperationOutcomeError(
            "not-found", f"{file.name} cannot be read: {error.strerror}"
        ) from error
