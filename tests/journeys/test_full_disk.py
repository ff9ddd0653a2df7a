"""A disk that is really full: refused with its status, nothing lost, and the server keeps serving."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.make_gateway import GatewayProcess, wait_until
from tests.make_study import small_study


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of three megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)  # noqa: S607 - as mount above


@pytest.mark.peer
def test_a_full_disk_is_answered_with_out_of_resources(small_disk, tmp_path):
    """C-STORE ends in 0xA700 when the disk is full; what was acknowledged before is still there."""
    gateway = GatewayProcess(small_disk, light=True)
    gateway.log = tmp_path / "gateway.log"
    gateway.start()
    try:
        statuses: list[int] = []
        for number in range(60):
            study = small_study(tmp_path / str(number), f"full-{number}", slices=40)
            statuses += gateway.send(study.files)
            if statuses[-1] != 0:
                break
        assert {0, 0xA700} == set(statuses)

        def ready() -> dict | None:
            status, counts, _ = gateway.request("GET", "/readyz")
            return counts if status == 200 else None

        counts = wait_until(ready, "store and lanes to be there")
        assert counts["instances"] >= statuses.count(0)  # ours are counted too
    finally:
        gateway.stop()
