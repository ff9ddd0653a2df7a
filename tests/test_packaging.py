"""What ships: one wheel with everything that runs, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Files of the wheel."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        return wheel.namelist()


@pytest.mark.parametrize(
    "name",
    [
        "ml/bundles/brain_lesion_phantom/models/model.safetensors",
        "ml/bundles/brain_lesion_phantom/docs/README.md",
        "profiles/followup_rules/brain_nice_ng99.json",
        "profiles/builders/report.py",
        "gateway/templates/report.html",
        "gateway/static/isthmus.css",
        "gateway/static/note.js",
        "profiles/definitions/r4.json.gz",
        "profiles/builders/fonts/DejaVuSans.ttf",
        "profiles/builders/fonts/LICENSE.txt",
        "ml/coding/procedure_numbers.tsv",
        "ml/coding/visit_levels.json",
    ],
)
def test_wheel_holds_what_is_read_at_run_time(names, name):
    """Weights, rules, templates and styles are in the wheel."""
    assert name in names


def test_wheel_holds_the_rooms_and_nothing_else(names):
    """No test, no script of the repository and no top-level module of another name ships."""
    tops = {name.partition("/")[0] for name in names if "dist-info" not in name}
    assert {"terminology", "profiles", "ml", "adapters", "gateway", "conformance"} == tops


def test_base_install_asks_for_no_engine():
    """Without extras, neither torch nor monai nor scipy is a dependency."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = {entry.partition(">")[0] for entry in project["dependencies"]}
    assert not base & {"torch", "monai", "scipy", "ctranslate2", "vllm"}


@pytest.mark.parametrize("command", ["train", "bench imaging"])
def test_commands_that_need_an_extra_say_so(tmp_path, command):
    """Without the imaging extra they end with a sentence, not with a traceback."""
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'torch', 'monai', 'scipy', 'safetensors'}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from gateway.cli import main\n"
        f"sys.exit(main({command.split()!r}))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "ISTHMUS_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 2, ran.stderr
    assert "isthmus[imaging]" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_base_install_runs_doors_and_doctor_without_torch(tmp_path):
    """With torch, monai and scipy out of reach the gateway composes and doctor says what is off."""
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'torch', 'monai', 'scipy', 'safetensors'}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import importlib.util\n"
        "real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n, p=None: (\n"
        "    None if n in {'torch', 'monai', 'scipy', 'safetensors'} else real(n, p))\n"
        "from gateway.app import compose\n"
        "from gateway.settings import load_settings\n"
        "compose(load_settings()).store.close()\n"
        "from gateway.doctor import main\n"
        "sys.exit(main([]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "ISTHMUS_DATA": str(tmp_path / "store"),
            "ISTHMUS_HTTP_PORT": "0",
            "ISTHMUS_DICOM_PORT": "0",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "needs torch, monai, scipy" in ran.stdout
