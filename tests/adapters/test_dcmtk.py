"""DCMTK's clients against the SCP."""

import shutil
import subprocess
from pathlib import Path

import pydicom
import pytest

pytestmark = pytest.mark.peer


def _run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path("/usr/bin") / name
    if not program.exists():
        pytest.skip(f"{name} is not installed")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def test_echoscu_is_answered(archive):
    """Echoscu ends with success."""
    assert _run("echoscu", "-aec", "ISTHMUS", "127.0.0.1", archive.port).returncode == 0


def test_storescu_sends_a_series(archive, files):
    """Storescu sends every slice on one association."""
    sent = _run("storescu", "-aec", "ISTHMUS", "127.0.0.1", archive.port, *files)
    assert (0, len(files)) == (sent.returncode, len(archive.received)), sent.stderr


def test_storescu_sends_jpeg_lossless_as_it_is(archive, files, tmp_path):
    """What dcmcjpeg packed arrives packed."""
    packed = tmp_path / "packed.dcm"
    assert _run("dcmcjpeg", files[0], packed).returncode == 0
    sent = _run("storescu", "-xs", "-aec", "ISTHMUS", "127.0.0.1", archive.port, packed)
    assert sent.returncode == 0, sent.stderr
    syntax = pydicom.dcmread(packed).file_meta.TransferSyntaxUID
    assert syntax == archive.received[0].header.transfer_syntax


def test_dcmsend_sends_a_directory(archive, files, tmp_path):
    """Dcmsend proposes what it finds and sends all of it."""
    for file in files:
        shutil.copy(file, tmp_path)
    command = ("-aec", "ISTHMUS", "+sd", "127.0.0.1", archive.port, tmp_path)
    assert _run("dcmsend", *command).returncode == 0
    assert len(files) == len(archive.received)


def test_findscu_is_refused_and_the_server_stays(archive):
    """Query is not a service here: the context is refused and the next echo is answered."""
    asked = _run("findscu", "-S", "-aec", "ISTHMUS", "-k", "PatientID=*", "127.0.0.1", archive.port)
    assert asked.returncode != 0
    assert _run("echoscu", "-aec", "ISTHMUS", "127.0.0.1", archive.port).returncode == 0
