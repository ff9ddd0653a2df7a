"""What every registered worker promises."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.tiny_whisper import Recital, write_whisper
from ml.worker import WORKERS, Places, workers
from profiles.records import from_json, to_json
from tests.make_terminology import terminology_folder

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("name", sorted(workers()))
def test_example_gives_the_promised_record(name, tmp_path):
    """Load and run turn the example into a record of the promised type that survives JSON."""
    worker = workers()[name]
    given = worker.example(tmp_path)
    assert isinstance(given, worker.SPEC.given)
    write_whisper(tmp_path / "models" / "whisper-tiny", Recital("Good morning."))
    places = Places(tmp_path / "models", terminology_folder())
    result = worker.run(worker.load(places), given, lambda *_: None)
    assert isinstance(result, worker.SPEC.result)
    assert result == from_json(worker.SPEC.result, json.loads(json.dumps(to_json(result))))


def test_listing_workers_imports_no_engine():
    """Registered workers are listed without torch, monai, ctranslate2, PyAV or onnxruntime."""
    code = (
        "import sys; from ml.worker import workers; workers();"
        "engines = {'torch', 'monai', 'ctranslate2', 'av', 'onnxruntime'};"
        "sys.exit(' '.join(engines & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_every_worker_is_complete():
    """Each module of the table has SPEC, load, run and example, under a name of its own."""
    assert len(WORKERS) <= len(workers())
    for worker in workers().values():
        assert all(callable(getattr(worker, name)) for name in ("load", "run", "example"))
        assert worker.SPEC.timeout_s > 0
