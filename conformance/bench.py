"""``isthmus bench NAME``: every promise of speed as a number, with what it is compared to."""

import argparse
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

BENCHES: Final = {
    "coding": ("conformance.bench_coding:run", "codes of notes: how right, how fast, how large"),
    "fhir": (
        "conformance.bench_fhir:run_bench",
        "the FHIR endpoint; --part growth: ten times the data",
    ),
    "imaging": ("conformance.bench_imaging:run", "last C-STORE response to readable report"),
    "speech": ("conformance.bench_speech:run", "transcription beside the recogniser itself"),
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
    parser.add_argument(
        "--part", action="append", default=[], help="measure this part alone; may be given again"
    )
    chosen = parser.parse_args(arguments)
    name, _, function = BENCHES[chosen.name][0].partition(":")
    module = importlib.import_module(name)
    known = getattr(module, "PARTS", {})
    if unknown := [part for part in chosen.part if part not in known]:
        has = f"has the parts {', '.join(known)}" if known else "has no parts"
        parser.error(f"{chosen.name} {has}: not {', '.join(unknown)}")
    some = (tuple(chosen.part),) if chosen.part else ()
    result: dict[str, Any] = getattr(module, function)(chosen.rounds, *some)
    if chosen.json:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
    else:
        lines = list(_flat(result))
        width = max(len(name) for name, _ in lines) + 2
        sys.stdout.writelines(f"{name:<{width}}{value}\n" for name, value in lines)
    return 0


def _flat(result: dict[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Every figure under the path of its names."""
    for name, value in result.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value
