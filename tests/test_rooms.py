"""Imports only go down the house, and each gate catches what it is there for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("terminology", "profiles", "ml", "adapters", "gateway", "conformance")
BIN = Path(sys.executable).parent


def _gate(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house in which errors may be planted."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def test_imports_only_go_down_the_house():
    """The import contract holds for what is here."""
    kept = _gate(ROOT, "lint-imports", "--no-cache")
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("terminology/planted.py", "import profiles.records\n"),
        ("ml/planted.py", "import adapters.store\n"),
        ("adapters/planted.py", "import ml.worker\n"),
        ("profiles/planted.py", "import torch\n"),
        ("gateway/planted.py", "import torch\n"),
    ],
)
def test_an_import_that_goes_up_is_caught(house, file, line):
    """One planted import against the contract fails the gate."""
    planted = house / file
    planted.write_text(line)
    try:
        assert "BROKEN" in _gate(house, "lint-imports", "--no-cache").stdout
    finally:
        planted.unlink()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('"""Planted."""\n\nimport pickle\n', "TID251"),
        ('"""Planted."""\n\n\ndef f() -> None:\n    print("x")\n', "T201"),
        ('"""Planted."""\n\n\ndef public(x: int) -> int:\n    return x\n', "D103"),
        ('"""Planted."""\n\nfrom . import worker\n', "TID252"),
        ('"""Planted."""\n\nX = eval("1")\n', "S307"),
    ],
)
def test_a_style_error_is_caught(house, text, rule):
    """One planted error of each kind that the style gate holds is named by its rule."""
    planted = house / "ml" / "planted.py"
    planted.write_text(text)
    try:
        found = _gate(
            house, "ruff", "check", "--no-cache", "--output-format=concise", "ml/planted.py"
        )
        assert rule in found.stdout
    finally:
        planted.unlink()


def test_a_type_error_is_caught(house):
    """A planted wrong type fails the type gate."""
    planted = house / "terminology" / "planted.py"
    planted.write_text('"""Planted."""\n\nX: int = "one"\n')
    try:
        found = _gate(house, "mypy", "--cache-dir", str(house / "cache"), str(planted))
        assert "assignment" in found.stdout
    finally:
        planted.unlink()


def test_async_lives_in_the_gateway_only():
    """No function below the gateway is a coroutine."""
    below = [
        f
        for room in ("terminology", "profiles", "ml", "adapters")
        for f in (ROOT / room).rglob("*.py")
    ]
    assert [str(file) for file in below if "async def" in file.read_text()] == []


def test_files_are_one_thing():
    """The median module has at most 150 lines and none more than 400."""
    sizes = sorted(
        len(file.read_text().splitlines())
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if file.stat().st_size
    )
    assert sizes[len(sizes) // 2] <= 150
    assert sizes[-1] <= 400
