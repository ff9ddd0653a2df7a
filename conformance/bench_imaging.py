"""``isthmus bench imaging``: from the last C-STORE response to a readable DiagnosticReport.

``r`` divides that time by the bare forward pass of the same network as the worker runs it: same number
format, same grid, the whole volume at once. ``r_in_bundle_windows`` divides it by the pass in the windows
that the bundle's own configuration asks for, as a stock inferer would run it. Both come from this run.
"""

import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from conformance.running import RunningGateway, wait_until
from ml.imaging.phantom_study import PhantomStudy, write_phantom_study
from ml.worker import Places

FORWARD_RUNS: Final = 20
AT_ONCE: Final = 8
FIRST_SEED: Final = 1000


def run(rounds: int) -> dict[str, Any]:
    """Measure one study at a time, then eight at once.

    Parameters
    ----------
    rounds : int
        Studies that are sent one after the other.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        studies = _studies(folder, rounds + 1 + AT_ONCE)
        gateway = RunningGateway(folder, {"ISTHMUS_LOG_LEVEL": "WARNING"})
        gateway.start()
        try:
            _measure(gateway, studies[:1])  # the first one waits for the model to load
            alone = [_measure(gateway, [study])[0] for study in studies[1 : rounds + 1]]
            together = _measure(gateway, studies[rounds + 1 :])
            traces = [_trace(gateway, study.study_uid) for study in studies[1 : rounds + 1]]
            memory = _peak_memory(gateway)
        finally:
            gateway.stop()
        forward = _bare_forward(studies[1])
    return {
        "studies_alone": rounds,
        "slices": len(studies[0].files),
        "t_report_s": {"one": _quantiles(alone), f"{AT_ONCE}_at_once": _quantiles(together)},
        "forward_s": {"p50": round(forward["seconds"], 4), "precision": forward["precision"]},
        "r": round(statistics.median(alone) / forward["seconds"], 2),
        "forward_in_bundle_windows_s": round(forward["windows"], 4),
        "r_in_bundle_windows": round(statistics.median(alone) / forward["windows"], 2),
        "trace_s": {
            stage: round(statistics.median(t[stage] for t in traces), 4) for stage in traces[0]
        },
        "peak_memory_mb": memory,
    }


def _studies(folder: Path, count: int) -> list[PhantomStudy]:
    studies = []
    for number in range(count):
        studies.append(write_phantom_study(folder / f"{number}", seed=FIRST_SEED + number))
        if sys.stderr.isatty():
            sys.stderr.write(f"\rphantoms {number + 1}/{count}")
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    return studies


def _measure(gateway: RunningGateway, studies: Sequence[PhantomStudy]) -> list[float]:
    """Seconds from each study's last C-STORE response to its report, the studies sent at once."""
    seconds: list[float] = [0.0] * len(studies)

    def one(index: int) -> None:
        acknowledged = [0.0]

        def on_sent(file: Path, status: int) -> None:
            del file, status
            acknowledged[0] = time.perf_counter()

        gateway.send(studies[index].files, on_sent=on_sent)
        wait_until(lambda: gateway.reports(studies[index].study_uid), "a report")
        seconds[index] = time.perf_counter() - acknowledged[0]

    threads = [threading.Thread(target=one, args=(index,)) for index in range(len(studies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds


def _trace(gateway: RunningGateway, study_uid: str) -> dict[str, float]:
    task = gateway.tasks(study_uid)[0]
    outputs = {o["type"]["text"]: o for o in task["output"]}
    trace: dict[str, float] = json.loads(outputs["trace"]["valueString"])
    return trace


def _bare_forward(study: PhantomStudy) -> dict[str, Any]:
    """Median seconds of the network alone on the prepared volume of a study."""
    from ml.imaging.infer import forward, in_windows
    from ml.imaging.phantom_study import study_ref
    from ml.imaging.preprocess import prepare
    from ml.imaging.segment import load
    from ml.imaging.volume import build_volume

    model = load(Places(Path("none"), Path("none")))[0].model
    volume = build_volume(study_ref(study).series[0], max_bytes=1 << 30)
    image = prepare(volume.voxels, volume.affine, model.transforms).image
    return {
        "seconds": _median_seconds(lambda: forward(model, image, lambda *_: None)),
        "windows": _median_seconds(lambda: in_windows(model, image, lambda *_: None)),
        "precision": model.precision.name,
    }


def _median_seconds(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(FORWARD_RUNS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _peak_memory(gateway: RunningGateway) -> dict[str, int]:
    """Highest resident memory (proc(5), VmHWM) of the gateway and of its lanes, in MB."""
    gateway_pid = gateway.process.pid if gateway.process is not None else 0
    return {
        "gateway": _high_water(gateway_pid),
        "lanes": sum(_high_water(pid) for pid in gateway.lane_pids()),
    }


def _high_water(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    low, high = np.percentile(seconds, (50, 95))
    return {"p50": round(float(low), 3), "p95": round(float(high), 3)}
