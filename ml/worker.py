"""The door of this room: what an AI worker is and which ones there are.

A worker is one module with ``SPEC``, ``load``, ``run`` and ``example``, named by one string in
``WORKERS`` or in the entry-point group ``isthmus.workers``. Heavy imports live in ``load`` and below,
so listing workers imports no engine.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Protocol, cast

WORKERS: Final = (
    "ml.imaging.segment",
    "ml.coding.coder",
    "ml.speech.transcribe",
    "ml.scribe.scribe",
)

Progress = Callable[[int, int, str], None]
"""``progress(done, total, unit)``: workers report, they never print."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What a worker is, as data.

    Parameters
    ----------
    name, version : str
        ``name`` is the code of the worker's Tasks.
    focus : str
        Resource type whose arrival triggers it.
    given, result : type
        Record that ``run`` takes and record that it returns.
    lane : str
        Lane whose processes run it; workers of one lane share a process.
    timeout_s : float
        A run that takes longer is killed and tried again.
    needs : tuple of str
        Importable modules without which it is off; ``doctor`` prints those that are missing.
    """

    name: str
    version: str
    focus: str
    given: type
    result: type
    lane: str
    timeout_s: float
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Where a worker finds what it loads.

    Parameters
    ----------
    models : Path
        Model bundles of the site; what ships stands behind them.
    terminology : Path
        Compiled code systems and what was indexed of them.
    speech_device, speech_compute_type : str
        What a speech model computes on (``ml.speech.computing``).
    """

    models: Path
    terminology: Path
    speech_device: str = "auto"
    speech_compute_type: str = "auto"


class Worker(Protocol):
    """The shape that every worker module has."""

    SPEC: Spec

    def load(self, places: Places) -> Any:
        """Load the model once per process; raise if none of it can be used."""

    def run(self, model: Any, given: Any, progress: Progress) -> Any:
        """Turn one input record into one result record; a refusal is a result, never an exception."""

    def example(self, folder: Path) -> Any:
        """A small input record that the contract suite runs, with its files written below folder."""


def workers() -> dict[str, Worker]:
    """Every registered worker by the name in its ``SPEC``."""
    named = [*WORKERS, *(point.value for point in entry_points(group="isthmus.workers"))]
    modules = [cast("Worker", importlib.import_module(name)) for name in named]
    return {module.SPEC.name: module for module in modules}


def missing(spec: Spec) -> tuple[str, ...]:
    """The modules that a worker needs and that are not installed."""
    return tuple(name for name in spec.needs if importlib.util.find_spec(name) is None)
