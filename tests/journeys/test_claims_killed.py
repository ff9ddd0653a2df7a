"""SIGKILL around the submission of Claims: each is at the payer exactly once, and its answer is here.

The payer takes a repeated request for another Claim: whatever is sent twice is seen twice.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.conftest import database, postgres_server
from tests.make_gateway import GatewayProcess, wait_until
from tests.make_payer import TrialPayer, claim, name_of, payers_file, people, trial_payer

__all__ = ["database", "postgres_server"]

PATIENT = ("Trial, Ann", "Ann", "S-1", "E11.9", "99213", "hospital.example", "k0-0")
"""What no log line may hold."""

ROUNDS = 20
CLAIMS = 3
TROUBLES = (
    "",
    "",
    "queued",
    "503",
    "cut",
    "cut-before",
    "html-after",
    "500-after",
    "empty",
    "slow",
)
EVENTS = ("task.claimed", "claim.sending", "claim.sent", "claim.inquired", "task.done")


def _events(gateway: GatewayProcess, name: str) -> int:
    return gateway.log.read_text().count(f'"{name}"')


def _submit(gateway: GatewayProcess, claim_id: str) -> None:
    gateway.request("PUT", f"/fhir/Claim/{claim_id}", claim(claim_id))
    status, said, _ = gateway.request("POST", f"/fhir/Claim/{claim_id}/$submit")
    assert status == 202, said


def _moment(
    gateway: GatewayProcess, payer: TrialPayer, ids: list[str], dice: random.Random
) -> Callable[[], bool]:
    """The moment at which the gateway is killed: an event of its own, or one at the payer."""
    if dice.random() < 0.3:
        arrived = dice.choice([name_of(one) for one in ids])
        return lambda: arrived in payer.claims() or _all_ended(gateway, ids)
    event, before = dice.choice(EVENTS), dice.randint(1, CLAIMS)
    begun = _events(gateway, event)
    return lambda: _events(gateway, event) >= begun + before or _all_ended(gateway, ids)


def _all_ended(gateway: GatewayProcess, ids: list[str]) -> bool:
    tasks = [gateway.search(f"Task?focus=Claim/{one}&code=submit") for one in ids]
    return all(found and found[0]["status"] in ("completed", "failed") for found in tasks)


def _answered(gateway: GatewayProcess, claim_id: str) -> bool:
    found = gateway.search(f"ClaimResponse?request=Claim/{claim_id}")
    return len(found) == 1 and found[0]["outcome"] == "complete"


@pytest.mark.kill
def test_every_claim_is_at_the_payer_once_after_many_kills(tmp_path: Path, database: str):
    """After many kills around submission each approved Claim is at the payer once, with its answer."""
    dice = random.Random(20261126)  # noqa: S311 - repeatable dice
    with trial_payer("--careless") as payer:
        listed = payers_file(tmp_path, payer.address, settle_s=0.5, timeout_s=20)
        gateway = GatewayProcess(
            tmp_path,
            light=True,
            lane_processes=0,
            database=database,
            payers=listed,
            payer_retry_s=0.05,
            payer_poll_s=0.1,
        )
        gateway.start()
        ids: list[str] = []
        try:
            for one in people():
                gateway.request("PUT", f"/fhir/{one['resourceType']}/{one['id']}", one)
            for number in range(ROUNDS if not database else ROUNDS // 4):
                mine = [f"k{number}-{at}" for at in range(CLAIMS)]
                ids += mine
                payer.next(submit=[dice.choice(TROUBLES) for _ in mine])
                moment = _moment(gateway, payer, mine, dice)
                for one in mine:
                    _submit(gateway, one)
                wait_until(moment, f"the moment of round {number}")
                gateway.kill()
                payer.release()
                gateway.start()
            for one in ids:
                if one in {name.rpartition("|")[2] for name in payer.queued()}:
                    payer.decide(name_of(one), "complete")
            for one in ids:
                wait_until(lambda one=one: _answered(gateway, one), f"the answer to {one}")
            assert sorted(payer.claims()) == sorted(map(name_of, ids))
            written = gateway.log.read_text()
            assert not [text for text in PATIENT if text in written]
        finally:
            gateway.stop()
