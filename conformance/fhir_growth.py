"""The endpoint beside one with ten times the data: two gateways, asked in turns.

A machine that others share changes its speed from minute to minute. So both are asked the same within a
second or two, many times; each turn gives one ratio, and half of them are larger than the one that is given.
"""

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from conformance.fhir_load import SHAPES, crud, importing, reading, search, writing
from conformance.fhir_record import EACH, PATIENTS, fill
from conformance.load import Load
from conformance.resting import memory_mb, until_they_rest, until_words_are_indexed
from conformance.running import RunningGateway

SCALE: Final = 10
_SEARCHES: Final = 40
LOADS: Final[dict[str, Callable[[int, int], Load]]] = {
    "read": lambda port, scale: reading(port, 6000, scale),
    "create Observation": lambda port, scale: writing(port, 2000, scale),
    "transaction import": lambda port, _: importing(port, 30),
    "crud of nine types": lambda port, _: crud(port, 80),
}


def growth(folder: Path, rounds: int) -> dict[str, Any]:
    """How much longer each search and each load takes with ten times the data.

    Parameters
    ----------
    folder : Path
        For both stores, 3 GB.
    rounds : int
        Turns of each.
    """
    gateways = {scale: _filled(folder / str(scale), scale) for scale in (1, SCALE)}
    result: dict[str, Any] = {"search": {}}
    try:
        for gateway in gateways.values():
            gateway.start()
            until_words_are_indexed(gateway, _tell)
        until_they_rest(*gateways.values())
        for shape in SHAPES:
            _tell(f"{shape}: {rounds} turns")
            result["search"][shape] = _searched(gateways, shape, rounds)
        for name, load in LOADS.items():
            _tell(f"{name}: {rounds} turns")
            result[name] = _loaded(gateways, load, rounds)
        result["rss_mb"] = [memory_mb(gateway) for gateway in gateways.values()]
    finally:
        for gateway in gateways.values():
            gateway.stop()
    return result


def _filled(folder: Path, scale: int) -> RunningGateway:
    folder.mkdir(parents=True)
    patients, whole = PATIENTS * scale, PATIENTS * scale * (EACH + 1)

    def told(done: int) -> None:
        if done % (whole // 10) < 1000:
            _tell(f"{done:,} of {whole:,} resources stored")

    fill(folder / "store", patients, patients * EACH, told)
    return RunningGateway(folder, {"ISTHMUS_LOG_LEVEL": "WARNING"})


def _searched(gateways: dict[int, RunningGateway], shape: str, rounds: int) -> dict[str, Any]:
    """Half and 95 % of the times, as the middle of all turns."""
    small, large = _in_turns(gateways, lambda port, _: search(port, shape, _SEARCHES), rounds)
    return {
        name: _compared(
            [getattr(one, name) for one in small], [getattr(one, name) for one in large]
        )
        for name in ("p50_ms", "p95_ms")
    }


def _loaded(
    gateways: dict[int, RunningGateway], load: Callable[[int, int], Load], rounds: int
) -> dict[str, Any]:
    """Milliseconds from a request of a load to the next."""
    small, large = _in_turns(gateways, load, rounds, rest=True)
    times = [[1000 / one.per_second for one in loads] for loads in (small, large)]
    failed = sum(one.failed for one in (*small, *large))
    return {"ms": _compared(*times), "failed": failed}


def _in_turns(
    gateways: dict[int, RunningGateway],
    load: Callable[[int, int], Load],
    rounds: int,
    *,
    rest: bool = False,
) -> tuple[list[Load], list[Load]]:
    """What both come to; who is asked first changes each time, and the first turn of each is not counted.

    What a load has written is indexed and copied afterwards: ``rest`` waits for that.
    """
    found: dict[int, list[Load]] = {scale: [] for scale in gateways}
    for turn in range(rounds + 1):
        for scale in sorted(gateways, reverse=bool(turn % 2)):
            if rest:
                until_they_rest(*gateways.values())
            found[scale].append(load(gateways[scale].http_port, scale))
    small, large = (loads[1:] for _, loads in sorted(found.items()))
    return small, large


def _compared(small: list[float], large: list[float]) -> dict[str, float]:
    ratios = [theirs / ours for ours, theirs in zip(small, large, strict=True)]
    return {
        "small": round(statistics.median(small), 3),
        "large": round(statistics.median(large), 3),
        "ratio": round(statistics.median(ratios), 2),
    }


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
