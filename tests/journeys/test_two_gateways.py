"""Two gateways and two workers on one PostgreSQL, with kills: one store, one report per study."""

import contextlib
import random
import threading
from pathlib import Path

import pytest

from profiles.outcome import OperationOutcomeError
from tests.contracts.conftest import postgres_server
from tests.make_gateway import GatewayProcess, wait_until
from tests.make_postgres import new_database
from tests.make_study import small_study

__all__ = ["postgres_server"]

ROUNDS = 8
FILES = 4


@pytest.fixture
def pair(tmp_path: Path, postgres_server: str):
    """Two running gateways, each with a lane process, on one database and one folder of blobs."""
    database = new_database(postgres_server)
    settings = {
        "database": database,
        "data": tmp_path / "shared",
        "quiet_open_s": 0.3,
        "lanes": "imaging",
    }
    gateways = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        gateways.append(GatewayProcess(tmp_path / name, light=True, **settings))
    for gateway in gateways:
        gateway.start()
    yield gateways
    for gateway in gateways:
        gateway.stop()


@pytest.mark.kill
def test_two_gateways_and_two_workers_share_one_database_through_kills(pair, tmp_path):
    """Studies go to either; one is killed meanwhile; either sees every report, and one per study."""
    dice = random.Random(20261124)  # noqa: S311 - repeatable dice
    uids = []
    for number in range(ROUNDS):
        study = small_study(tmp_path / str(number), f"pair-{number}", slices=FILES)
        gateway, other = dice.sample(pair, 2)
        victim = dice.choice((gateway, other))
        killer = threading.Timer(dice.uniform(0.0, 0.3), victim.kill)
        killer.start()
        with contextlib.suppress(OperationOutcomeError):
            gateway.send(study.files)
        killer.join()
        victim.start()
        assert gateway.send(study.files) == [0] * FILES, "a resend is accepted"
        uids.append(study.uid)
    for uid in uids:
        reports = [gateway.report(uid) for gateway in pair]
        assert reports[0] == reports[1]


def test_of_two_writers_through_two_gateways_one_wins(pair):
    """Each round both update the same version: one is 200, the other 412, and no version is lost."""
    patient = {"resourceType": "Patient", "id": "p"}
    pair[0].request("PUT", "/fhir/Patient/p", patient)
    for version in range(1, 11):
        statuses: list[int] = []

        tag = {"If-Match": f'W/"{version}"'}
        writers = [
            threading.Thread(target=_update, args=(gateway, patient, tag, statuses))
            for gateway in pair
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert sorted(statuses) == [200, 412]
    found = wait_until(lambda: pair[1].get("Patient/p/_history"), "the history")
    assert found["total"] == 11


def _update(gateway: GatewayProcess, patient: dict, headers: dict, statuses: list[int]) -> None:
    statuses.append(gateway.request("PUT", "/fhir/Patient/p", patient, headers)[0])


def test_conditional_creates_through_two_gateways_do_not_double(pair):
    """Twenty times at once with one condition: one resource."""
    person = {"resourceType": "Patient", "identifier": [{"system": "https://s", "value": "1"}]}
    condition = {"If-None-Exist": "identifier=https://s|1"}

    def write(gateway: GatewayProcess) -> None:
        for _ in range(10):
            gateway.request("POST", "/fhir/Patient", person, condition)

    writers = [threading.Thread(target=write, args=(gateway,)) for gateway in pair]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert pair[0].get("Patient?identifier=https://s|1&_total=accurate")["total"] == 1


def test_a_job_that_one_gateway_took_is_asked_for_at_the_other(pair):
    """Either tells how far it is, has its result, and cancels it for both."""
    pair[0].request("PUT", "/fhir/Patient/p", {"resourceType": "Patient", "id": "p"})
    for asked, other in (pair, pair[::-1]):
        _, _, headers = asked.request(
            "GET", "/fhir/Patient/p/$everything", headers={"Prefer": "respond-async"}
        )
        where = headers["content-location"].removeprefix(asked.base)
        done = wait_until(lambda path=where, at=other: _result(at, path), "the result")
        assert done["entry"][0]["resource"]["id"] == "p"
        assert other.request("DELETE", where)[0] == 202
        assert asked.request("GET", where)[0] == 404


def _result(gateway: GatewayProcess, path: str) -> dict | None:
    status, body, _ = gateway.request("GET", path)
    return body if status == 200 else None
