"""Two gateways on one PostgreSQL, asked to submit the same Claims at once, one of them killed meanwhile."""

import threading
from pathlib import Path

import pytest

from tests.contracts.conftest import postgres_server
from tests.make_gateway import GatewayProcess, wait_until
from tests.make_payer import claim, name_of, payers_file, people, trial_payer
from tests.make_postgres import new_database

__all__ = ["postgres_server"]

CLAIMS = 12


@pytest.mark.kill
def test_two_gateways_send_a_claim_once(tmp_path: Path, postgres_server: str):
    """Whichever gateway is asked, and however often, there is one job, one Claim at the payer, one answer."""
    ids = [f"pair-{number}" for number in range(CLAIMS)]
    with trial_payer("--careless") as payer:
        listed = payers_file(tmp_path, payer.address, settle_s=0.5)
        settings = {
            "database": new_database(postgres_server),
            "data": tmp_path / "shared",
            "lane_processes": 0,
            "payers": listed,
            "payer_retry_s": 0.05,
        }
        gateways = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            gateways.append(GatewayProcess(tmp_path / name, light=True, **settings))
        first, second = gateways
        try:
            for gateway in gateways:
                gateway.start()
            for one in (*people(), *map(claim, ids)):
                first.request("PUT", f"/fhir/{one['resourceType']}/{one['id']}", one)
            payer.next(submit=["cut", "500-after", "503", ""] * (CLAIMS // 4))
            both = [
                threading.Thread(target=_submit_all, args=(gateway, ids)) for gateway in gateways
            ]
            for thread in both:
                thread.start()
            wait_until(lambda: len(payer.claims()) >= CLAIMS // 3, "some Claims at the payer")
            second.kill()
            for thread in both:
                thread.join()
            second.start()
            _submit_all(second, ids)
            for one in ids:
                wait_until(
                    lambda one=one: first.search(f"ClaimResponse?request=Claim/{one}"),
                    f"the answer to {one}",
                )
            assert sorted(payer.claims()) == sorted(map(name_of, ids))
            tasks = [first.search(f"Task?focus=Claim/{one}&code=submit") for one in ids]
            assert [len(found) for found in tasks] == [1] * CLAIMS
        finally:
            for gateway in gateways:
                gateway.stop()


def _submit_all(gateway: GatewayProcess, ids: list[str]) -> None:
    for one in ids:
        try:
            status, said, _ = gateway.request("POST", f"/fhir/Claim/{one}/$submit")
        except OSError:
            return  # it was killed: the other one goes on
        assert status == 202, said
