"""``isthmus bench NAME``: every promise of speed as a number, with what it is compared to."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

BENCHES: Final = {
    "coding": ("conformance.bench_coding:run", "codes of notes: how right, how fast, how large"),
    "fhir": ("conformance.bench_fhir:run_bench", "the FHIR endpoint: write, import, read, search"),
    "imaging": ("conformance.bench_imaging:run", "last C-STORE response to readable report"),
    "scrub": ("conformance.bench_scrub:run", "Claims per second through every edit"),
}


def main(arguments: Sequence[str]) -> int:
    """Run one benchmark and print its result."""
    names = "\n".join(f"  {name}  {text}" for name, (_, text) in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="isthmus bench",
        description="Measure one promise.",
        epilog=f"benchmarks:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=tuple(BENCHES))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--rounds", type=int, default=10, help="studies, processes, or hundreds of searches"
    )
    chosen = parser.parse_args(arguments)
    module, _, function = BENCHES[chosen.name][0].partition(":")
    result: dict[str, Any] = getattr(importlib.import_module(module), function)(chosen.rounds)
    if chosen.json:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
    else:
        for key, value in result.items():
            sys.stdout.write(f"{key:<28}{value}\n")
    return 0
