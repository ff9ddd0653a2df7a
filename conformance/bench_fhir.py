"""``isthmus bench fhir``: the FHIR endpoint over HTTP, durable, with the load generator on the same machine.

``--part library`` measures admission and extraction alone, ``--part growth`` the endpoint beside one with ten
times the data; that part is measured only when it is named: it fills 3 GB of disk for some minutes.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from conformance import fhir_growth, fhir_ratios
from conformance.fhir_load import crud, imports, reading, searching, writing
from conformance.fhir_record import EACH, PATIENTS, fill
from conformance.resting import memory_mb, until_they_rest
from conformance.running import RunningGateway

USUAL: Final = ("library", "endpoint")


def run_bench(rounds: int, parts: Sequence[str] = USUAL) -> dict[str, Any]:
    """Measure.

    Parameters
    ----------
    rounds : int
        So many times a hundred requests of each search shape.
    parts : sequence of str
        Names of ``PARTS``.
    """
    result: dict[str, Any] = {}
    for name, (measured, _) in PARTS.items():
        if name in parts:
            with tempfile.TemporaryDirectory(prefix="isthmus-bench-") as folder:
                result |= measured(Path(folder), rounds)
    return result


def _library(folder: Path, rounds: int) -> dict[str, Any]:
    del folder, rounds
    return {"library": fhir_ratios.ratios()}


def _endpoint(folder: Path, rounds: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "fill_per_s": round(fill(folder / "store", PATIENTS, PATIENTS * EACH))
    }
    gateway = RunningGateway(folder, {"ISTHMUS_LOG_LEVEL": "WARNING"})
    started = time.perf_counter()
    gateway.start()
    try:
        result["start_s"] = round(time.perf_counter() - started, 2)
        until_they_rest(gateway)
        result["search"] = searching(gateway.http_port, rounds * 100)
        result["read"] = reading(gateway.http_port, 30_000).record()
        result["create Observation"] = writing(gateway.http_port, 6000).record()
        result["transaction import"] = imports(gateway.http_port, 120)
        result["crud of nine types"] = crud(gateway.http_port, 400).record()
        result["rss_mb"] = memory_mb(gateway)
    finally:
        gateway.stop()
    return result


def _growth(folder: Path, rounds: int) -> dict[str, Any]:
    return {"growth": fhir_growth.growth(folder, rounds)}


PARTS: Final[dict[str, tuple[Callable[[Path, int], dict[str, Any]], str]]] = {
    "library": (_library, "admission and extraction beside the libraries that do the same"),
    "endpoint": (_endpoint, "the endpoint over HTTP"),
    "growth": (_growth, "the endpoint beside one with ten times the data"),
}
