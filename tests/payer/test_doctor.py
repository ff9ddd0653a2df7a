"""``isthmus doctor`` says which payers there are, what they lack, and which are left alone."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from adapters.store import open_store
from tests.make_gateway import ROOT
from tests.make_payer import payers_file


def _findings(folder: Path, file: Path | None) -> dict[str, dict[str, Any]]:
    environment = {
        "PATH": "/usr/bin",
        "PYTHONPATH": str(ROOT),
        "ISTHMUS_DATA": str(folder / "store"),
        "ISTHMUS_PAYERS": str(file or ""),
    }
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "doctor", "--json"],
        env=environment,
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    return {one["subject"]: one for one in json.loads(done.stdout)}


def test_without_payers_it_is_off(tmp_path: Path):
    """No file: nothing is sent, and the setting that changes it is named."""
    found = _findings(tmp_path, None)["payers"]
    assert (found["state"], "setting payers" in found["text"]) == ("off", True)


def test_an_open_circuit_is_a_problem(tmp_path: Path):
    """The state of a breaker is seen from outside the gateway."""
    store = open_store(tmp_path / "store")
    store.transact(lambda tx: tx.set_note("circuit:trial", '{"state": "open"}'))
    store.close()
    file = payers_file(tmp_path, "https://payer.example/fhir")
    assert _findings(tmp_path, file)["payer trial"]["text"] == "pas, circuit open"


def test_a_file_that_is_not_understood_is_a_problem(tmp_path: Path):
    """What keeps the gateway from starting is said with its place."""
    file = payers_file(tmp_path, "https://payer.example/fhir", mode="fax")
    found = _findings(tmp_path, file)["payers"]
    assert (found["state"], found["text"]) == ("problem", "[0].mode is pas or create")


def test_what_tokens_need_is_said(tmp_path: Path):
    """Where cryptography is missing a payer with tokens is off, and the package is named."""
    token = {"url": "https://payer.example/t", "client_id": "us", "key_file": "key.pem"}
    file = payers_file(tmp_path, "https://payer.example/fhir", token=token)
    found = _findings(tmp_path, file)["payer trial"]
    missing = importlib.util.find_spec("cryptography") is None
    assert (found["state"] == "off", "pip install cryptography" in found["text"]) == (
        missing,
        missing,
    )
