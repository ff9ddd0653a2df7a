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
    gateway = GatewayProcess(small_disk, light=True, lanes="imaging")
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


@pytest.fixture
def filling(small_disk, tmp_path):
    """A running gateway on the small disk, with a Patient; its log is elsewhere."""
    gateway = GatewayProcess(small_disk, light=True, lane_processes=0)
    gateway.log = tmp_path / "gateway.log"
    gateway.start()
    assert gateway.request("PUT", "/fhir/Patient/a", _patient("male"))[0] == 201
    yield gateway
    gateway.stop()


def _patient(gender: str) -> dict:
    return {"resourceType": "Patient", "id": "a", "gender": gender, "name": [{"text": "x" * 9000}]}


def _fill(disk: Path) -> Path:
    """Take every byte that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as taken:
        for size in (65536, 4096, 1):
            try:
                while taken.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


def _bundle(kind: str) -> dict:
    entries = [
        {
            "request": {"method": "PUT", "url": f"Patient/{key}"},
            "resource": {**_patient("male"), "id": key},
        }
        for key in ("n1", "n2")
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


@pytest.mark.peer
def test_what_cannot_be_written_is_507_and_everything_stays_readable(filling, small_disk):
    """Create, update, patch, delete, batch and transaction; nothing half-written; then space again."""
    filler = _fill(small_disk)
    patch = {"Content-Type": "application/merge-patch+json"}
    writes = {
        "create": ("POST", "/fhir/Patient", _patient("male")),
        "conditional": (
            "POST",
            "/fhir/Patient",
            _patient("male"),
            {"If-None-Exist": "gender=other"},
        ),
        "update": ("PUT", "/fhir/Patient/a", _patient("female")),
        "create by update": ("PUT", "/fhir/Patient/n3", {**_patient("male"), "id": "n3"}),
        "patch": ("PATCH", "/fhir/Patient/a", {"gender": "other"}, patch),
        "delete": ("DELETE", "/fhir/Patient/a"),
        "transaction": ("POST", "/fhir", _bundle("transaction")),
    }
    for name, request in writes.items():
        status, outcome, _ = filling.request(*request)
        assert (status, outcome["issue"][0]["code"]) == (507, "no-store"), name
    status, answer, _ = filling.request("POST", "/fhir", _bundle("batch"))
    assert (status, [e["response"]["status"][:3] for e in answer["entry"]]) == (200, ["507"] * 2)

    assert filling.get("Patient/a")["gender"] == "male"
    assert filling.get("Patient/a/_history")["total"] == 1
    assert filling.get("Patient?gender=male")["total"] == 1
    assert len(filling.get("Patient/a/$everything")["entry"]) == 1
    assert filling.get("_history")["total"] == 1
    assert filling.request("GET", "/readyz")[0] in (200, 503)

    filler.unlink()
    for kind in ("transaction", "batch"):
        status, answer, _ = filling.request("POST", "/fhir", _bundle(kind))
        assert status == 200
        assert {e["response"]["status"][:3] for e in answer["entry"]} <= {"200", "201"}
    assert filling.request("PUT", "/fhir/Patient/a", _patient("female"))[0] == 200
    assert filling.get("Patient/a/_history")["total"] == 2
    assert filling.get("Patient")["total"] == 3


@pytest.mark.peer
def test_a_disk_that_fills_while_it_is_written_keeps_what_was_acknowledged(filling):
    """Every 201 is read again, before and after a restart; every 507 has left nothing."""
    made: list[str] = []
    refused = 0
    while refused < 3 and len(made) < 2000:
        patient = {**_patient("male"), "name": [{"text": os.urandom(20000).hex()}]}
        status, body, _ = filling.request("POST", "/fhir/Patient", patient)
        assert status in (201, 507)
        if status == 201:
            made.append(body["id"])
        else:
            refused += 1
    assert refused == 3
    for _ in range(2):
        assert filling.get("Patient?_total=accurate")["total"] == len(made) + 1
        assert all(filling.get(f"Patient/{key}")["id"] == key for key in made)
        filling.stop()
        filling.start()
