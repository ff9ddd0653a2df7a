"""``isthmus x12``: Claims of the store out as X12 837."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from adapters.store import open_store
from gateway.claim_x12 import export_claims, site_of
from gateway.settings import Settings, load_settings


def main(arguments: Sequence[str]) -> int:
    """Run one of the subcommands on the store of the settings."""
    parser = argparse.ArgumentParser(prog="isthmus x12", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="write Claims as one 837 interchange")
    export.add_argument("claim", nargs="+", help="id of an approved Claim")
    export.add_argument("--out", type=Path, help="file to write; standard output if absent")
    chosen = parser.parse_args(arguments)
    return _export(load_settings(), chosen)


def _export(settings: Settings, chosen: argparse.Namespace) -> int:
    site = site_of(settings)
    store = open_store(Path(settings.data), database=settings.database, tends=False)
    try:
        text = store.transact(lambda tx: export_claims(tx, chosen.claim, site))
    finally:
        store.close()
    if chosen.out:
        chosen.out.write_text(text, encoding="ascii")
    else:
        sys.stdout.write(text + "\n")
    return 0
