"""``isthmus bench coding``: the registered coder on our own notes, beside what a search alone makes of them.

Both run in the same way in the same call. ``opening`` is a fresh process that finds one code in the compiled
release, against one that imports ``simple-icd-10-cm`` for it.
"""

import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from conformance import search_coder
from conformance.coding_evaluation import Material
from conformance.coding_notes import by_name, named_as_labels, read_codes, read_notes
from conformance.coding_run import coder
from conformance.evaluate_coding import evaluate, release_on, requests
from gateway.settings import TERMINOLOGY, load_settings
from ml.worker import Places

NOTES: Final = Path(__file__).parent / "notes"
KEPT: Final = ("coder", "ran_with", "code_system", "service_date", "speed", "quality")
_MEMORY: Final = "from conformance.coding_run import peak_memory_mb; print(peak_memory_mb())"
_OURS: Final = (
    "import sys; from terminology.icd10cm.release import Icd10Cm;"
    " assert Icd10Cm(sys.argv[1]).releases[-1].get('E11.22').billable; "
)
_PEER: Final = "import simple_icd_10_cm as icd; assert icd.is_leaf('E11.22'); "
PACKAGE: Final = "simple_icd_10_cm"


def run(rounds: int) -> dict[str, Any]:
    """Measure the coder and the search.

    Parameters
    ----------
    rounds : int
        Fresh processes that open the code system; the notes are coded once by each coder.
    """
    settings = load_settings()
    places = Places(Path(settings.models), Path(settings.data) / TERMINOLOGY)
    release = release_on(places.terminology, None)
    labels = by_name(read_codes(NOTES / "codes.txt"))
    encounters = named_as_labels(read_notes([NOTES / "notes.csv"]), labels)
    asked = requests(encounters, release.begins, None)
    material = Material({"ours": labels})
    results = {
        name: evaluate(worker, asked, material, places, release)
        for name, worker in (("coder", coder()), ("search", search_coder))
    }
    ours, other = (results[name] for name in ("coder", "search"))
    return {
        **{name: _shown(result) for name, result in results.items()},
        "ratios_to_search": {
            "f1_exact": _ratio(_f1(ours, "exact"), _f1(other, "exact")),
            "f1_category": _ratio(_f1(ours, "category"), _f1(other, "category")),
            "seconds_per_note": _ratio(_median_s(ours), _median_s(other)),
            "peak_memory": _ratio(_memory_mb(ours), _memory_mb(other)),
        },
        "opening": _opening(places.terminology, rounds),
    }


def _shown(result: dict[str, Any]) -> dict[str, Any]:
    row = result["rows"][0]
    return {
        **{key: result[key] for key in KEPT},
        **{level: row[level] for level in ("exact", "category")},
    }


def _f1(result: dict[str, Any], level: str) -> float:
    return float(result["rows"][0][level]["f1"])


def _median_s(result: dict[str, Any]) -> float:
    return float(result["speed"]["cpu_s"]["median"])


def _memory_mb(result: dict[str, Any]) -> float:
    return float(result["speed"]["peak_memory_mb"])


def _ratio(one: float, other: float) -> float | None:
    return round(one / other, 2) if other else None


def _opening(terminology: Path, rounds: int) -> dict[str, Any]:
    """Median seconds and memory of a fresh process that looks up one code, ours and the package's."""
    ours = _fresh(_OURS, [str(terminology)], rounds)
    if importlib.util.find_spec(PACKAGE) is None:
        return {"ours": ours, PACKAGE: None}
    peer = _fresh(_PEER, [], min(rounds, 3))
    seconds, memory = _ratio(ours["s"], peer["s"]), _ratio(ours["mb"], peer["mb"])
    return {"ours": ours, PACKAGE: peer, "ratios": {"s": seconds, "mb": memory}}


def _fresh(code: str, arguments: Sequence[str], rounds: int) -> dict[str, float]:
    seconds = []
    for _ in range(max(1, rounds)):
        began = time.perf_counter()
        _python(code, arguments)
        seconds.append(time.perf_counter() - began)
    return {
        "s": round(statistics.median(seconds), 3),
        "mb": int(_python(code + _MEMORY, arguments)),
    }


def _python(code: str, arguments: Sequence[str]) -> bytes:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout
