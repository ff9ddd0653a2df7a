"""The command line answers at once, imports no engine, and says what is wrong."""

import json
import os
import subprocess
import sys

from gateway.cli import COMMANDS
from tests.make_gateway import ROOT


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ISTHMUS_")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_help_imports_no_engine():
    """`isthmus --help` touches neither torch nor numpy, starlette or pydicom."""
    code = (
        "import sys\nfrom gateway.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numpy', 'starlette', 'pydicom', 'apsw'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    answer = _run("-c", code)
    assert answer.returncode == 0, answer.stderr
    assert all(name in answer.stdout for name in COMMANDS)


def test_gateway_process_never_imports_torch():
    """Composing the whole gateway leaves torch and monai unimported."""
    code = (
        "import sys, gateway.app, gateway.serve, gateway.demo.command, gateway.doctor\n"
        "from ml.worker import workers\nworkers()\n"
        "sys.exit(' '.join({'torch', 'monai'} & set(sys.modules)) or 0)"
    )
    assert _run("-c", code).returncode == 0


def test_every_command_has_its_own_help():
    """Each command of the table can be imported and explains itself; one process asks them all."""
    code = (
        "import sys\nfrom gateway.cli import main\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        main([name, '--help'])\n"
        "    except SystemExit as end:\n        assert end.code == 0, name\n"
        "    else:\n        raise AssertionError(name)\n"
    )
    answer = _run("-c", code, *COMMANDS)
    assert answer.returncode == 0, answer.stderr
    for name in COMMANDS:
        assert f"isthmus {name}" in answer.stdout


def test_serve_refuses_to_bind_beyond_loopback(tmp_path):
    """A host that others could reach is refused before anything is opened."""
    everywhere = {"ISTHMUS_HOST": "0.0.0.0", "ISTHMUS_DATA": str(tmp_path / "none")}  # noqa: S104
    answer = _run("-m", "gateway.cli", "serve", **everywhere)
    assert answer.returncode == 2
    assert "loopback" in answer.stderr
    assert not (tmp_path / "none").exists()


def test_doctor_explains_ports_disk_store_workers_and_models(tmp_path):
    """`isthmus doctor --json` has a line for everything that can be off, with the reason."""
    models = tmp_path / "models" / "broken"
    (models / "configs").mkdir(parents=True)
    (models / "configs" / "metadata.json").write_text("{}")
    answer = _run(
        "-m",
        "gateway.cli",
        "doctor",
        "--json",
        ISTHMUS_DATA=str(tmp_path / "store"),
        ISTHMUS_MODELS=str(tmp_path / "models"),
        ISTHMUS_HTTP_PORT="0",
        ISTHMUS_DICOM_PORT="0",
    )
    assert answer.returncode == 0, answer.stderr
    lines = {finding["subject"]: finding for finding in json.loads(answer.stdout)}
    assert lines["model brain_lesion_phantom"]["state"] == "ok"
    assert "metadata.json" in lines["model broken"]["text"]
    assert {"disk", "store", "HTTP port", "worker analyze"} <= set(lines)
