"""SIGKILL at random points between acknowledgement and report: nothing acknowledged is lost or doubled."""

import contextlib
import random
import threading
from pathlib import Path

import pytest

from profiles.outcome import OperationOutcomeError
from tests.make_gateway import GatewayProcess, wait_until
from tests.make_study import BLOCK_ML, SmallStudy, small_study

ROUNDS = 50
FILES = 8


def _send_and_be_killed(
    gateway: GatewayProcess, study: SmallStudy, dice: random.Random
) -> set[Path]:
    """Send a study and kill something meanwhile; the files that were acknowledged."""
    acknowledged: set[Path] = set()
    victim = dice.choice(("gateway", "lanes", "gateway", "both"))
    first = threading.Event()

    def on_sent(file: Path, status: int) -> None:
        if status == 0:
            acknowledged.add(file)
            first.set()

    def kill() -> None:
        first.wait(10)
        pause.wait(dice.expovariate(4))  # the moment is the experiment: nothing is waited for
        if victim in ("lanes", "both"):
            gateway.kill_lanes()
        if victim in ("gateway", "both"):
            gateway.kill()

    pause = threading.Event()
    killer = threading.Thread(target=kill)
    killer.start()
    # The association may break: what was acknowledged counts, the rest is sent again.
    with contextlib.suppress(OperationOutcomeError):
        gateway.send(study.files, on_sent=on_sent)
    killer.join()
    if victim != "lanes":
        gateway.start()
    return acknowledged


@pytest.mark.kill
def test_acknowledged_instances_and_their_one_report_survive_fifty_kills(tmp_path: Path):
    """After 50 kills every acknowledged instance is there and every study has exactly one current report."""
    dice = random.Random(20260102)  # noqa: S311 - repeatable dice
    gateway = GatewayProcess(tmp_path, light=True, lanes="imaging", quiet_open_s=0.3)
    gateway.start()
    acknowledged: dict[str, set[Path]] = {}
    try:
        for number in range(ROUNDS):
            study = small_study(tmp_path / str(number), f"kill-{number}", slices=FILES)
            first = _send_and_be_killed(gateway, study, dice)
            assert gateway.send(study.files) == [0] * FILES, "a resend is accepted"
            acknowledged[study.uid] = first | set(study.files)
        wait_until(
            lambda: (
                gateway.request("GET", "/readyz")[1]["jobs_waiting"] == 0
                and gateway.request("GET", "/readyz")[1]["jobs_running"] == 0
            ),
            "every job to end",
        )
        for uid, files in acknowledged.items():
            study = gateway.imaging_study(uid)
            images = [s for s in study["series"] if s["modality"]["code"] == "MR"]
            assert len(files) == sum(s["numberOfInstances"] for s in images)
            report = gateway.report(uid)
            assert report["status"] == "preliminary"
            assert f"volume {BLOCK_ML:.2f} mL" in report["conclusion"]
    finally:
        gateway.stop()
