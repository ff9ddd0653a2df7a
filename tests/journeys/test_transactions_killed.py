"""SIGKILL while transactions are written: each is whole or absent, and what was acknowledged is there."""

import random
import threading
import urllib.error
from pathlib import Path

import pytest

from tests.make_gateway import GatewayProcess

ROUNDS = 10
ENTRIES = 20


def _bundle(tag: str) -> dict:
    entry = {
        "resource": {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "x"},
            "meta": {"tag": [{"system": "https://round.example", "code": tag}]},
        },
        "request": {"method": "POST", "url": "Observation"},
    }
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry] * ENTRIES}


def _send_until_it_dies(gateway: GatewayProcess, name: str, acknowledged: list[str]) -> list[str]:
    """Tags of the transactions that were sent; those that were answered are acknowledged."""
    sent: list[str] = []
    while True:
        tag = f"{name}-{len(sent)}"
        sent.append(tag)
        try:
            status, _, _ = gateway.request("POST", "/fhir", _bundle(tag))
        except (urllib.error.URLError, OSError):
            return sent
        if status == 200:
            acknowledged.append(tag)


@pytest.mark.kill
def test_a_transaction_is_whole_or_absent_after_a_kill(tmp_path: Path):
    """Ten kills at random points: no half transaction, no acknowledged one lost, none doubled."""
    dice = random.Random(4)  # noqa: S311 - repeatable dice
    gateway = GatewayProcess(tmp_path, light=True, lane_processes=0)
    gateway.start()
    sent: list[str] = []
    acknowledged: list[str] = []
    try:
        for number in range(ROUNDS):
            # The first one after a start takes as long as the machine is busy: the dice begin after it.
            status, _, _ = gateway.request("POST", "/fhir", _bundle(f"first{number}"))
            assert status == 200
            acknowledged.append(f"first{number}")
            sent.append(f"first{number}")
            killer = threading.Timer(dice.uniform(0.05, 0.4), gateway.kill)
            killer.start()
            sent += _send_until_it_dies(gateway, f"r{number}", acknowledged)
            killer.join()
            gateway.start()
        query = "Observation?_summary=count&_tag=https://round.example|"
        found = {tag: gateway.get(query + tag)["total"] for tag in sent}
    finally:
        gateway.stop()
    assert set(found.values()) <= {0, ENTRIES}
    assert [tag for tag in acknowledged if found[tag] != ENTRIES] == []
    assert len(acknowledged) > ROUNDS
