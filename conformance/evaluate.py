"""``isthmus evaluate NAME``: how good a worker is on material that you supply."""

import argparse
import importlib
from collections.abc import Callable, Sequence
from typing import Final, cast

EVALUATIONS: Final = {
    "asr": ("conformance.evaluate_asr:main", "recognised words against what was said"),
    "coding": ("conformance.evaluate_coding:main", "codes of notes against codes of coders"),
    "scribe": ("conformance.evaluate_scribe:main", "notes of visits against notes of clinicians"),
}


def main(arguments: Sequence[str]) -> int:
    """Run one evaluation; its exit status."""
    names = "\n".join(f"  {name}  {text}" for name, (_, text) in EVALUATIONS.items())
    parser = argparse.ArgumentParser(
        prog="isthmus evaluate",
        description="Measure how good a worker is on your own material.",
        epilog=f"evaluations:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=tuple(EVALUATIONS))
    chosen = parser.parse_args(arguments[:1])
    module, _, function = EVALUATIONS[chosen.name][0].partition(":")
    evaluation = cast(
        "Callable[[Sequence[str]], int]", getattr(importlib.import_module(module), function)
    )
    return evaluation(arguments[1:])
